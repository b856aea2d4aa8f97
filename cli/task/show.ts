import type { ApiClient } from '../apiClient';
import { say } from '../output';
import { table } from '../table';
import { stateOf, whatNext } from './advice';
import { coloured } from './colours';
import type { OutputFormat } from './command';
import {
  chainLevels,
  clock,
  doneCount,
  duration,
  failedOf,
  hostOf,
  nameOf,
  needsPerson,
  parseTask,
  type Subtask,
  type Task,
} from './document';

/** The path of a task's document. */
export function taskPath(taskId: number): string {
  return `/api/v2/tasks/instances/${taskId}`;
}

/** `obflow task show`: what it is, why it failed, what can be done, and its graph. */
export async function showTask(
  api: ApiClient,
  taskId: number,
  { output }: { readonly output: OutputFormat },
): Promise<void> {
  const answer = await api.call('GET', taskPath(taskId));
  if (output === 'json') return say(JSON.stringify(answer, null, 2));
  const task = parseTask(answer);
  say([headline(task), ...failureLines(task), ...nextLines(task), '', graph(task)].join('\n'));
}

/** What the task is and how far it is, in two lines. */
function headline(task: Task): string {
  const { id, name, subtasks, cluster, creator, startTime } = task;
  const facts = [
    `${doneCount(subtasks)} of ${subtasks.length} subtasks done`,
    ...(cluster === undefined ? [] : [`cluster ${cluster.name}`]),
    `started ${clock(startTime)} by ${creator.name}`,
    `took ${duration(task)}`,
  ];
  return `Task ${id} ${name}: ${coloured(stateOf(task))}\n${facts.join(', ')}`;
}

/** Why it failed, how it ended and what it left, each reason on a line of its own after the subtask; none when all is well. */
export function failureLines(task: Task): string[] {
  const failed = failedOf(task);
  const reasons = failed.flatMap((subtask) => [
    `  ${nameOf(subtask)}${subtask.runTime > 1 ? ` (run ${subtask.runTime})` : ''}:`,
    ...indented(subtask.failureMessage ?? 'It gave no reason; its log may have one.'),
  ]);
  const whole =
    failed.length === 0 && task.status === 'FAILED' ? indented(task.firstFailure?.message ?? '') : [];
  const left = task.leftBehind.map((line) => `  ${line}`);
  const ending = task.ending === undefined ? [] : ['', 'How it ended', ...indented(task.ending)];
  return [
    ...(reasons.length + whole.length === 0 ? [] : ['', 'Why it failed', ...reasons, ...whole]),
    ...ending,
    ...(left.length === 0 ? [] : ['', 'Left behind, to be cleared away by hand where it disturbs', ...left]),
  ];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}

/** The commands that a person may give now. */
export function nextLines(task: Task): string[] {
  const lines = whatNext(task);
  if (lines.length === 0) return [];
  return ['', needsPerson(task) ? 'Ways out' : 'What you can do', ...lines];
}

/** The graph by levels: what stands on one level waits for the level above and may run together. */
function graph(task: Task): string {
  const rows = chainLevels(task).flatMap(({ level, subtasks }) =>
    subtasks.map((subtask, at) => [at === 0 ? String(level) : '', ...cellsOf(subtask)]),
  );
  return table(['STEP', 'ID', 'SUBTASK', 'HOST', 'STATE', 'OPERATION', 'RUN', 'TOOK'], rows);
}

function cellsOf(subtask: Subtask): string[] {
  const { id, name, status, operation, runTime, attempt } = subtask;
  const run = attempt === undefined ? String(runTime) : `${runTime} (attempt ${attempt})`;
  return [
    String(id),
    name,
    hostOf(subtask),
    coloured(status),
    operation,
    status === 'PENDING' && operation === 'EXECUTE' ? '' : run,
    duration(subtask),
  ];
}
