import { PermanentError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { CHILD_TASK } from '../../workflows/ids';
import { subtask } from '../subtask';
import { endingOf } from './submitTask';

function ended(taskId: number, cameBack: Text): PermanentError {
  return new PermanentError({
    type: 'ChildFailed',
    tried: say('child.wait', { task: taskId }),
    cameBack,
    next: say('next.childByHand'),
  });
}

/** "Wait dag success": until the task that was submitted before has ended well. */
export const WaitDagSuccess = subtask({
  name: 'Wait dag success',
  className: 'WaitDagSuccessTask',
  timeout: 604_800,
  waits: true,
  needs: { [CHILD_TASK]: 'value' },

  async run(scope) {
    const id = Number(scope.value(CHILD_TASK));
    const child = await scope.store.tasks.find(id);
    if (child === undefined) throw ended(id, say('child.absent'));
    const label = say('child.label', { id, name: child.name });
    if (!child.closed) {
      scope.notYet(
        child.status === 'FAILED'
          ? say('child.failed', { label })
          : say('child.is', { label, status: child.status }),
      );
    }
    if (child.status === 'SUCCESSFUL' && child.operation !== 'ROLLBACK') {
      scope.log.info(say('child.endingOf', { label, ending: endingOf(child) }));
      return undefined;
    }
    throw ended(id, say('child.endingOf', { label, ending: endingOf(child) }));
  },
});
