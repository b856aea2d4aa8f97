import { z } from 'zod';
import { isSecretParameter } from '../../oceanbase/parameters';
import { Refusal, type SubError } from '../../operations/refusal';
import { PermanentError, TransientError } from '../../runtime/errors';
import { DuplicateError, InUseError } from '../../store/types';
import { fieldName } from './bodyShape';
import type { ErrorBody } from './envelope';

/** An error as the client sees it. */
export interface Failure {
  readonly status: number;
  readonly error: ErrorBody;
  /** Nobody expected it: goes to the server's log with its stack. */
  readonly unexpected?: true;
}

const SECRET_FIELD = /pass(word|wd|phrase)|secret/i;
const MAX_SHOWN = 200;
/** Faults that are listed; a body may have as many as it has fields. */
const MAX_LISTED = 100;

function failure(
  status: number,
  code: string,
  message: string,
  more: { target?: string | undefined; subErrors?: readonly SubError[] } = {},
): Failure {
  return {
    status,
    error: {
      code,
      message,
      ...(more.target === undefined ? {} : { target: more.target }),
      ...(more.subErrors === undefined || more.subErrors.length === 0 ? {} : { subErrors: more.subErrors }),
    },
  };
}

/**
 * What a client learns of an error. Statuses follow the reference mapping of ocp-express: 400 also for unreadable
 * JSON, 404 for what does not exist, 409 for conflicts; but an unknown path is 404 and an unknown method 405 (docs/api.md).
 */
export function failureOf(error: unknown, input?: unknown): Failure {
  if (error instanceof Refusal) return failure(error.status, error.code, error.message, error);
  if (error instanceof z.ZodError) return validationFailure(error, input);
  if (error instanceof DuplicateError || error instanceof InUseError)
    return failure(409, 'COM10005', error.message);
  if (error instanceof TransientError) return failure(503, error.code ?? 'COM10004', error.message);
  if (error instanceof PermanentError) {
    return { ...failure(500, error.code ?? 'COM10999', error.message), unexpected: true };
  }
  return httpFailure(error) ?? unexpectedFailure();
}

function unexpectedFailure(): Failure {
  const message =
    'Something unexpected happened. The server log has the details under the traceId of this answer.';
  return { ...failure(500, 'COM10999', message), unexpected: true };
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

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};
/** What zod says where a schema brings no text of its own. */
const BY_DEFAULT = /^(Invalid input|Too big|Too small)\b/;

/** What is wrong with a field, said to follow its name. */
function faultText(issue: z.core.$ZodIssue): string {
  if (!BY_DEFAULT.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return `must be ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    const limit = issue.code === 'too_big' ? `at most ${issue.maximum}` : `at least ${issue.minimum}`;
    if (issue.origin === 'string') return `must have ${limit} characters`;
    if (issue.origin === 'array') return `must have ${limit} entries`;
    return `must be ${limit}`;
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
      message: missing ? 'is required' : faultText(issue),
    };
  });
  const list = subErrors
    .slice(0, 5)
    .map(({ field, message }) => (field === '' ? `the request ${message}` : `${field} ${message}`))
    .join('; ');
  const more = error.issues.length > 5 ? `; and ${error.issues.length - 5} more` : '';
  return failure(400, 'COM10001', `The request cannot be accepted: ${list}${more}.`, { subErrors });
}

export const TOO_LARGE = 'The body is larger than 1 MB. Send fewer entries in one request.';
const HTTP_TEXTS: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'The body is not valid JSON. Send one JSON object.',
  'entity.too.large': TOO_LARGE,
  'encoding.unsupported':
    'The Content-Encoding is not supported. Send the body as it is, or with gzip or deflate.',
  'charset.unsupported': 'The charset of the body is not supported. Send JSON in UTF-8.',
  'request.size.invalid': 'The body does not have the length that Content-Length says.',
  'request.aborted': 'The request ended before its body did.',
};

/** Errors of the HTTP layer (http-errors of Express and its body parser), recognised by their status. */
function httpFailure(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  const type = 'type' in error && typeof error.type === 'string' ? error.type : '';
  return failure(
    status,
    'COM10003',
    HTTP_TEXTS[type] ?? 'The request cannot be read. Check its URL and headers.',
  );
}
