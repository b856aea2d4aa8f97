/**
 * Server-Sent Events of tasks: the document once, then every change. Any number of watchers of a task share one
 * reader, which looks some times a second: what shows in a document is more than its history's events (a worker takes an
 * activity, an attempt fails), so waiting for a new event would miss half of it.
 */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { ErrorBody } from '../http/envelope';
import { failureOf } from '../http/errors';
import { jsonPieces, type Lazily, taken } from '../http/lazyList';
import { answerLanguage, inLanguage, type Language, spoken } from '../http/messages/language';
import type { WhilePermitted } from '../route';
import type { WrappedTaskInstance } from './document/types';

const LOOK_MS = 300;
/** What a subtask adds to that: a look at a task of 42 000 subtasks takes half a second of a core, and comes every ten. */
const LOOK_MS_PER_SUBTASK = 0.25;
/** Longer documents are made again for each client, part by part, instead of waiting as one text. */
const MAX_TEXT = 1_000_000;
/** Below the idle timeouts of usual proxies. */
const HEARTBEAT_MS = 15_000;
/** A client waits so long before it connects again. */
const RETRY_MS = 1_000;
/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;
const MAX_STREAMS = 1_000;
/** One user must not keep the others from watching. */
const MAX_STREAMS_OF_USER = 250;

export interface TaskEventsDeps {
  /** Undefined when there is no such task. Refusal 503 when it cannot be read now. */
  read(taskId: number, language: Language): Promise<Lazily<WrappedTaskInstance> | undefined>;
}

/** Who watches, and where. */
export interface Watcher {
  readonly request: Request;
  readonly response: Response;
  readonly userId: number;
  readonly whilePermitted: WhilePermitted;
}

interface TaskEvent {
  /** Digest of the document: the same in every API process and after a restart. */
  readonly id: string;
  /** The document as JSON, at once when it is not long. */
  readonly text: string | (() => AsyncIterable<string>);
  /** Nothing can come after it. */
  readonly last: boolean;
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
  /** By task and language: a document is made in one. */
  readonly #watches = new Map<string, Watch>();
  /** By user, none of them 0. */
  readonly #streamsOf = new Map<number, number>();
  #closed = false;

