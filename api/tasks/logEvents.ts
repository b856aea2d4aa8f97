/** The log of a subtask piece by piece: what follows an offset, and as a stream of Server-Sent Events. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Store } from '../../store/types';
import { Whole } from '../http/answers';
import type { EventStreams, Watcher } from '../http/eventStreams';
import { answerLanguage, type Language } from '../http/messages/language';
import { subtaskLogWriter } from './subtaskLog';

const LOOK_MS = 500;

export const LogPart = z
  .object({
    log: z.string(),
    offset: Whole.describe('As a later request gives it to get only what follows. Ours.'),
  })
  .meta({ id: 'LogPart' });
export type LogPart = z.output<typeof LogPart>;

/** What the subtask has logged behind the offset, 0 for all; the first line says which run it is of, when that is new. */
export async function logAfter(
  tasks: Pick<Store['tasks'], 'readLogAfter'>,
  {
    taskId,
    subtaskId,
    offset,
  }: { readonly taskId: number; readonly subtaskId: number; readonly offset: number },
  language: Language,
): Promise<LogPart> {
  const { lines, before, last } = await tasks.readLogAfter(taskId, subtaskId, offset);
  return { log: subtaskLogWriter(language, before)(lines), offset: last };
}

export class LogEvents {
  readonly #tasks: Store['tasks'];
  readonly #streams: EventStreams;

  constructor({ store }: { readonly store: Store }, streams: EventStreams) {
    this.#tasks = store.tasks;
    this.#streams = streams;
  }

  /**
   * Streams what there is behind `offset` (or Last-Event-ID) and what comes, until the task has ended for good and all is
   * told, the client has gone or may no longer watch, or the server stops. 204 when nothing can come any more.
   *
   * @throws Refusal as EventStreams
   */
  async stream(
    {
      taskId,
      subtaskId,
      offset,
    }: { readonly taskId: number; readonly subtaskId: number; readonly offset: number },
    watcher: Watcher,
  ): Promise<void> {
    const { request, response } = watcher;
    const language = answerLanguage(request);
    await this.#streams.hold(watcher, async (client) => {
      let at = /^\d{1,15}$/.test(client.lastId) ? Number(client.lastId) : offset;
      const read = async () => {
        // Asked before the log is read: then nothing of a closed task is left unread.
        const closed = (await this.#tasks.statesOf([taskId]))[0]?.closed !== false;
        return { closed, ...(await logAfter(this.#tasks, { taskId, subtaskId, offset: at }, language)) };
      };
      let part = await read();
      if (part.closed && part.log === '' && client.lastId !== '') {
        if (!response.closed) response.status(204).end();
        return;
      }
      await this.#streams.run(watcher, client, async () => {
        for (;;) {
          if (part.log !== '') {
            const { log, offset: next } = part;
            const event = { id: String(next), text: JSON.stringify({ log, offset: next }), last: false };
            if (!(await client.sendWhole(event))) return;
            at = next;
          }
          if (part.closed) return;
          await Promise.race([delay(LOOK_MS), client.ended]);
          if (!client.isOpen) return;
          part = await read().catch(() => ({ closed: false, log: '', offset: at }));
        }
      });
    });
  }
}
