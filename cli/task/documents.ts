/** A task's document, again and again, as it changes. */
import { createParser } from 'eventsource-parser';
import { type ApiClient, NoAnswerError, RefusedError } from '../apiClient';
import { taskPath } from './show';

const POLL_MS = 1_000;
/** The server says something at least every quarter of a minute; a connection this silent is dead. */
const SILENCE_MS = 45_000;
/** An API without the stream, or something in between that has none. */
const NO_STREAM = new Set([400, 404, 405, 406, 501]);
/** Answers that asking again does not change. */
const FINAL = new Set([401, 403, 404]);

export interface Following {
  /** Ends the following; what is under way is dropped. */
  readonly signal: AbortSignal;
  /** Told once when an established connection is lost and tried again, and what the server says of its own troubles. */
  readonly onTrouble: (message: string) => void;
  /** False: ask every second, whether the document changes or not; default true. */
  readonly streams?: boolean;
}

/**
 * Yields the document now and after every change, until the consumer ends it or the signal does. By Server-Sent
 * Events, taken up again where they broke off; by asking every second from an API that has none.
 *
 * @throws RefusedError when there is no such task or no permission, NoAnswerError when already the first request fails
 */
export async function* taskDocuments(
  api: ApiClient,
  taskId: number,
  { signal, onTrouble, streams = true }: Following,
): AsyncGenerator<unknown> {
  const path = taskPath(taskId);
  yield await api.call('GET', path, { signal });
  const state: StreamState = { lastEventId: '', retryMs: POLL_MS };
  let polls = !streams;
  let inTrouble = false;
  while (!signal.aborted) {
    try {
      const found = polls ? asked(api, path, signal) : streamed(api, path, state, { signal, onTrouble });
      for await (const document of found) {
        inTrouble = false;
        yield document;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!polls && error instanceof NoStreamError) polls = true;
      else if (error instanceof RefusedError && FINAL.has(error.status)) throw error;
      else if (error instanceof RefusedError || error instanceof NoAnswerError) {
        if (!inTrouble) onTrouble(`${error.message} Trying again; Ctrl-C leaves.`);
        inTrouble = true;
      } else throw error;
    }
    await pause(polls ? POLL_MS : state.retryMs, signal);
  }
}

interface StreamState {
  lastEventId: string;
  retryMs: number;
}

class NoStreamError extends Error {
  constructor() {
    super('This API streams no events.');
    this.name = 'NoStreamError';
  }
}

async function* asked(api: ApiClient, path: string, signal: AbortSignal): AsyncGenerator<unknown> {
  yield await api.call('GET', path, { signal });
}

/** Ends when the server ends the stream. @throws NoStreamError when it has none */
async function* streamed(
  api: ApiClient,
  path: string,
  state: StreamState,
  { signal, onTrouble }: Following,
): AsyncGenerator<unknown> {
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await open(api, path, state, AbortSignal.any([signal, silence.signal]));
    const documents: unknown[] = [];
    const parser = createParser({
      onEvent({ event, id, data }) {
        // `refused`: the next request is told why.
        if (event !== undefined) return;
        if (id !== undefined) state.lastEventId = id;
        documents.push(JSON.parse(data));
      },
      onComment(text) {
        if (text.trim() !== '') onTrouble(text.trim());
      },
      onRetry(ms) {
        state.retryMs = ms;
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      watchdog.refresh();
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* documents.splice(0);
    }
  } catch (error) {
    if (error instanceof RefusedError || error instanceof NoAnswerError || error instanceof NoStreamError) {
      throw error;
    }
    if (error instanceof SyntaxError) throw new NoStreamError();
    throw new NoAnswerError(`The connection to ${api.base} was lost.`, false);
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

async function open(
  api: ApiClient,
  path: string,
  { lastEventId }: StreamState,
  signal: AbortSignal,
): Promise<Response> {
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }),
  };
  const response = await api.open(`${path}/events`, { headers, signal }).catch((error: unknown) => {
    if (error instanceof RefusedError && NO_STREAM.has(error.status)) throw new NoStreamError();
    throw error;
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
  throw new NoStreamError();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
