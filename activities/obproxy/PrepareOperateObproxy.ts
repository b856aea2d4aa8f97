import { PermanentError } from '../../runtime/errors';
import { subtask } from '../subtask';

/**
 * "Prepare operate obproxy task": OCP locks the cluster here. obflow has done so when it accepted the request, so this
 * proves that the task holds its locks.
 */
export const PrepareOperateObproxy = subtask({
  name: 'Prepare operate obproxy task',
  className: 'obproxy.PrepareOperateObproxyTask',
  timeout: 60,
  needs: {},

  async run(scope) {
    const { taskId } = scope.input;
    const held = await scope.store.locks.heldBy(taskId);
    if (held.length === 0) {
      throw new PermanentError({
        type: 'LockLost',
        code: 'ODP21010',
        tried: 'prove that nobody else works on the cluster',
        cameBack: `task ${taskId} holds no lock`,
        next: 'Abandon the task and send the request again.',
      });
    }
    scope.log.info(`This task holds ${held.join(', ')} until it ends`);
    return undefined;
  },
});
