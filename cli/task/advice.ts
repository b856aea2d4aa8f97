/** What a person may do about a task now: the commands themselves, and when to choose which. */
import { failedOf, isClosed, needsPerson, type Subtask, type Task, type TaskState } from './document';

interface Step {
  readonly command: string;
  readonly meaning: string;
}

/** One line a command, the one to try first on top; empty when nothing can or need be done. */
export function whatNext(task: Task): string[] {
  const steps = isClosed(task) ? [] : needsPerson(task) ? waysOut(task) : whileRunning(task);
  const width = Math.max(0, ...steps.map(({ command }) => command.length));
  return steps.map(({ command, meaning }) => `  obflow task ${command.padEnd(width)}   ${meaning}`);
}

function waysOut(task: Task): Step[] {
  const failed = failedOf(task);
  const [first] = failed;
  const id = task.id;
  const log =
    first === undefined ? [] : [{ command: `log ${id} ${first.id}`, meaning: 'what was tried, in full' }];
  const abandon = {
    command: `abandon ${id}`,
    meaning: 'leave everything as it is and end the task for good',
  };
  if (task.operation === 'ROLLBACK') {
    const again = { command: `rollback ${id}`, meaning: 'go on undoing, once the cause is repaired' };
    return [...log, again, ...skip(id, first, 'count it as undone, when you undid it by hand'), abandon];
  }
  const retry =
    first !== undefined && failed.length === 1
      ? { command: `retry ${id} ${first.id}`, meaning: 'run it again, once the cause is repaired' }
      : { command: `retry ${id}`, meaning: 'run every failed subtask again, once the cause is repaired' };
  const rollback = { command: `rollback ${id}`, meaning: 'undo everything that this task has done' };
  return [
    ...log,
    retry,
    ...skip(id, first, 'count it as done, when you did it by hand'),
    ...(task.prohibitRollback ? [] : [rollback]),
    abandon,
  ];
}

function skip(taskId: number, subtask: Subtask | undefined, meaning: string): Step[] {
  if (subtask === undefined || subtask.prohibitSkip) return [];
  return [{ command: `skip ${taskId} ${subtask.id}`, meaning }];
}

/** What runs can be stopped; what has failed beside it need not wait for it. */
function whileRunning(task: Task): Step[] {
  const { id } = task;
  const [failed] = failedOf(task);
  const running = task.subtasks.find(({ status }) => status === 'RUNNING');
  const cancel =
    running === undefined
      ? []
      : [{ command: `cancel ${id} ${running.id}`, meaning: `stop ${running.name}; the task is FAILED then` }];
  return [{ command: `watch ${id}`, meaning: 'see how it goes' }, ...besides(task, failed), ...cancel];
}

function besides(task: Task, failed: Subtask | undefined): Step[] {
  if (failed === undefined) return [];
  if (task.operation === 'ROLLBACK') {
    return skip(task.id, failed, 'count it as undone, when you undid it by hand');
  }
  const retry = { command: `retry ${task.id} ${failed.id}`, meaning: `run ${failed.name} again already` };
  return [retry, ...skip(task.id, failed, 'count it as done, when you did it by hand')];
}

/** `FAILED (waits for a person)`: the state, and what it means where that is not plain. */
export function stateOf(task: TaskState): string {
  const undoing = task.operation === 'ROLLBACK';
  if (task.status === 'SUCCESSFUL') return undoing ? 'SUCCESSFUL (rolled back)' : 'SUCCESSFUL';
  if (isClosed(task)) return `${task.status} (ended)`;
  if (needsPerson(task))
    return undoing ? 'FAILED (rollback waits for a person)' : 'FAILED (waits for a person)';
  if (undoing) return `${task.status} (rolling back)`;
  // What runs is finishing, and nothing else starts.
  return failedOf(task).length > 0 ? `${task.status} (a subtask has failed)` : task.status;
}
