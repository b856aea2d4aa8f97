import { PermanentError, TransientError, type Trouble } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { DuplicateError } from './types';

/** SQLSTATEs and socket errors of PostgreSQL that say the server cannot be reached or is going down. */
const UNAVAILABLE = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // Unix socket of a server that is not there (yet).
  'ENOENT',
]);
/** Serialization failure, deadlock, lock_timeout, idle_in_transaction_session_timeout. */
const BUSY = new Set(['40001', '40P01', '55P03', '25P03']);
/** Wrong password, unknown role, unknown database, no privilege. */
const REFUSED = new Set(['28P01', '28000', '3D000', '42501']);
/** Texts of pg for connections that ended under a query or were never made; they carry no code. */
const LOST =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error/i;

/** The `code` of an error: SQLSTATE, SQLITE_… or an errno; '' when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** The text of an error, without the "Error:" that String() puts before it. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message);
}

/** Another connection holds the lock this statement needs; the statement did nothing and may be repeated. */
export function isSqliteBusy(error: unknown): boolean {
  const code = codeOf(error);
  return (code === 'SQLITE_BUSY' || code.startsWith('SQLITE_BUSY_')) && code !== 'SQLITE_BUSY_SNAPSHOT';
}

/**
 * A driver's error as the rest of the product knows it: DuplicateError (unique violation), TransientError
 * (DatabaseBusy, DatabaseUnavailable) or PermanentError (DatabaseRefused, DatabaseUnusable). Errors that are none
 * of these (a wrong statement, say) come back as they are. `where` names the database without its password.
 */
export function translateError(error: unknown, where: string): unknown {
  const code = codeOf(error);
  const message = messageOf(error);
  const trouble = (type: string, next: Text): Trouble => ({
    type,
    tried: say('store.use'),
    where,
    cameBack: message === '' ? code : message,
    next,
  });
  const options = { cause: error };
  if (code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return new DuplicateError(message, options);
  }
  if (BUSY.has(code) || code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new TransientError(trouble('DatabaseBusy', say('next.otherWriter')), options);
  }
  if (UNAVAILABLE.has(code) || /^08/.test(code) || (code === '' && LOST.test(message))) {
    return new TransientError(trouble('DatabaseUnavailable', say('next.checkDatabaseRuns')), options);
  }
  if (REFUSED.has(code)) {
    return new PermanentError(trouble('DatabaseRefused', say('next.checkDatabaseLogin')), options);
  }
  if (code === '53100' || code === 'SQLITE_FULL') {
    return new PermanentError(trouble('DatabaseFull', say('next.freeDiskSpace')), options);
  }
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR|PERM|AUTH)/.test(code)) {
    return new PermanentError(trouble('DatabaseUnusable', say('next.checkFileOwner')), options);
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return new PermanentError(trouble('DatabaseDamaged', say('next.restoreFile')), options);
  }
  return error;
}

/**
 * PostgreSQL cannot hold U+0000 in text and SQLite silently cuts the text there, so it becomes U+FFFD on the way
 * in: command output with a stray NUL stays readable, and a filter with one finds nothing instead of failing.
 */
export function withoutNul(parameters: readonly unknown[]): unknown[] {
  return parameters.map((value) =>
    typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value,
  );
}
