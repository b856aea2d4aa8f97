/**
 * A task inside a task: a subtask submits a whole task with its own id, row, document and workflow, and another one waits
 * for its end (WaitDagSuccess). docs/task-engine.md says what commands and endings of the one mean for the other.
 */

import { PermanentError } from '../../runtime/errors';
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

function trouble(type: string, tried: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type, tried, cameBack, next });
}

function refuseTooLarge(tried: string, size: Partial<TaskSize>): void {
  const beyond = beyondLargest(size);
  if (beyond === undefined) return;
  const { what, asked, most } = beyond;
  const text = `it would have ${asked} ${what}, and a task may have ${most}`;
  const next = 'Roll this task back, or abandon it, and ask for fewer hosts at a time.';
  throw trouble('TaskTooLarge', tried, text, next);
}

/** Row, plan and locks, or nothing; a repeated attempt finds what an earlier one has made. */
async function made(store: Store, { taskId, subtaskId }: SubtaskInput, draft: ChildDraft): Promise<TaskRow> {
  const known = await store.tasks.childOf(taskId, subtaskId);
  if (known !== undefined) return known;
  const { workflowType, chain, locks, ...shown } = draft;
  const tried = `submit the task "${shown.name}"`;
  const parent = await store.tasks.find(taskId);
  if (parent === undefined || parent.closed) {
    const text = `task ${taskId} has ended`;
    throw trouble('ParentEnded', tried, text, 'Nothing is submitted for a task that is over.');
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
    const text = `task ${held.taskId} holds ${held.resource}`;
    throw trouble('Locked', tried, text, 'Wait until that task has ended and retry.');
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
  log.info(`Submitted task ${row.id} "${row.name}"`);
  if (!row.started) {
    await startTask?.(row.plan, row.workflowType).catch((error: unknown) => {
      const said = error instanceof Error ? error.message : String(error);
      log.warn(`Task ${row.id} is not started yet (${said}); an API server starts it within seconds`);
    });
  }
  return { stringMap: { [CHILD_TASK]: String(row.id) } };
}

/** How an ended task has ended, for a person. */
export function endingOf({ status, operation }: Pick<TaskRow, 'status' | 'operation'>): string {
  if (status === 'FAILED') return 'has ended as FAILED (abandoned, cancelled or terminated)';
  return operation === 'ROLLBACK' ? 'was rolled back' : 'has ended well';
}

/** What an ended task says it has left, as far as its final document is stored. */
function leftBy({ document }: TaskRow): string {
  const left =
    typeof document === 'object' && document !== null && 'leftBehind' in document ? document.leftBehind : [];
  return Array.isArray(left) && left.length > 0
    ? `: ${left.map(String).join('; ')}`
    : '; its document says what';
}

/**
 * The undo of a subtask that has submitted: the task must have come to nothing, which this one does not do for it.
 *
 * @throws PermanentError ChildOpen, ChildDone
 */
export async function undoSubmit(scope: SubtaskScope): Promise<void> {
  const { taskId, subtaskId } = scope.input;
  const child = await scope.store.tasks.childOf(taskId, subtaskId);
  if (child === undefined) return scope.log.info('This task has submitted none, nothing to undo');
  const tried = `undo the submission of task ${child.id} "${child.name}"`;
  if (!child.closed) {
    const text = `it is ${child.status} and open`;
    throw trouble('ChildOpen', tried, text, `Roll back or abandon task ${child.id} first.`);
  }
  if (child.status === 'SUCCESSFUL' && child.operation !== 'ROLLBACK') {
    const next = 'What it did stays: skip this undo to leave it.';
    throw trouble('ChildDone', tried, 'it has ended well and can no more be rolled back', next);
  }
  if (child.status === 'FAILED') {
    scope.log.warn(`Task ${child.id} ${endingOf(child)} and may have left something behind${leftBy(child)}`);
  } else scope.log.info(`Task ${child.id} ${endingOf(child)}`);
}
