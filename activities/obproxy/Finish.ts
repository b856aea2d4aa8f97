import { forgetTask } from '../host/forgetTask';
import { hostIdOf } from '../scope';
import type { Subtask } from '../types';

/**
 * "Finish node": what obflow kept on the hosts for this task is removed. A host that cannot be reached is no reason
 * to fail.
 */
export const Finish: Subtask = {
  async run(scope) {
    const own = hostIdOf(scope.input);
    const ids = own === undefined ? (scope.input.context.listMap.host_ids ?? []).map(Number) : [own];
    await forgetTask(scope, ids);
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo');
  },
};
