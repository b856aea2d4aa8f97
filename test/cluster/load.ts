import { randomUUID } from 'node:crypto';
import type { ApiClient, TaskJson } from '../../sandbox/stack/apiClient';

/** How long a client goes on sending one request. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 100;

export interface Sent<T> {
  readonly data: T;
  /** Of the attempt that was answered. */
  readonly acceptMs: number;
  /** From the first attempt, those without an answer included. */
  readonly totalMs: number;
  readonly attempts: number;
}

/**
 * Sends one request as a careful client does: to one of the APIs, and when it does not answer or answers 5xx again,
 * to the next one, under the same Idempotency-Key. Throws what an API answers otherwise.
 */
export async function sendOnce<T>(
  clients: readonly ApiClient[],
  first: number,
  path: string,
  body: unknown,
): Promise<Sent<T>> {
  const headers = { 'idempotency-key': randomUUID() };
  const begin = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    const client = clients[(first + attempts - 1) % clients.length];
    if (client === undefined) throw new Error('there is no API');
    const sent = performance.now();
    const reply = await client
      .send('POST', path, body, headers)
      .catch((error: unknown) => ({ status: 0, answer: error }));
    const now = performance.now();
    if (reply.status === 200) {
      const { data } = reply.answer as { data: T };
      return { data, acceptMs: now - sent, totalMs: now - begin, attempts };
    }
    // 409: another API has the request in hand, or had when it was killed.
    if (![0, 409, 429].includes(reply.status) && reply.status < 500) {
      throw new Error(`POST ${path} answered ${reply.status}: ${JSON.stringify(reply.answer)}`);
    }
    if (now - begin > PATIENCE_MS) {
      throw new Error(
        `POST ${path} got no answer in ${PATIENCE_MS} ms; the last was ${reply.status} ${String(reply.answer)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Runs `count` pieces of work, `together` at a time; `work` gets their numbers from 0. */
export async function spread<T>(
  count: number,
  together: number,
  work: (number: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(together, count) }, async () => {
      while (next < count) {
        const number = next++;
        results[number] = await work(number);
      }
    }),
  );
  return results;
}

/** The task's document from whichever API answers. */
export async function settledAnywhere(
  clients: readonly ApiClient[],
  taskId: number,
  deadlineMs: number,
): Promise<TaskJson> {
  const deadline = Date.now() + deadlineMs;
  for (let turn = taskId; ; turn += 1) {
    const task = await clients[turn % clients.length]?.task(taskId).catch(() => undefined);
    if (task !== undefined && task.status !== 'RUNNING') return task;
    if (Date.now() > deadline) throw new Error(`task ${taskId} did not end: ${JSON.stringify(task)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
