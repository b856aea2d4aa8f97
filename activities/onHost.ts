import type { Needs, SubtaskScope } from './types';

/** The same scope for one of several hosts: what is done once is done once on that one. */
export function onHost<N extends Needs>(scope: SubtaskScope<N>, hostId: number): SubtaskScope<N> {
  return Object.assign(Object.create(scope) as SubtaskScope<N>, {
    hostId: async () => hostId,
    host: () => scope.hostById(hostId),
  });
}
