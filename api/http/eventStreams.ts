import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import { EventClient, RETRY_MS } from './eventClient';
import { inLanguage, languageOf } from './messages/language';

const MAX_STREAMS = 1_000;
/** One user must not keep the others from watching. */
const MAX_STREAMS_OF_USER = 250;

/** Calls `end` once, as soon as the request would be refused; to be released when the answer has ended. */
export type WhilePermitted = (end: (refusal: Refusal) => void) => { release(): void };

/** Who watches, and where. */
export interface Watcher {
  readonly request: Request;
  readonly response: Response;
  readonly userId: number;
  readonly whilePermitted: WhilePermitted;
}

/** The streams of Server-Sent Events that this process has open, whatever of. */
export class EventStreams {
  /** By user, none of them 0. */
  readonly #streamsOf = new Map<number, number>();
  readonly #clients = new Set<EventClient>();
  #closed = false;

  /**
   * Counts a stream while `work` is at it.
   *
   * @throws Refusal 429 when the user has too many streams open, 503 when all have or the server stops
   */
  async hold(
    { request, response, userId }: Watcher,
    work: (client: EventClient) => Promise<void>,
  ): Promise<void> {
    this.#refuseWhenFull(userId);
    this.#count(userId, 1);
    const client = new EventClient(response, request.get('last-event-id') ?? '');
    this.#clients.add(client);
    try {
      await work(client);
    } finally {
      client.close();
      this.#clients.delete(client);
      this.#count(userId, -1);
    }
  }

  /**
   * Begins the answer, and ends it with an event `refused` when the request is no longer permitted; `work` sends what
   * there is to send and ends when the stream does.
   */
  async run({ request, response, whilePermitted }: Watcher, client: EventClient, work: () => Promise<void>) {
    if (response.closed) return;
    if (this.#closed) throw stopping();
    if (request.method === 'HEAD') {
      client.head();
      return;
    }
    client.open();
    const language = languageOf(request);
    const permitted = whilePermitted(({ code, said }) =>
      client.refuse(inLanguage({ code, message: said }, language)),
    );
    try {
      await work();
    } finally {
      permitted.release();
    }
  }

  /** Ends every stream; clients connect again, to another process or a later one. */
  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
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
}

function stopping(): Refusal {
  return new Refusal(503, 'COM10004', say('events.stopping'));
}