  constructor(deps: TaskEventsDeps) {
    this.#deps = deps;
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
  async stream(taskId: number, { request, response, userId, whilePermitted }: Watcher): Promise<void> {
    this.#refuseWhenFull(userId);
    this.#count(userId, 1);
    try {
      const language = answerLanguage(request);
      const watch = this.#watch(taskId, language);
      const client = new Client(response, request.get('last-event-id') ?? '');
      watch.add(client);
      try {
        const first = await watch.first;
        if (response.closed) return;
        if (this.#closed) throw stopping();
        if (first.last && first.id === client.lastId) {
          response.status(204).end();
          return;
        }
        response.status(200).set({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store, no-transform',
          // nginx would keep events back.
          'x-accel-buffering': 'no',
          connection: 'close',
        });
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        client.open();
        const permitted = whilePermitted(({ code, said }) =>
          client.refuse(inLanguage({ code, message: said }, language)),
        );
        try {
          client.send(watch.latest ?? first);
          await client.ended;
        } finally {
          permitted.release();
        }
      } finally {
        watch.remove(client);
        client.close();
        const key = watchKey(taskId, language);
        if (watch.idle && this.#watches.get(key) === watch) this.#watches.delete(key);
      }
    } finally {
      this.#count(userId, -1);
    }
  }

  /** Ends every stream; clients connect again, to another process or a later one. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) watch.end();
    this.#watches.clear();
  }

  #count(userId: number, change: 1 | -1): void {
    const own = (this.#streamsOf.get(userId) ?? 0) + change;
    if (own === 0) this.#streamsOf.delete(userId);
    else this.#streamsOf.set(userId, own);
  }

  #refuseWhenFull(userId: number): void {
    if (this.#closed) throw stopping();
    if ((this.#streamsOf.get(userId) ?? 0) >= MAX_STREAMS_OF_USER) {
      throw new Refusal(429, 'IAM20000', say('events.tooManyOfUser', { limit: MAX_STREAMS_OF_USER }), {
        retryAfterSeconds: RETRY_MS / 1000,
      });
    }
    const all = [...this.#streamsOf.values()].reduce((sum, streams) => sum + streams, 0);
    if (all < MAX_STREAMS) return;
    throw new Refusal(503, 'COM10004', say('events.tooMany', { limit: MAX_STREAMS }));
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

function stopping(): Refusal {
  return new Refusal(503, 'COM10004', say('events.stopping'));
}

/** One task and who watches it; reads while there is somebody. */
class Watch {
  latest: TaskEvent | undefined;
  /** The first reading; fails as reading fails. */
  readonly first: Promise<TaskEvent>;
  readonly #read: () => Promise<TaskEvent>;
  readonly #language: Language;
  readonly #clients = new Set<Client>();
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

  add(client: Client): void {
    this.#clients.add(client);
  }

  remove(client: Client): void {
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

/** One connection. Its memory is bounded: while it takes nothing, only the newest document waits for it. */
class Client {
  lastId: string;
  readonly ended: Promise<void>;
  readonly #response: Response;
  #waiting: TaskEvent | undefined;
  #sending = false;
  /** Between the first and the last piece of an event nothing else can be said. */
  #midEvent = false;
  #refusal: ErrorBody | undefined;
  #lastComment = '';
  #opened = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #stalledSince: number | undefined;

  constructor(response: Response, lastEventId: string) {
    this.#response = response;
    this.lastId = lastEventId;
    this.ended = new Promise((resolve) => response.once('close', resolve));
  }

  open(): void {
    this.#opened = true;
    this.#response.write(`retry: ${RETRY_MS}\n\n`);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Sends what is newer than what the client has, and ends after the last. */
  send(event: TaskEvent): void {
    if (!this.#opened || this.#response.writableEnded) return;
    this.#waiting = event;
    if (!this.#sending) void this.#sendWaiting();
  }

  /** The same text only once in a row. */
  comment(text: string): void {
    if (!this.#opened || text === this.#lastComment || this.#busy) return;
    this.#lastComment = text;
    this.#response.write(`: ${text.replace(/[\r\n]+/g, ' ')}\n\n`);
  }

  /** Ends the stream with an event that says why; it has no id, so that a later stream goes on where this one was. */
  refuse(error: ErrorBody): void {
    if (this.#response.writableEnded) return;
    if (this.#midEvent) {
      this.#refusal = error;
      return;
    }
    this.#response.write(`event: refused\ndata: ${JSON.stringify(error)}\n\n`);
    this.close();
  }

  close(): void {
    clearInterval(this.#heartbeat);
    if (this.#opened && !this.#response.writableEnded) this.#response.end();
  }

  get #busy(): boolean {
    return this.#midEvent || this.#response.writableNeedDrain;
  }

  async #sendWaiting(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting !== undefined && !this.#response.writableEnded) {
        if (!(await this.#taken())) return;
        const event: TaskEvent = this.#waiting;
        this.#waiting = undefined;
        if (event.id !== this.lastId) await this.#write(event);
        if (this.#refusal !== undefined) this.refuse(this.#refusal);
        else if (event.last) this.close();
      }
    } catch {
      // The document could not be made to its end: the client connects again and gets it from its beginning.
      this.#response.destroy();
    } finally {
      this.#sending = false;
    }
  }

  async #write({ id, text }: TaskEvent): Promise<void> {
    this.#lastComment = '';
    if (typeof text === 'string') this.#response.write(`id: ${id}\ndata: ${text}\n\n`);
    else {
      this.#midEvent = true;
      this.#response.write(`id: ${id}\ndata: `);
      for await (const piece of text()) {
        this.#response.write(piece);
        if (!(await this.#taken()) || this.#response.writableEnded) return;
      }
      this.#response.write('\n\n');
      this.#midEvent = false;
    }
    this.lastId = id;
  }

  /** False when the client has gone. */
  async #taken(): Promise<boolean> {
    if (!this.#response.writableNeedDrain) return !this.#response.destroyed;
    this.#stalledSince ??= Date.now();
    const goesOn = await taken(this.#response);
    this.#stalledSince = undefined;
    return goesOn;
  }

  #beat(): void {
    const stalled = this.#stalledSince;
    if (stalled !== undefined && Date.now() - stalled > STALLED_MS) this.#response.destroy();
    else if (!this.#busy && !this.#response.writableEnded) this.#response.write(':\n\n');
  }
}
