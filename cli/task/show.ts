import type { ApiClient } from '../apiClient';
import { say } from '../output';
import { table } from '../table';
import { stateOf, whatNext } from './advice';
import { coloured } from './colours';
import type { OutputFormat } from './command';
import {
  chainNodes,
  clock,
  doneCount,
  duration,
  failedOf,
  type GivenCommand,
  hostOf,
  nameOf,
  needsPerson,
  parseTask,
  type Subtask,
  type Task,
} from './document';
import { lockLines, waitLines } from './locks';

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
  const lines = [
    headline(task),
    ...failureLines(task),
    ...waitLines(task),
    ...repeatedLines(task),
    ...nextLines(task),
    ...warningLines(task),
    ...lockLines(task),
    ...commandLines(task),
    '',
    graph(task),
  ];
  say(lines.join('\n'));
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
    ...cancelLines(task, subtask),
  ]);
  const whole =
    failed.length === 0 && task.status === 'FAILED' ? indented(task.firstFailure?.message ?? '') : [];
  const left = task.leftBehind.map((line) => `  ${line}`);
  const ending = task.ending === undefined ? [] : ['', 'How it ended', ...indented(endingOf(task))];
  return [
    ...(reasons.length + whole.length === 0 ? [] : ['', 'Why it failed', ...reasons, ...whole]),
    ...ending,
    ...(left.length === 0 ? [] : ['', 'Left behind, to be cleared away by hand where it disturbs', ...left]),
  ];
}

/** Who had it cancelled and why, as far as they said it; nothing of a subtask that failed by itself. */
function cancelLines({ commands }: Task, { id, operation }: Subtask): string[] {
  if (operation !== 'CANCEL') return [];
  const command = commands.findLast(
    ({ command: name, subtaskId }) => name === 'cancelSubtask' && subtaskId === id,
  );
  if (command === undefined) return [];
  const { who, from, why, time } = command;
  const by = `by ${who ?? 'somebody'}${from === undefined ? '' : ` from ${from}`}`;
  return indented(
    `Cancelled ${by} at ${clock(time)}${why === undefined ? ', without a reason' : `: ${why}`}`,
  );
}

/** How it ended, without the list that has lines of its own. */
function endingOf({ ending = '', leftBehind }: Task): string {
  return leftBehind.length === 0 ? ending : ending.replace(` Left behind: ${leftBehind.join('; ')}.`, '');
}

/** What goes on and is tried again, and why. */
function repeatedLines({ subtasks }: Task): string[] {
  const repeated = subtasks.filter(
    ({ status, attempt, lastFailure }) =>
      status === 'RUNNING' && (attempt !== undefined || lastFailure !== undefined),
  );
  if (repeated.length === 0) return [];
  return [
    '',
    'What is tried again, and why',
    ...repeated.flatMap((subtask) => [
      `  ${nameOf(subtask)} (attempt ${subtask.attempt ?? 1}):`,
      ...indented(subtask.lastFailure ?? 'Its attempt before was lost: its worker died, or was stopped.'),
    ]),
  ];
}

const WARNINGS_SHOWN = 10;

/** What its subtasks warned of, with where and when; what a step says alike on many hosts stands once. None when all is well. */
export function warningLines({ id, warnings, warningCount }: Task): string[] {
  if (warningCount === 0) return [];
  const alike = new Map<string, Task['warnings']>();
  for (const warning of warnings) {
    const key = `${warning.name}\n${warning.text}`;
    alike.set(key, [...(alike.get(key) ?? []), warning]);
  }
  const shown = [...alike.values()].slice(0, WARNINGS_SHOWN);
  const more = warningCount - shown.flat().length;
  return [
    '',
    'Warnings',
    ...shown.flatMap((same) => warningLine(same)),
    ...(more > 0 ? [`  … ${more} more; obflow task show ${id} -o json has the first 100`] : []),
  ];
}

function warningLine(same: Task['warnings']): string[] {
  const [first] = same;
  if (first === undefined) return [];
  const targets = same.flatMap(({ target }) => target ?? []);
  const where = targets.length === 0 ? '' : ` on ${targets.join(', ')}`;
  const times = same.length > targets.length && same.length > 1 ? `, ${same.length} times` : '';
  return [
    `  ${clock(first.time)} ${first.subtaskId} ${first.name}${where}${times}:`,
    ...indented(first.text),
  ];
}

const VERBS: Readonly<Record<string, string>> = {
  retryTask: 'retry',
  rollbackTask: 'rollback',
  abandonTask: 'abandon',
  retrySubtask: 'retry',
  skipSubtask: 'skip',
  cancelSubtask: 'cancel',
};
const COMMANDS_SHOWN = 10;

/** What people asked of it, the newest last. */
function commandLines({ commands }: Task): string[] {
  if (commands.length === 0) return [];
  const older = commands.length - COMMANDS_SHOWN;
  const rows = commands.slice(-COMMANDS_SHOWN).map(commandLine);
  return [
    '',
    'What was asked of it',
    ...(older > 0 ? [`  … ${older} before; -o json has all`] : []),
    ...rows,
  ];
}

function commandLine({ time, command, subtaskId, who, why }: GivenCommand): string {
  const what = `${VERBS[command] ?? command}${subtaskId === undefined ? '' : ` ${subtaskId}`}`;
  return `  ${clock(time)} ${what} by ${who ?? 'somebody'}${why === undefined ? '' : `: ${why}`}`;
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

/**
 * The graph node by node. STEP is how many come before it on the longest way from the start: two subtasks of one step never
 * wait for each other. Not all of a step need be done before the next: one host may be ahead of another.
 */
function graph(task: Task): string {
  const rows = chainNodes(task).flatMap(({ subtasks }) =>
    subtasks.map((subtask, at) => [
      subtask.level === subtasks[at - 1]?.level ? '' : String(subtask.level),
      ...cellsOf(subtask),
    ]),
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
