/**
 * A task inside a task: a subtask submits a whole task with its own id, row, document and workflow, and another one waits
 * for its end (WaitDagSuccess). docs/task-engine.md says what commands and endings of the one mean for the other.
 */

import { PermanentError, saidOf } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { Store, TaskRow } from '../../store/types';
import { plannedNodes } from '../../workflows/chain';
import { CHILD_TASK } from '../../workflows/ids';
import { expansionSize } from '../../workflows/interpreter/expansion';
import { beyondLargest, type TaskSize } from '../../workflows/largestTask';
import type { Plan, SubtaskInput, SubtaskResult } from '../../workflows/plan';
import type { ActivityDeps, SubtaskLog, SubtaskScope } from '../types';
import type { ChildDraft } from './childDraft';

type Submitting = Pick<ActivityDeps, 'store' | 'startTask'> & {
  readonly input: SubtaskInput;
  readonly log: SubtaskLog;
};

function trouble(type: string, tried: Text, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({ type, tried, cameBack, next });
}

function refuseTooLarge(tried: Text, size: Partial<TaskSize>): void {
  const beyond = beyondLargest(size);
  if (beyond === undefined) return;
  const { what, asked, most } = beyond;
  const text = say('child.tooLarge', { asked, what, most });
  const next = say('next.endAndAskForFewer');
  throw trouble('TaskTooLarge', tried, text, next);
}

/** Row, plan and locks, or nothing; a repeated attempt finds what an earlier one has made. */
async function made(store: Store, { taskId, subtaskId }: SubtaskInput, draft: ChildDraft): Promise<TaskRow> {
  const known = await store.tasks.childOf(taskId, subtaskId);
  if (known !== undefined) return known;
  const { workflowType, chain, locks, ...shown } = draft;
  const tried = say('child.submit', { name: shown.name });
  const parent = await store.tasks.find(taskId);
  if (parent === undefined || parent.closed) {
    const text = say('child.parentEnded', { task: taskId });
    throw trouble('ParentEnded', tried, text, say('next.parentEnded'));
  }
  const { context, unshown } = shown;
  const nodes = plannedNodes(chain, {
    stringMap: { ...unshown?.stringMap, ...context.stringMap },
    listMap: {},
  });
  const size = expansionSize({ ...shown, nodes });
  refuseTooLarge(tried, size);
  const { creator, executor, traceId, concurrency, continueAfter } = parent.plan;
  const plan: Plan = {
    ...shown,
    taskId: await store.sequences.next('task'),
    parentTaskId: taskId,
    ...{ creator, executor, traceId, concurrency },
    ...(continueAfter === undefined ? {} : { continueAfter }),
    createTime: new Date().toISOString(),
    firstSubtaskId: await store.sequences.next('subtask', size.subtasks),
    nodes,
  };
  refuseTooLarge(tried, { bytes: Buffer.byteLength(JSON.stringify(plan)) });
  await store.tasks.add({ plan, workflowType, parentSubtaskId: subtaskId });
  const wanted = locks ?? (await store.locks.heldBy(taskId));
  const friends = [taskId, ...(await store.tasks.childrenOf(taskId))];
  const held = await store.locks.take(plan.taskId, wanted, friends);
  if (held !== undefined) {
    const text = say('child.locked', { task: held.taskId, resource: held.resource });
    throw trouble('Locked', tried, text, say('next.waitForTask'));
  }
  const row = await store.tasks.find(plan.taskId);
  if (row === undefined) throw new Error(`task ${plan.taskId} was not stored`);
  return row;
}

/**
 * Submits a task: its row, plan and locks in one transaction, once for this subtask of this task however often it is
 * repeated. Resolves to the key `child_task_id`, which a subtask that submits returns.
 *
 * @throws PermanentError Locked when a stranger holds what it would change, TaskTooLarge beyond what is supported
 * @throws GraphError when its chain cannot be expanded
 */
export async function submitTask(
  { store, startTask, input, log }: Submitting,
  draft: ChildDraft,
): Promise<SubtaskResult> {
  const row = await store.transaction((inside) => made(inside, input, draft));
  log.info(say('child.submitted', { id: row.id, name: row.name }));
  if (!row.started) {
    await startTask?.(row.plan, row.workflowType).catch((error: unknown) => {
      const said = saidOf(error);
      log.warn(say('child.notStarted', { id: row.id, said }));
    });
  }
  return { stringMap: { [CHILD_TASK]: String(row.id) } };
}

/** How an ended task has ended, for a person. */
export function endingOf({ status, operation }: Pick<TaskRow, 'status' | 'operation'>): Text {
  if (status === 'FAILED') return say('child.endedFailed');
  return operation === 'ROLLBACK' ? say('child.rolledBack') : say('child.endedWell');
}

/** What an ended task says it has left, as far as its final document is stored. */
function leftBy({ document }: TaskRow): Text {
  const left =
    typeof document === 'object' && document !== null && 'leftBehind' in document ? document.leftBehind : [];
  return Array.isArray(left) && left.length > 0
    ? say('child.left', { left: left.map(String) })
    : say('child.documentSays');
}

/**
 * The undo of a subtask that has submitted: the task must have come to nothing, which this one does not do for it.
 *
 * @throws PermanentError ChildOpen, ChildDone
 */
export async function undoSubmit(scope: SubtaskScope): Promise<void> {
  const { taskId, subtaskId } = scope.input;
  const child = await scope.store.tasks.childOf(taskId, subtaskId);
  if (child === undefined) return scope.log.info(say('child.noneSubmitted'));
  const tried = say('child.undoSubmit', { id: child.id, name: child.name });
  if (!child.closed) {
    const text = say('child.open', { status: child.status });
    throw trouble('ChildOpen', tried, text, say('next.endChildFirst', { id: child.id }));
  }
  if (child.status === 'SUCCESSFUL' && child.operation !== 'ROLLBACK') {
    const next = say('next.childStays');
    throw trouble('ChildDone', tried, say('child.done'), next);
  }
  if (child.status === 'FAILED') {
    scope.log.warn(say('child.mayHaveLeft', { id: child.id, ending: endingOf(child), left: leftBy(child) }));
  } else scope.log.info(say('child.ending', { id: child.id, ending: endingOf(child) }));
}
