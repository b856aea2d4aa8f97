import { currentLanguage } from '../words/language';
import { connection } from './connection';

/** A request that was refused, or got no answer (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly subErrors: readonly { readonly field: string; readonly message: string }[] = [],
    readonly traceId = '',
    /** The task that is in the way. */
    readonly heldBy?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

interface ErrorEnvelope {
  readonly traceId?: string;
  readonly error?: {
    readonly code?: string | number;
    readonly message?: string;
    readonly heldBy?: number;
    readonly subErrors?: readonly { readonly field: string; readonly message: string }[];
  };
}

let whenLoggedOut: (why: string) => void = () => undefined;

/** Who is to be told, in the API's words, when a request shows that nobody is logged in any more. */
export function onLoggedOut(tell: (why: string) => void): void {
  whenLoggedOut = tell;
}

export function loggedOut(why: string): void {
  whenLoggedOut(why);
}

/** Tells the API that this is the console (it then answers 401 without asking the browser for a password), and the language. */
export function ownHeaders(): Record<string, string> {
  return { 'x-requested-with': 'obflow-console', 'accept-language': currentLanguage() };
}

export interface Sending {
  readonly body?: unknown;
  /** Sent again under the same key, a request happens once. */
  readonly key?: string;
  readonly signal?: AbortSignal;
  /** A 401 says something about the body, not about the session. */
  readonly isLogin?: true;
}

/** Makes of a refused answer what is thrown; a broken proxy's page has no envelope. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  let envelope: ErrorEnvelope = {};
  try {
    envelope = JSON.parse(text) as ErrorEnvelope;
  } catch {
    // Not ours: its status has to say it.
  }
  const {
    code,
    message = `HTTP ${answer.status} ${answer.statusText}`.trim(),
    subErrors,
    heldBy,
  } = envelope.error ?? {};
  const { traceId = '' } = envelope;
  return new ApiError(answer.status, String(code ?? ''), message, subErrors ?? [], traceId, heldBy);
}

/**
 * Sends one request.
 *
 * @throws ApiError when it was refused; with status 0 when nobody answered
 */
export async function send(method: string, path: string, sending: Sending = {}): Promise<Response> {
  const { body, key, signal, isLogin } = sending;
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: {
        ...ownHeaders(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    connection.lost();
    throw new ApiError(0, '', error instanceof Error ? error.message : String(error));
  }
  if (answer.ok) return answer;
  const error = await errorOf(answer);
  if (error.status === 401 && !isLogin) loggedOut(error.message);
  throw error;
}

/** `data` of the answer; of a bare answer all of it. Throws as `send`. */
export async function call<T>(method: string, path: string, sending: Sending = {}): Promise<T> {
  const answer = await send(method, path, sending);
  const text = await answer.text();
  if (text === '') return undefined as T;
  const parsed = JSON.parse(text) as { readonly data?: T; readonly successful?: boolean };
  return parsed.successful === true ? (parsed.data as T) : (parsed as T);
}

/** The query of a URL: what is undefined or empty is left out. */
export function query(parts: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** One key for one intention, kept by whoever sends it again. `crypto.randomUUID` is not there without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
