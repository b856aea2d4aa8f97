import type { Host, ScriptOptions } from '../hosts/types';

/** The same host with the subtask's signal on every call that takes one, and checked before every other. */
export function hostWithSignal(host: Host, signal: AbortSignal): Host {
  const withSignal = <T extends ScriptOptions>(options: T | undefined) => ({ signal, ...options });
  const checked = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      signal.throwIfAborted();
      return call(...args);
    };
  };
  return {
    id: host.id,
    ip: host.ip,
    sh: (script, options) => host.sh(script, withSignal(options)),
    once: (id, script, options) => host.once(id, script, withSignal(options)),
    stopOnce: (id) => host.stopOnce(id), // works after a cancel: that is what it is for
    stopSubtask: checked((commands) => host.stopSubtask(commands)),
    forgetTask: checked((taskId) => host.forgetTask(taskId)),
    uploadFile: (localPath, sha256, path, options) =>
      host.uploadFile(localPath, sha256, path, { signal, ...options }),
    writeFile: checked((path, content, options) => host.writeFile(path, content, options)),
    readFile: checked((path) => host.readFile(path)),
    facts: checked(() => host.facts()),
    processes: checked(() => host.processes()),
    listeners: checked(() => host.listeners()),
    observe: checked((path) => host.observe(path)),
    signal: checked((process, signal) => host.signal(process, signal)),
    rpmQuery: checked((name) => host.rpmQuery(name)),
    rpmOwner: checked((file) => host.rpmOwner(file)),
    mountOf: checked((path) => host.mountOf(path)),
    firstContact: checked((needs) => host.firstContact(needs)),
    listens: checked((port) => host.listens(port)),
    tunnel: checked((port) => host.tunnel(port)),
  };
}
