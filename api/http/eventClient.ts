/** The other end of a stream of Server-Sent Events. */
import type { Writable } from 'node:stream';
import type { Response } from 'express';
import { compresses, gzipInto } from './compression';
import type { ErrorBody } from './envelope';
import { taken } from './lazyList';

/** Below the idle timeouts of usual proxies. */
const HEARTBEAT_MS = 15_000;
/** A client waits so long before it connects again. */
export const RETRY_MS = 1_000;
/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // nginx would keep events back.
  'x-accel-buffering': 'no',
  connection: 'close',
};

export interface StreamEvent {
  readonly id: string;
  /** JSON, at once when it is not long; else, or when it is only known when its turn comes, piece by piece. */
  readonly text: string | (() => AsyncIterable<string>);
  /** Nothing can come after it. */
  readonly last: boolean;
}

/** One connection. Its memory is bounded: while it takes nothing, only the newest document waits for it. */
export class EventClient {
  lastId: string;
  readonly ended: Promise<void>;
  readonly #response: Response;
  /** The response, or what compresses into it. */
  #out: Writable;
  #waiting: StreamEvent | undefined;
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
    this.#out = response;
    this.lastId = lastEventId;
    this.ended = new Promise((resolve) => response.once('close', resolve));
  }

  /** Whether events can still be sent. */
  get isOpen(): boolean {
    return this.#opened && !this.#out.writableEnded && !this.#response.destroyed;
  }

  /** Answers the head of the stream, and no more. */
  head(): void {
    this.#response.status(200).set(HEAD).end();
  }

  /** Writes the head of the answer; compressed, where the client takes that, each write by itself. */
  open(): void {
    this.#opened = true;
    this.#response.status(200).set(HEAD);
    if (compresses(this.#response)) this.#out = gzipInto(this.#response, 'stream');
    this.#out.write(`retry: ${RETRY_MS}\n\n`);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Sends what is newer than what the client has, and ends after the last. */
  send(event: StreamEvent): void {
    if (!this.#opened || this.#out.writableEnded) return;
    this.#waiting = event;
    if (!this.#sending) void this.#sendWaiting();
  }

  /** The same, and waits until the client has taken it; for who sends one event after the other. False when it has gone. */
  async sendWhole(event: StreamEvent): Promise<boolean> {
    if (!this.isOpen || !(await this.#taken())) return false;
    await this.#write(event);
    if (this.#refusal !== undefined) this.refuse(this.#refusal);
    return this.isOpen;
  }

  /** The same text only once in a row. */
  comment(text: string): void {
    if (!this.#opened || text === this.#lastComment || this.#busy) return;
    this.#lastComment = text;
    this.#out.write(`: ${text.replace(/[\r\n]+/g, ' ')}\n\n`);
  }

  /** Ends the stream with an event that says why; it has no id, so that a later stream goes on where this one was. */
  refuse(error: ErrorBody): void {
    if (this.#out.writableEnded) return;
    if (this.#midEvent) {
      this.#refusal = error;
      return;
    }
    this.#out.write(`event: refused\ndata: ${JSON.stringify(error)}\n\n`);
    this.close();
  }

  close(): void {
    clearInterval(this.#heartbeat);
    if (this.#opened && !this.#out.writableEnded) this.#out.end();
  }

  get #busy(): boolean {
    return this.#midEvent || this.#out.writableNeedDrain;
  }

  async #sendWaiting(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting !== undefined && !this.#out.writableEnded) {
        if (!(await this.#taken())) return;
        const event: StreamEvent = this.#waiting;
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

  async #write({ id, text }: StreamEvent): Promise<void> {
    this.#lastComment = '';
    if (typeof text === 'string') this.#out.write(`id: ${id}\ndata: ${text}\n\n`);
    else {
      this.#midEvent = true;
      this.#out.write(`id: ${id}\ndata: `);
      for await (const piece of text()) {
        this.#out.write(piece);
        if (!(await this.#taken()) || this.#out.writableEnded) return;
      }
      this.#out.write('\n\n');
      this.#midEvent = false;
    }
    this.lastId = id;
  }

  /** False when the client has gone. */
  async #taken(): Promise<boolean> {
    if (!this.#out.writableNeedDrain) return !this.#response.destroyed;
    this.#stalledSince ??= Date.now();
    const goesOn = await taken(this.#out);
    this.#stalledSince = undefined;
    return goesOn;
  }

  #beat(): void {
    const stalled = this.#stalledSince;
    if (stalled !== undefined && Date.now() - stalled > STALLED_MS) this.#response.destroy();
    else if (!this.#busy && !this.#out.writableEnded) this.#out.write(':\n\n');
  }
}
