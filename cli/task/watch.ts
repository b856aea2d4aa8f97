import type { ApiClient } from '../apiClient';
import { complain, say } from '../output';
import { createProgress, type ProgressPicture, type ProgressRow } from '../progress';
import { stateOf } from './advice';
import type { OutputFormat } from './command';
import {
  type ChainNode,
  chainNodes,
  doneCount,
  duration,
  failedOf,
  hostOf,
  isClosed,
  nameOf,
  needsPerson,
  parseTask,
  type Subtask,
  type Task,
} from './document';
import { taskDocuments } from './documents';
import { WATCHED } from './exitCodes';
import { failureLines, nextLines, warningLines } from './show';

export interface WatchOptions {
  /** Go on when the task waits for a person. */
  readonly stay: boolean;
  readonly output: OutputFormat;
  readonly signal: AbortSignal;
}

const NAMES_SHOWN = 3;
/** Running times are drawn anew so often. */
const TICK_MS = 1_000;

/** `obflow task watch`: draws how the task goes until it has ended or needs a person; answers the exit code. */
export async function watchTask(api: ApiClient, taskId: number, options: WatchOptions): Promise<number> {
  const { output, signal, stay } = options;
  const drawing = output === 'json' ? jsonLines() : drawn();
  let task: Task | undefined;
  try {
    for await (const answer of taskDocuments(api, taskId, { signal, onTrouble: drawing.trouble })) {
      task = parseTask(answer);
      drawing.show(task, answer);
      if (isClosed(task) || (needsPerson(task) && !stay)) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    drawing.stop();
  }
  if (signal.aborted || task === undefined) {
    complain(`Task ${taskId} goes on without you. obflow task watch ${taskId} shows it again.`);
    return WATCHED.interrupted;
  }
  if (output !== 'json') say(outcome(task));
  if (task.status !== 'SUCCESSFUL') return WATCHED.failed;
  return task.operation === 'ROLLBACK' ? WATCHED.rolledBack : WATCHED.successful;
}

interface Drawing {
  show(task: Task, answer: unknown): void;
  trouble(message: string): void;
  stop(): void;
}

/** One document a line, as it came. */
function jsonLines(): Drawing {
  return { show: (_task, answer) => say(JSON.stringify(answer)), trouble: complain, stop: () => undefined };
}

function drawn(): Drawing {
  const progress = createProgress();
  let last: Task | undefined;
  let message: string | undefined;
  const draw = () => {
    if (last === undefined) return;
    const picture = pictureOf(last, process.stdout.isTTY ? Date.now() : undefined);
    const trouble = message === undefined ? [] : [message];
    progress.show({ ...picture, below: [...trouble, ...(picture.below ?? [])] });
  };
  const ticking = process.stdout.isTTY ? setInterval(draw, TICK_MS) : undefined;
  return {
    show(task) {
      if (last === undefined && !process.stdout.isTTY) say(`Task ${task.id} ${task.name}`);
      last = task;
      message = undefined;
      draw();
    },
    trouble(text) {
      message = text;
      draw();
    },
    stop() {
      clearInterval(ticking);
      progress.stop();
    },
  };
}

/**
 * A bar for each node of the chain, over its fan-out, and each failure below. While a task is rolled back the bars
 * count what is undone, and nodes that had not begun are not shown.
 *
 * @param now in ms since 1970, to show how long things take; without it only what changes is shown
 */
function pictureOf(task: Task, now?: number): ProgressPicture {
  const { id, name, subtasks } = task;
  const took = now === undefined ? '' : `, ${duration(task, now)}`;
  const undoing = task.operation === 'ROLLBACK';
  const rows = chainNodes(task).flatMap((node) => rowOf(node, undoing, now));
  const done = undoing ? '' : `, ${doneCount(subtasks)} of ${subtasks.length} subtasks done`;
  const failures = failedOf(task).map(
    (subtask) => `FAILED ${nameOf(subtask)}: ${(subtask.failureMessage ?? '').replace(/\s*\n\s*/g, ' ')}`,
  );
  const warned =
    task.warningCount === 0
      ? []
      : [
          `${task.warningCount} warning${task.warningCount === 1 ? '' : 's'}: ${task.warnings[0]?.text ?? ''}`,
        ];
  return {
    title: `Task ${id} ${name}: ${stateOf(task)}${done}${took}`,
    rows,
    below: [...failures, ...warned],
  };
}

function rowOf({ level, subtasks }: ChainNode, undoing: boolean, now: number | undefined): ProgressRow[] {
  const counted = undoing ? subtasks.filter(({ operation }) => operation.startsWith('ROLLBACK')) : subtasks;
  const [first] = counted;
  if (first === undefined) return [];
  const done = counted.filter(({ status }) => status === (undoing ? 'PENDING' : 'SUCCESSFUL')).length;
  const note = ['FAILED', 'CANCELING', 'RUNNING', 'READY']
    .map((status) => ofStatus(counted, status, now))
    .filter((part) => part !== '')
    .join('; ');
  return [{ key: `${level}/${first.id}`, label: first.name, done, total: counted.length, note }];
}

/** `RUNNING on 10.0.0.1 12s, 10.0.0.2 3s and 5 more`; '' when there is none. */
function ofStatus(subtasks: readonly Subtask[], status: string, now: number | undefined): string {
  const found = subtasks.filter((subtask) => subtask.status === status);
  if (found.length === 0) return '';
  const names = found
    .slice(0, NAMES_SHOWN)
    .map((subtask) => {
      const host = hostOf(subtask);
      const took = now === undefined || status !== 'RUNNING' ? '' : ` ${duration(subtask, now)}`;
      return `${host === '' ? '' : `on ${host}`}${took}`.trim();
    })
    .filter((part) => part !== '')
    .join(', ')
    .replace(/, on /g, ', ');
  const more = found.length > NAMES_SHOWN ? ` and ${found.length - NAMES_SHOWN} more` : '';
  return `${status}${names === '' ? '' : ` ${names}`}${more}${attemptOf(found)}`;
}

/** What the last attempt of a run that goes on said; '' in a first attempt. */
function attemptOf(subtasks: readonly Subtask[]): string {
  const again = subtasks.find(({ status, attempt }) => status === 'RUNNING' && attempt !== undefined);
  if (again === undefined) return '';
  return ` (attempt ${again.attempt}${again.lastFailure === undefined ? '' : `: ${again.lastFailure}`})`;
}

function outcome(task: Task): string {
  const state = `Task ${task.id} ${task.name} is ${stateOf(task)} after ${duration(task)}.`;
  return [state, ...failureLines(task), ...nextLines(task), ...warningLines(task)].join('\n');
}
