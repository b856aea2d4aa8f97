import { PermanentError } from '../../runtime/errors';
import { CHILD_TASK } from '../../workflows/ids';
import { subtask } from '../subtask';
import { endingOf } from './submitTask';

function ended(taskId: number, cameBack: string): PermanentError {
  return new PermanentError({
    type: 'ChildFailed',
    tried: `wait for task ${taskId}`,
    cameBack,
    next: 'Do what it was to do by hand and skip this subtask, or roll this task back, or abandon it.',
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
    if (child === undefined) throw ended(id, 'the inventory has no such task');
    const label = `Task ${id} "${child.name}"`;
    if (!child.closed) {
      scope.notYet(
        child.status === 'FAILED'
          ? `${label} has FAILED and waits for an operator: retry, skip, roll back or abandon it`
          : `${label} is ${child.status}`,
      );
    }
    if (child.status === 'SUCCESSFUL' && child.operation !== 'ROLLBACK') {
      scope.log.info(`${label} ${endingOf(child)}`);
      return undefined;
    }
    throw ended(id, `${label} ${endingOf(child)}`);
  },
});
