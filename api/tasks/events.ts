/**
 * Server-Sent Events of tasks: the document once, then every change. Any number of watchers of a task share one
 * reader, which looks some times a second: what shows in a document is more than its history's events (a worker takes an
 * activity, an attempt fails), so waiting for a new event would miss half of it.
 */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import { failureOf } from '../http/errors';
import type { EventClient, StreamEvent } from '../http/eventClient';
import { EventStreams, type Watcher } from '../http/eventStreams';
import { jsonPieces, type Lazily } from '../http/lazyList';
import { answerLanguage, type Language, spoken } from '../http/messages/language';
import type { WrappedTaskInstance } from './document/types';

const LOOK_MS = 300;
/** What a subtask adds to that: a look at a task of 42 000 subtasks takes half a second of a core, and comes every ten. */
const LOOK_MS_PER_SUBTASK = 0.25;
/** Longer documents are made again for each client, part by part, instead of waiting as one text. */
const MAX_TEXT = 1_000_000;
export interface TaskEventsDeps {
  /** Undefined when there is no such task. Refusal 503 when it cannot be read now. */
  read(taskId: number, language: Language): Promise<Lazily<WrappedTaskInstance> | undefined>;
}

interface TaskEvent extends StreamEvent {
  readonly subtasks: number;
}

async function eventOf(document: Lazily<WrappedTaskInstance>): Promise<TaskEvent> {
  const hash = createHash('sha256');
  let text: string | undefined = '';
  for await (const piece of jsonPieces(document)) {
    hash.update(piece);
    text = text === undefined || text.length + piece.length > MAX_TEXT ? undefined : text + piece;
  }
  return {
    id: hash.digest('base64url').slice(0, 22),
    text: text ?? (() => jsonPieces(document)),
    last: document.closed === true,
    subtasks: document.subtasks.length,
  };
}

export class TaskEvents {
  readonly #deps: TaskEventsDeps;
  readonly #streams: EventStreams;
  /** By task and language: a document is made in one. */
  readonly #watches = new Map<string, Watch>();

  constructor(deps: TaskEventsDeps, streams = new EventStreams()) {
    this.#deps = deps;
    this.#streams = streams;
  }

  /** Tasks that are being read now, each language by itself. */
  get watched(): number {
    return this.#watches.size;
  }

  /**
   * Streams the task's document to the client until the task has ended for good, the client has gone, or the server
   * stops. An event `refused` is the last when the request is no longer permitted. With `Last-Event-ID` only what is
   * newer is sent; 204, which ends a browser's EventSource, when nothing ever will be.
   *
   * @throws Refusal 404 TSK10001 for an unknown task, 429 when the user has too many streams open, 503 when all have or
   *   it cannot be read now
   */
  async stream(taskId: number, watcher: Watcher): Promise<void> {
    const { request, response } = watcher;
    const language = answerLanguage(request);
    await this.#streams.hold(watcher, async (client) => {
      const watch = this.#watch(taskId, language);
      watch.add(client);
      try {
        const first = await watch.first;
        if (first.last && first.id === client.lastId) {
          if (!response.closed) response.status(204).end();
          return;
        }
        await this.#streams.run(watcher, client, async () => {
          client.send(watch.latest ?? first);
          await client.ended;
        });
      } finally {
        watch.remove(client);
        const key = watchKey(taskId, language);
        if (watch.idle && this.#watches.get(key) === watch) this.#watches.delete(key);
      }
    });
  }

  /** Ends every stream; clients connect again, to another process or a later one. */
  close(): void {
    this.#streams.close();
    for (const watch of this.#watches.values()) watch.end();
    this.#watches.clear();
  }

  #watch(taskId: number, language: Language): Watch {
    const key = watchKey(taskId, language);
    const known = this.#watches.get(key);
    if (known !== undefined) return known;
    const watch = new Watch(() => this.#read(taskId, language), language);
    this.#watches.set(key, watch);
    return watch;
  }

  async #read(taskId: number, language: Language): Promise<TaskEvent> {
    const document = await this.#deps.read(taskId, language);
    if (document !== undefined) return await eventOf(document);
    throw new Refusal(404, 'TSK10001', say('task.unknown', { id: taskId }), {
      target: `task:${taskId}`,
    });
  }
}

function watchKey(taskId: number, language: Language): string {
  return `${taskId} ${language}`;
}

/** One task and who watches it; reads while there is somebody. */
class Watch {
  latest: TaskEvent | undefined;
  /** The first reading; fails as reading fails. */
  readonly first: Promise<TaskEvent>;
  readonly #read: () => Promise<TaskEvent>;
  readonly #language: Language;
  readonly #clients = new Set<EventClient>();
  readonly #stop = new AbortController();

  constructor(read: () => Promise<TaskEvent>, language: Language) {
    this.#read = read;
    this.#language = language;
    this.first = read();
    this.first.then(
      (event) => {
        this.latest = event;
        if (!event.last) void this.#look();
      },
      () => undefined,
    );
  }

  /** Nobody watches. */
  get idle(): boolean {
    return this.#clients.size === 0;
  }

  add(client: EventClient): void {
    this.#clients.add(client);
  }

  remove(client: EventClient): void {
    this.#clients.delete(client);
    if (this.idle) this.#stop.abort();
  }

  end(): void {
    this.#stop.abort();
    for (const client of this.#clients) client.close();
  }

  async #look(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = LOOK_MS + LOOK_MS_PER_SUBTASK * (this.latest?.subtasks ?? 0);
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const event = await this.#read();
        if (event.id === this.latest?.id) continue;
        this.latest = event;
        for (const client of this.#clients) client.send(event);
        if (event.last) return;
      } catch (error) {
        // The stream outlives an outage of Temporal or of the database; what has changed meanwhile comes afterwards.
        const { message } = failureOf(error).error;
        for (const client of this.#clients) client.comment(spoken(message, this.#language));
      }
    }
  }
}
