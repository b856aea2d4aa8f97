import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { resourceOf } from '../../store/tasks/locks';
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
        tried: say('locks.prove'),
        cameBack: say('locks.none', { task: taskId }),
        next: say('next.abandonAndSend'),
      });
    }
    scope.log.info(say('locks.held', { locks: held.map(resourceOf).join(', ') }));
    return undefined;
  },
});
