/**
 * One chain, two meanings: a task whose context says `obproxy_take_over` adopts a running proxy instead of installing
 * one. All of its subtasks get a host on which nothing can be started, sent or stopped.
 */
import type { Host } from '../hosts/types';
import type { SubtaskInput } from '../workflows/plan';
import type { Needs, SubtaskScope } from './types';

const TAKE_OVER_KEY = 'obproxy_take_over';

/** What obflow keeps for itself on a host; nothing of a proxy lies there. */
const OWN_FILES = '/var/lib/obflow/';

export function takesOver(input: Pick<SubtaskInput, 'context'>): boolean {
  return input.context.stringMap[TAKE_OVER_KEY] === 'true';
}

function forbidden(what: string): never {
  throw new RangeError(`A take-over never ${what} on the host of a running proxy.`);
}

function guardedHost(host: Host): Host {
  return {
    ...host,
    once: async () => forbidden('runs a changing command'),
    stopOnce: async () => forbidden('stops a command'),
    stopSubtask: async () => forbidden('stops a command'),
    signal: async () => forbidden('sends a signal'),
    uploadFile: async () => forbidden('puts a package'),
    writeFile: async (path, content, options) =>
      path.startsWith(OWN_FILES) ? host.writeFile(path, content, options) : forbidden(`writes ${path}`),
  };
}

/** The same scope with hosts that a take-over may have. */
export function guarded<N extends Needs>(scope: SubtaskScope<N>): SubtaskScope<N> {
  return Object.assign(Object.create(scope) as SubtaskScope<N>, {
    host: async () => guardedHost(await scope.host()),
    hostById: async (hostId: number) => guardedHost(await scope.hostById(hostId)),
    once: async () => forbidden('runs a changing command'),
  });
}
