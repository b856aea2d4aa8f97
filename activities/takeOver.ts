/**
 * One chain, two meanings: a task whose context says `obproxy_take_over` adopts a running proxy instead of installing
 * one; `ob_cluster_take_over` says that a running cluster is adopted. All subtasks of such a task get a host on which nothing
 * can be started, sent or stopped.
 */
import type { Host } from '../hosts/types';
import type { SubtaskInput } from '../workflows/plan';
import type { Needs, SubtaskScope } from './types';

const TAKE_OVER_KEYS = ['obproxy_take_over', 'ob_cluster_take_over'] as const;

/** To be needed by a subtask that touches hosts, if a task that takes over a cluster may hold it. */
export const CLUSTER_TAKE_OVER = { ob_cluster_take_over: 'value?' } as const satisfies Needs;

/** What obflow keeps for itself on a host; nothing of a proxy lies there. */
const OWN_FILES = '/var/lib/obflow/';

export function takesOver(input: Pick<SubtaskInput, 'context'>): boolean {
  return TAKE_OVER_KEYS.some((key) => input.context.stringMap[key] === 'true');
}

function forbidden(what: string): never {
  throw new RangeError(`A take-over never ${what} on the host of what runs.`);
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
