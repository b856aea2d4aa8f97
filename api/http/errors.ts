import { z } from 'zod';
import { isSecretParameter } from '../../oceanbase/parameters';
import { Refusal, type SubError } from '../../operations/refusal';
import { PermanentError, TransientError } from '../../runtime/errors';
import { faultOf, say } from '../../runtime/messages/catalogue';
import { DuplicateError, InUseError } from '../../store/types';
import type { Said, Text } from '../../workflows/text';
import { faultAt, fieldName } from './bodyShape';
import type { SaidError } from './messages/language';

/** An error as the client sees it, in no language yet (inLanguage). */
export interface Failure {
  readonly status: number;
  readonly error: SaidError;
  /** Nobody expected it: goes to the server's log with its stack. */
  readonly unexpected?: true;
}

const SECRET_FIELD = /pass(word|wd|phrase)|secret/i;
const MAX_SHOWN = 200;
/** Faults that are listed; a body may have as many as it has fields. */
const MAX_LISTED = 100;
/** Faults that the message tells. */
const MAX_TOLD = 5;

function failure(
  status: number,
  code: string,
  message: Said,
  more: {
    target?: string | undefined;
    subErrors?: readonly SubError[];
    heldBy?: number | undefined;
  } = {},
): Failure {
  return {
    status,
    error: {
      code,
      message,
      ...(more.target === undefined ? {} : { target: more.target }),
      ...(more.heldBy === undefined ? {} : { heldBy: more.heldBy }),
      ...(more.subErrors === undefined || more.subErrors.length === 0 ? {} : { subErrors: more.subErrors }),
    },
  };
}

/**
 * What a client learns of an error. Statuses follow the reference mapping of ocp-express: 400 also for unreadable
 * JSON, 404 for what does not exist, 409 for conflicts; but an unknown path is 404 and an unknown method 405 (docs/api.md).
 */
export function failureOf(error: unknown, input?: unknown): Failure {
  if (error instanceof Refusal) return failure(error.status, error.code, error.said, error);
  if (error instanceof z.ZodError) return validationFailure(error, input);
  if (error instanceof DuplicateError || error instanceof InUseError)
    return failure(409, 'COM10005', error.said);
  if (error instanceof TransientError) return failure(503, error.code ?? 'COM10004', error.said);
  if (error instanceof PermanentError) {
    return { ...failure(500, error.code ?? 'COM10999', error.said), unexpected: true };
  }
  return httpFailure(error) ?? unexpectedFailure();
}

function unexpectedFailure(): Failure {
  return { ...failure(500, 'COM10999', say('http.unexpected')), unexpected: true };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
}

/** Whether the value is that of a parameter, `{name, value}`, whose name says that it is a secret. */
function isSecretValue(input: unknown, path: readonly PropertyKey[]): boolean {
  const name = path.at(-1) === 'value' ? valueAt(input, [...path.slice(0, -1), 'name']) : undefined;
  return typeof name === 'string' && isSecretParameter(name);
}

/** The rejected value when it may be shown: no secrets, no structures, nothing long. */
function shown(field: string, value: unknown): { rejectedValue?: unknown } {
  if (SECRET_FIELD.test(field) || value === undefined || (typeof value === 'object' && value !== null))
    return {};
  return { rejectedValue: typeof value === 'string' ? value.slice(0, MAX_SHOWN) : value };
}

const TYPES: Readonly<Record<string, Text>> = {
  string: say('must.string'),
  number: say('must.number'),
  int: say('must.whole'),
  boolean: say('must.boolean'),
  array: say('must.list'),
  object: say('must.object'),
};
/** What zod says where a schema brings no text of its own. */
const BY_DEFAULT = /^(Invalid input|Too big|Too small)\b/;

/** What is wrong with a field, said to follow its name. */
function faultText(issue: z.core.$ZodIssue): Said {
  if (!BY_DEFAULT.test(issue.message)) return faultOf(issue.message);
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? say('must.be', { type: issue.expected });
  if (issue.code === 'too_big') {
    const limit = Number(issue.maximum);
    if (issue.origin === 'string') return say('must.charactersAtMost', { limit });
    return say(issue.origin === 'array' ? 'must.entriesAtMost' : 'must.atMost', { limit });
  }
  if (issue.code === 'too_small') {
    const limit = Number(issue.minimum);
    if (issue.origin === 'string') return say('must.charactersAtLeast', { limit });
    return say(issue.origin === 'array' ? 'must.entriesAtLeast' : 'must.atLeast', { limit });
  }
  return issue.message;
}

function validationFailure(error: z.ZodError, input: unknown): Failure {
  const subErrors = error.issues.slice(0, MAX_LISTED).map((issue): SubError => {
    const field = fieldName(issue.path);
    const value = valueAt(input, issue.path);
    const missing = value === undefined && issue.code === 'invalid_type' && issue.path.length > 0;
    const secret = isSecretValue(input, issue.path);
    return {
      field,
      ...(secret ? {} : shown(field, value)),
      message: missing ? say('is.required') : faultText(issue),
    };
  });
  const faults = subErrors.slice(0, MAX_TOLD).map(({ field, message }) => faultAt(field, message));
  const more = error.issues.length - MAX_TOLD;
  const message =
    more > 0 ? say('request.faultsAndMore', { faults, more }) : say('request.faults', { faults });
  return failure(400, 'COM10001', message, { subErrors });
}

const HTTP_TEXTS: Readonly<Record<string, Text>> = {
  'entity.parse.failed': say('http.noJson'),
  'entity.too.large': say('http.tooLarge'),
  'encoding.unsupported': say('http.encoding'),
  'charset.unsupported': say('http.charset'),
  'request.size.invalid': say('http.length'),
  'request.aborted': say('http.aborted'),
};

/** Errors of the HTTP layer (http-errors of Express and its body parser), recognised by their status. */
function httpFailure(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  const type = 'type' in error && typeof error.type === 'string' ? error.type : '';
  return failure(status, 'COM10003', HTTP_TEXTS[type] ?? say('http.unreadable'));
}
