import { ApplicationFailure } from '@temporalio/common';
import { PermanentError, TransientError } from '../runtime/errors';
import { printable } from '../runtime/printable';

/** The server cuts the last failure of an open activity at 4 KiB. */
const MAX_MESSAGE = 3_000;

function cut(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/**
 * The failure that Temporal stores for an error of an activity: a TransientError may be tried again, a PermanentError and
 * everything unexpected may not. Only the masked text travels: no cause, no stack of ours, because errors of libraries
 * carry statements and addresses with them.
 */
export function failureOf(
  error: unknown,
  mask: (text: string) => string = (text) => text,
): ApplicationFailure {
  const known = error instanceof TransientError || error instanceof PermanentError;
  const type = known ? error.type : 'Unexpected';
  const text = error instanceof Error ? error.message : String(error);
  const failure = ApplicationFailure.create({
    message: cut(printable(mask(known ? text : `Unexpected error: ${text}`))),
    type,
    nonRetryable: !(error instanceof TransientError),
    details: known && error.code !== undefined ? [{ code: error.code }] : [],
  });
  // The stack repeats the message and names files of this machine; it helps nobody who reads a history.
  failure.stack = `${type}: ${failure.message}`;
  return failure;
}
