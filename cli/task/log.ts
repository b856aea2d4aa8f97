import { z } from 'zod';
import { someAtATime } from '../../runtime/someAtATime';
import type { ApiClient } from '../apiClient';
import { complain, say } from '../output';
import type { OutputFormat } from './command';
import { isClosed, nameOf, needsPerson, parseAnswer, parseTask, type Subtask, type Task } from './document';
import { taskDocuments } from './documents';
import { taskPath } from './show';

export interface LogOptions {
  readonly subtaskId?: number;
  readonly follow: boolean;
  readonly output: OutputFormat;
  readonly signal: AbortSignal;
}

/** Logs are fetched so many at a time. */
const TOGETHER = 8;
const logSchema = z.object({ log: z.string(), offset: z.number() });
type LogPart = z.output<typeof logSchema>;

/** `obflow task log`: what one subtask, or each that has begun, wrote in all its runs. */
export async function showLog(api: ApiClient, taskId: number, options: LogOptions): Promise<void> {
  const { subtaskId, follow, output, signal } = options;
  if (follow) return followLog(api, taskId, options);
  const chosen = choose(parseTask(await api.call('GET', taskPath(taskId), { signal })), subtaskId);
  const logs = await logsOf(api, taskId, chosen);
  const textOf = (id: number) => logs.get(id)?.log ?? '';
  if (output === 'json') {
    const list = chosen.map(({ id, name }) => ({ subtaskId: id, name, log: textOf(id) }));
    return say(JSON.stringify(list, null, 2));
  }
  const printed = chosen.filter(({ id }) => textOf(id) !== '');
  for (const [at, subtask] of printed.entries()) {
    if (subtaskId === undefined) say(`${at === 0 ? '' : '\n'}${header(subtask)}`);
    say(textOf(subtask.id).trimEnd());
  }
  if (printed.length === 0) complain(nothing(taskId, subtaskId, chosen));
}

/** Prints what is new until nothing can come any more without a person's act. */
async function followLog(api: ApiClient, taskId: number, options: LogOptions): Promise<void> {
  const { subtaskId, signal } = options;
  const offsets = new Map<number, number>();
  let last: number | undefined;
  const print = async (chosen: readonly Subtask[]) => {
    const parts = await logsOf(api, taskId, chosen, offsets);
    for (const subtask of chosen) {
      const part = parts.get(subtask.id);
      if (part === undefined || part.log === '') continue;
      if (subtaskId === undefined && last !== subtask.id)
        say(`${last === undefined ? '' : '\n'}${header(subtask)}`);
      last = subtask.id;
      offsets.set(subtask.id, part.offset);
      say(part.log.trimEnd());
    }
  };
  // A log grows without the document changing, so what follows is asked for every second.
  const documents = taskDocuments(api, taskId, { signal, onTrouble: complain, streams: false });
  let settled = new Set<number>();
  for await (const answer of documents) {
    const task = parseTask(answer);
    const chosen = choose(task, subtaskId);
    await print(chosen.filter(({ id }) => !settled.has(id)));
    // What had ended before its log was read has nothing more to say.
    settled = new Set(chosen.filter(isSettled).map((subtask) => subtask.id));
    if (isOver(task, subtaskId === undefined ? undefined : chosen[0])) return;
  }
}

function isOver(task: Task, only: Subtask | undefined): boolean {
  return isClosed(task) || needsPerson(task) || (only !== undefined && isSettled(only));
}

function isSettled({ status }: Subtask): boolean {
  return status === 'SUCCESSFUL' || status === 'FAILED';
}

/** The one that is named, or all that have begun. */
function choose(task: Task, subtaskId: number | undefined): Subtask[] {
  if (subtaskId === undefined) {
    return task.subtasks.filter(({ status, operation }) => status !== 'PENDING' || operation !== 'EXECUTE');
  }
  const found = task.subtasks.find(({ id }) => id === subtaskId);
  if (found !== undefined) return [found];
  throw new Error(`Task ${task.id} has no subtask ${subtaskId}. obflow task show ${task.id} lists them.`);
}

/** What each has written behind its offset; all of it where none is known. */
async function logsOf(
  api: ApiClient,
  taskId: number,
  subtasks: readonly Subtask[],
  offsets: ReadonlyMap<number, number> = new Map(),
): Promise<Map<number, LogPart>> {
  const logs = new Map<number, LogPart>();
  await someAtATime(subtasks, TOGETHER, async ({ id }) => {
    const path = `${taskPath(taskId)}/subtasks/${id}/log?offset=${offsets.get(id) ?? 0}`;
    logs.set(id, parseAnswer(logSchema, await api.call('GET', path)));
  });
  return logs;
}

function header(subtask: Subtask): string {
  return `==> ${nameOf(subtask)}: ${subtask.status}, run ${subtask.runTime}`;
}

function nothing(taskId: number, subtaskId: number | undefined, [only]: readonly Subtask[]): string {
  if (subtaskId === undefined || only === undefined) {
    return `No subtask of task ${taskId} has written anything yet. obflow task watch ${taskId} shows how it goes.`;
  }
  return `${nameOf(only)} is ${only.status} and has written nothing yet; --follow waits for it.`;
}
