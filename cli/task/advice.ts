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

/** Of the task and its first failed subtask, in the order in which to think of them. */
function waysOut(task: Task): Step[] {
  const failed = failedOf(task);
  const [first] = failed;
  const log =
    first === undefined
      ? []
      : [{ command: `log ${task.id} ${first.id}`, meaning: 'What was tried, in full.' }];
  const undoing = task.operation === 'ROLLBACK';
  // Of one failure it is the subtask that is run again, of several all of them.
  const ofFirst = stepsOf(task, first).filter(({ verb }) => verb !== 'retry' || failed.length === 1);
  const ofTask = stepsOf(task).filter((way) => !ofFirst.some(({ verb }) => verb === way.verb));
  const order = undoing ? ['rollback', 'skip', 'abandon'] : ['retry', 'skip', 'rollback', 'abandon'];
  const steps = [...ofFirst, ...ofTask];
  return [...log, ...order.flatMap((verb) => steps.filter((step) => step.verb === verb))];
}

/** What may be done about the task, or about one of its subtasks. */
function stepsOf(task: Task, subtask?: Subtask): (Step & { readonly verb: string })[] {
  const [ways, id] =
    subtask === undefined
      ? [task.availableOperations, String(task.id)]
      : [subtask.availableOperations, `${task.id} ${subtask.id}`];
  return ways.map(({ operation, meaning }) => ({ verb: operation, command: `${operation} ${id}`, meaning }));
}

/** What runs can be stopped; what has failed beside it need not wait for it. */
function whileRunning(task: Task): Step[] {
  const [failed] = failedOf(task);
  const running = task.subtasks.find(({ status }) => status === 'RUNNING');
  const watch = { command: `watch ${task.id}`, meaning: 'See how it goes.' };
  return [
    watch,
    ...(failed === undefined ? [] : stepsOf(task, failed)),
    ...(running === undefined ? [] : stepsOf(task, running)),
    ...stepsOf(task),
  ];
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
