import { createParser } from 'eventsource-parser';
import { until } from '../support/until';
import { basic, type Json, PASSWORD } from './harness';

export interface SeenEvent {
  /** Undefined for documents. */
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly data: Json;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A client of Server-Sent Events, as a browser is one. */
export class EventStream {
  readonly status: number;
  readonly events: SeenEvent[] = [];
  readonly comments: string[] = [];
  ended = false;
  readonly #abort: AbortController;

  static async open(
    url: string,
    lastEventId?: string,
    login: Record<string, string> = { authorization: basic('admin', PASSWORD) },
  ): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(url, {
      signal: abort.signal,
      headers: {
        ...login,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
    });
    return new EventStream(response, abort);
  }

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.#abort = abort;
    void this.#read(response);
  }

  async #read(response: Response): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, id, data }) =>
        this.events.push({ name: event, id, data: JSON.parse(data), at: Date.now() }),
      onComment: (comment) => this.comments.push(comment),
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch {
      // Closed by either side.
    }
    this.ended = true;
  }

  /** The first event, from `from` on, that fits. */
  event(what: string, fits: (data: Json) => boolean, from = 0): Promise<SeenEvent> {
    return until(what, () => this.events.slice(from).find(({ data }) => fits(data)));
  }

  end(): Promise<true> {
    return until('the end of the stream', () => this.ended);
  }

  /** The client goes away. */
  leave(): void {
    this.#abort.abort();
  }
}
