import { type ApiClient, NoAnswerError, RefusedError } from '../apiClient';
import { complain, say, textOf } from '../output';
import { stateOf } from './advice';
import type { OutputFormat } from './command';
import { doneCount, failedOf, nameOf, parseTask, type Task } from './document';
import { failureLines, nextLines, taskPath } from './show';

export type Verb = 'retry' | 'skip' | 'cancel' | 'rollback' | 'abandon';

export interface Order {
  readonly verb: Verb;
  readonly taskId: number;
  readonly subtaskId?: number;
  readonly why?: string;
  readonly output: OutputFormat;
}

const DONE: Readonly<Record<Verb, string>> = {
  retry: 'Running again:',
  skip: 'Counted as done without running:',
  cancel: 'Being stopped:',
  rollback: 'Everything it did is being undone, the last first.',
  abandon: 'It has ended; its locks are released.',
};

/** Gives one command and says the state that follows. Sent again after a lost answer, it is still one command. */
export async function act(api: ApiClient, order: Order): Promise<void> {
  const { verb, taskId, output, why } = order;
  const subtaskId = order.subtaskId ?? (verb === 'skip' ? await theFailedOne(api, taskId) : undefined);
  const path = taskPath(taskId);
  const target = subtaskId === undefined ? path : `${path}/subtasks/${subtaskId}`;
  try {
    await api.command(`${target}/${verb}`, why === undefined ? {} : { why });
  } catch (error) {
    const mayBeObeyed = error instanceof NoAnswerError ? error.mayBeObeyed : isTrouble(error);
    if (!mayBeObeyed) throw error;
    const text = `${textOf(error)}\nBefore you give the command again: obflow task show ${taskId}`;
    throw new Error(text, { cause: error });
  }
  const answer = await api.call('GET', path).catch(() => undefined);
  if (answer === undefined) return complain(`Obeyed, but task ${taskId} cannot be read now.`);
  if (output === 'json') return say(JSON.stringify(answer, null, 2));
  const task = parseTask(answer);
  say(`${whatWasDone(verb, task, subtaskId)}\n${resultOf(task)}`);
}

/** The API itself could not say how it ended. */
function isTrouble(error: unknown): boolean {
  return error instanceof RefusedError && error.status >= 500;
}

function whatWasDone(verb: Verb, task: Task, subtaskId: number | undefined): string {
  if (verb === 'rollback' || verb === 'abandon') return DONE[verb];
  const one = task.subtasks.find(({ id }) => id === subtaskId);
  const undone = verb === 'skip' && one?.operation === 'ROLLBACK_SKIP';
  return `${undone ? 'Counted as undone:' : DONE[verb]} ${one === undefined ? 'every failed subtask.' : `${nameOf(one)}.`}`;
}

function resultOf(task: Task): string {
  const { id, name, subtasks } = task;
  const state = `Task ${id} ${name} is ${stateOf(task)}: ${doneCount(subtasks)} of ${subtasks.length} subtasks done.`;
  return [state, ...failureLines(task), ...nextLines(task)].join('\n');
}

/** The subtask a person means who names none. Throws an Error that lists them when it is not exactly one. */
async function theFailedOne(api: ApiClient, taskId: number): Promise<number> {
  const task = parseTask(await api.call('GET', taskPath(taskId)));
  const failed = failedOf(task);
  const [first] = failed;
  if (first === undefined) throw new Error(`Nothing in task ${taskId} is FAILED: it is ${stateOf(task)}.`);
  if (failed.length === 1) {
    complain(`The one that failed: ${nameOf(first)}.`);
    return first.id;
  }
  const commands = failed.map(
    ({ id, name, target = '' }) => `  obflow task skip ${taskId} ${id}   ${name} ${target}`,
  );
  throw new Error(`Task ${taskId} has ${failed.length} FAILED subtasks; say which:\n${commands.join('\n')}`);
}
