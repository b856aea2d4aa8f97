/**
 * One MySQL-protocol connection to an OBProxy or observer: text statements only, every wait bounded. mysql2 leaves a
 * query's promise pending for ever when its connection is destroyed, and its own query timeout leaves the connection
 * blocked; so each wait here races the connection's end, a timer and the caller's signal, and a timeout destroys.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Connection, createConnection, type QueryError } from 'mysql2';
import { connectTo, type Destination, giveUp } from '../runtime/addresses';
import { SaidError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { printable } from '../runtime/printable';

/** Thrown when the server answered with an error. Match `errno`: mysql2's `code` names other errors for OceanBase. */
export class SqlError extends Error {
  readonly errno: number;
  constructor(errno: number, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** Thrown when there is no answer: refused, lost, silent for too long, or abandoned by the caller's signal. */
export class SqlConnectionError extends SaidError {
  /** The machine was reached, and said that nothing listens there; of several servers, each did. */
  readonly nobodyListens: boolean;
  constructor(said: Said, { nobodyListens = false }: { readonly nobodyListens?: boolean } = {}) {
    super(said);
    this.nobodyListens = nobodyListens;
  }
}

/** OceanBase's "Timeout": a statement that was given up, and may have done its work all the same. */
const TIMEOUT = 4012;

/** Whether a statement was not answered: nothing came back, or that it took too long. What it did is not known. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof SqlConnectionError || (error instanceof SqlError && error.errno === TIMEOUT);
}

/**
 * What a server says that boots, and serves a moment later: 8001 "Server is initializing", then 5150 "Tenant not in this
 * server" (both seen on OceanBase's engine 4.3.5.3; 5150 also comes from a server that never holds the sys tenant).
 */
const NOT_YET: ReadonlySet<number> = new Set([8001, 5150]);

/**
 * Whether a question could not be asked for now: it was not answered, or by a server that boots or does not hold the tenant. That
 * is neither yes nor no: another server may answer, or the same one later. A statement that was to change something has done
 * nothing then, unless `isUnanswered`.
 */
export function couldNotAsk(error: unknown): boolean {
  return isUnanswered(error) || (error instanceof SqlError && NOT_YET.has(error.errno));
}

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlSession {
  /** @param withinMs milliseconds instead of the session's */
  query(sql: string, withinMs?: number): Promise<SqlRow[]>;
  close(): void;
}

export interface SqlTarget {
  /** An open stream (a tunnel), or an address. */
  readonly to: { readonly stream: Duplex } | Destination;
  readonly user: string;
  readonly password: string;
  /** For the login and for each statement; milliseconds. */
  readonly timeoutMs: number;
  /** For the login instead. */
  readonly loginMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The error without the statement (mysql2 keeps it in `sql`, where a password may stand): only number and text. An error of
 * this machine's sockets has a negative number, one of the server a positive.
 */
function cleaned(error: QueryError & { sqlState?: string | undefined }): SqlError | SqlConnectionError {
  const errno = error.errno ?? 0;
  if (errno > 0 && error.sqlState !== undefined) return new SqlError(errno, error.message);
  return new SqlConnectionError(error.message, { nobodyListens: error.code === 'ECONNREFUSED' });
}

/** All that OBProxies and observers are asked for fits into a hundredth of this. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2;

/**
 * A machine that is gone says nothing. After so long without a word its kernel is asked, and ten questions, one a second,
 * without an answer end the connection; statements that take minutes, as BOOTSTRAP does, would else be waited for to their limit.
 */
const KEEPALIVE_MS = 10_000;

/**
 * Logs in.
 * @throws SqlError with errno 1045 when the login is refused; SqlConnectionError when there is no answer; AddressDenied.
 */
export async function openSqlSession(target: SqlTarget): Promise<SqlSession> {
  target.signal?.throwIfAborted();
  const stream = 'stream' in target.to ? target.to.stream : connectTo(target.to);
  if (stream instanceof Socket) stream.setKeepAlive(true, KEEPALIVE_MS);
  const loginMs = target.loginMs ?? target.timeoutMs;
  const connection: Connection = createConnection({
    stream,
    user: target.user,
    password: target.password,
    connectTimeout: loginMs,
    // Without an own limit, a long text would be cut to 80 characters in the error.
    multipleStatements: false,
  });
  let ended: SqlError | SqlConnectionError | undefined;
  // A server that is not what it should be may answer for ever: so much of one answer is held in memory.
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > MAX_ANSWER_BYTES)
      end(new SqlConnectionError(say('sql.answerTooLong', { mib: MAX_ANSWER_BYTES / 1024 ** 2 })));
  });
  const waiting = new Set<(error: SqlError | SqlConnectionError) => void>();
  const end = (error: SqlError | SqlConnectionError): void => {
    ended ??= error;
    for (const reject of waiting) reject(ended);
    waiting.clear();
    if (stream instanceof Socket) giveUp(stream);
    connection.destroy();
    stream.destroy();
  };
  connection.on('error', (error: QueryError) => end(cleaned(error)));
  connection.on('end', () => end(new SqlConnectionError(say('sql.connectionClosed'))));

  /** Runs `start` and settles with it, the connection's end, the timer or the signal, whichever is first. */
  const bounded = <T>(
    ms: number,
    start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const stop = (text: Text) => () => end(new SqlConnectionError(text));
      const abandoned = stop(say('sql.cancelled'));
      const timer = setTimeout(stop(say('text.noAnswerWithin', { ms })), ms);
      const settle = <V>(then: (value: V) => void) => {
        return (value: V): void => {
          clearTimeout(timer);
          target.signal?.removeEventListener('abort', abandoned);
          waiting.delete(failed);
          then(value);
        };
      };
      const failed = settle<Error>(reject);
      waiting.add(failed);
      target.signal?.addEventListener('abort', abandoned);
      start(settle(resolve), failed);
    });

  await bounded<void>(loginMs, (resolve, reject) => {
    connection.connect((error) => {
      if (error === null) return resolve();
      const clean = cleaned(error);
      reject(clean);
      end(clean);
    });
  });
  return {
    query: (sql, withinMs = target.timeoutMs) =>
      bounded<SqlRow[]>(withinMs, (resolve, reject) => {
        received = 0;
        connection.query(sql, (error, rows) => {
          if (error !== null) return reject(cleaned(error));
          resolve(Array.isArray(rows) ? (rows as SqlRow[]) : []);
        });
      }),
    close() {
      if (ended !== undefined) return;
      ended = new SqlConnectionError(say('sql.sessionClosed'));
      connection.end(() => end(new SqlConnectionError(say('sql.sessionClosed'))));
      // COM_QUIT is a courtesy: an unresponsive server must not keep the stream open.
      setTimeout(() => end(new SqlConnectionError(say('sql.sessionClosed'))), 1_000).unref();
    },
  };
}

/** A column as text fit to be shown and stored, whatever the case of its name; '' when NULL or absent. */
export function columnText(row: SqlRow, name: string): string {
  const key = Object.keys(row).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? undefined : row[key];
  return value === null || value === undefined ? '' : printable(String(value));
}
