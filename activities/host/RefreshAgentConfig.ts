import type { Subtask } from '../types';

/** "Refresh ocp agent config": obflow works without an agent; the step stays in the chain as documented. */
export const RefreshAgentConfig: Subtask = {
  async run(scope) {
    scope.log.info('There is no agent on this host, nothing to do');
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo');
  },
};
