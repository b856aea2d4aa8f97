import type { Subtask } from '../types';

/** "Start ocp agent service": obflow works without an agent; the step stays in the chain as documented. */
export const StartOcpAgentService: Subtask = {
  async run(scope) {
    scope.log.info('obflow works without an agent: there is none on this host to start');
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo');
  },
};
