/** Waiting for what becomes of a task, and what a person does with one that failed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { CaseFailed } from './aim';
import type { Lane } from './lane';

/** Longer than the 150 s for which a turn at a cluster counts that its holder could not end. */
export const SETTLE_MS = 200_000;
const ENDS = ['FAILED', 'SUCCESSFUL'];

/** The task once it is FAILED or SUCCESSFUL. Throws CaseFailed when that takes too long, or when `signal` is aborted. */
export async function settled(lane: Lane, taskId: number, signal?: AbortSignal): Promise<TaskJson> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const task = await lane.document(taskId);
    if (task !== undefined && ENDS.includes(task.status)) return task;
    if (Date.now() > deadline || signal?.aborted) {
      const open = task?.subtasks.filter(({ status }) => status !== 'PENDING' && status !== 'SUCCESSFUL');
      const text = open?.map((subtask) => `${subtask.name} ${subtask.status}`).join(', ');
      throw new CaseFailed(`task ${taskId} is ${task?.status ?? 'not to be read'}: ${text}`);
    }
    await lane.control.pause();
  }
}

/** What a person reads of a failed task. */
export function failures(task: TaskJson): string {
  return task.subtasks
    .filter(({ status }) => status === 'FAILED')
    .map(({ name, failureMessage }) => `${name}: ${failureMessage ?? ''}`)
    .join('; ');
}

/** Sends a retry and waits for its effect: the answer may be read before it. */
export async function retried(lane: Lane, failed: TaskJson): Promise<void> {
  await lane.command(failed.id, 'retry');
  const runs = (task: TaskJson) =>
    task.subtasks.reduce((sum, subtask) => sum + Number((subtask as { runTime?: number }).runTime ?? 0), 0);
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const task = await lane.document(failed.id);
    if (task !== undefined && runs(task) > runs(failed)) return;
    await delay(200);
  }
  throw new CaseFailed('the retry had no effect within 30 s');
}

/** The task once its rollback, which has been asked for, has ended well. */
export async function rollbackEnds(lane: Lane, taskId: number): Promise<TaskJson> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const task = (await settled(lane, taskId)) as TaskJson & { operation: string };
    if (task.operation === 'ROLLBACK') {
      if (task.status === 'SUCCESSFUL') return task;
      throw new CaseFailed(`the rollback failed: ${failures(task)}`);
    }
    if (Date.now() > deadline) throw new CaseFailed('the rollback does not begin');
    await lane.control.pause();
  }
}
