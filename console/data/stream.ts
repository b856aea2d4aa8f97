import { createParser } from 'eventsource-parser';
import { ApiError, errorOf, loggedOut, ownHeaders } from './client';
import { connection } from './connection';

const AGAIN_MS = 1_000;
/** The API sends a comment every 15 s: who hears nothing for longer has lost it without being told. */
const SILENT_MS = 40_000;
/**
 * A page that nobody sees lets its stream go after so long: a browser has six connections for one address, and somebody
 * may have twenty pages of it open.
 */
const UNSEEN_MS = 15_000;

export interface Watching {
  readonly onEvent: (data: string) => void;
  /** The stream cannot be had: no such task, no permission. It is not asked for again. */
  readonly onRefused: (error: ApiError) => void;
  /** Whether events come in now. */
  readonly onLive?: (live: boolean) => void;
}

/**
 * Reads Server-Sent Events until the server says that nothing can come any more, or the caller leaves. A lost stream is
 * taken up where it was (Last-Event-ID). Not the browser's EventSource: that one hides why it was refused.
 *
 * @returns ends it
 */
export function watchEvents(path: string, watching: Watching): () => void {
  const leaving = new AbortController();
  void read(path, watching, leaving.signal);
  return () => leaving.abort();
}

async function read(path: string, watching: Watching, left: AbortSignal): Promise<void> {
  let lastId = '';
  while (!left.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    left.addEventListener('abort', stop, { once: true });
    const look = whenUnseen(stop);
    try {
      const answer = await fetch(path, {
        cache: 'no-store',
        credentials: 'same-origin',
        headers: {
          ...ownHeaders(),
          accept: 'text/event-stream',
          ...(lastId === '' ? {} : { 'last-event-id': lastId }),
        },
        signal: attempt.signal,
      });
      if (answer.status === 204) return;
      if (!answer.ok || answer.body === null) {
        const error = await errorOf(answer);
        if (refusedForGood(error)) {
          if (error.status === 401) loggedOut(error.message);
          else watching.onRefused(error);
          return;
        }
      } else {
        watching.onLive?.(true);
        const ended = await follow(answer.body, attempt, watching, (id) => {
          lastId = id;
        });
        if (ended) return;
      }
    } catch {
      // Given up by this page, it says nothing of the API.
      if (!attempt.signal.aborted) connection.lost();
    } finally {
      left.removeEventListener('abort', stop);
      look.stop();
      watching.onLive?.(false);
    }
    if (left.aborted) return;
    await connection.back();
    await seen(left);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** 429 and 5xx pass; everything else stays as it is. */
function refusedForGood({ status }: ApiError): boolean {
  return status < 500 && status !== 429 && status !== 408;
}

/** True when the login has ended, and with it the stream for good. */
async function follow(
  body: ReadableStream<Uint8Array>,
  attempt: AbortController,
  { onEvent, onRefused }: Watching,
  onId: (id: string) => void,
): Promise<boolean> {
  let refused = false;
  const parser = createParser({
    onEvent({ id, event, data }) {
      if (id !== undefined) onId(id);
      if (event === 'refused') {
        refused = true;
        const { code = '', message = '' } = JSON.parse(data) as { code?: string; message?: string };
        if (code === 'IAM10000') loggedOut(message);
        else onRefused(new ApiError(403, code, message));
      } else if (data !== '') onEvent(data);
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      clearTimeout(silence);
      silence = setTimeout(() => attempt.abort(), SILENT_MS);
      const { done, value } = await reader.read();
      if (done) return refused;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(silence);
  }
}

/** Calls back when the page has been out of sight for a while. */
function whenUnseen(tell: () => void): { stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(tell, UNSEEN_MS);
  };
  document.addEventListener('visibilitychange', look);
  look();
  return {
    stop() {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
  };
}

/** Resolves when somebody sees the page, or nobody waits any more. */
function seen(left: AbortSignal): Promise<void> {
  if (!document.hidden || left.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !left.aborted) return;
      document.removeEventListener('visibilitychange', done);
      left.removeEventListener('abort', done);
      resolve();
    };
    document.addEventListener('visibilitychange', done);
    left.addEventListener('abort', done);
  });
}
