import type { Subtask } from '../types';

/** "Wait node": where the subtasks of all hosts meet. It is done as soon as it may start. */
export const WaitNode: Subtask = {
  async run(scope) {
    scope.log.info('All subtasks before this one are done');
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo');
  },
};
