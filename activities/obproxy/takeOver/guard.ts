/**
 * One chain, two meanings: a task whose context says `obproxy_take_over` adopts a running proxy instead of installing
 * one. Adopting halves get a host on which nothing can be started, sent or stopped.
 */
import type { Host } from '../../../hosts/types';
import type { Subtask, SubtaskScope } from '../../types';

const TAKE_OVER_KEY = 'obproxy_take_over';

/** What obflow keeps for itself on a host; nothing of a proxy lies there. */
const OWN_FILES = '/var/lib/obflow/';

function isTakeOver(scope: SubtaskScope): boolean {
  return scope.input.context.stringMap[TAKE_OVER_KEY] === 'true';
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
    uploadFile: async () => forbidden('puts a package'),
    writeFile: async (path, content, options) =>
      path.startsWith(OWN_FILES) ? host.writeFile(path, content, options) : forbidden(`writes ${path}`),
  };
}

function guarded(scope: SubtaskScope): SubtaskScope {
  return Object.assign(Object.create(scope) as SubtaskScope, {
    host: async () => guardedHost(await scope.host()),
    hostById: async (hostId: number) => guardedHost(await scope.hostById(hostId)),
    once: async () => forbidden('runs a changing command'),
  });
}

/** The subtask of the documented chain: `install`, or `adopt` in a take-over; without the latter, one for both. */
export function eitherWay(install: Subtask, adopt: Subtask = install): Subtask {
  return {
    run: (scope) => (isTakeOver(scope) ? adopt.run(guarded(scope)) : install.run(scope)),
    rollback: (scope) => (isTakeOver(scope) ? adopt.rollback(guarded(scope)) : install.rollback(scope)),
  };
}
