import { ApplicationFailure } from '@temporalio/common';
import { PermanentError, saidOf, TransientError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import type { Said } from '../workflows/text';
import { kept } from './said';

/** The server cuts the last failure of an open activity at 4 KiB; the message is in it twice, with the stack. */
const MAX_MESSAGE = 3_000;
/** Bytes of key and arguments; a failure that is too large loses them, and its document is then in English. */
const MAX_TEXT = 1_000;

function cut(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/** What a person is told of an error; one that nobody expected is called so. */
export function failureText(error: unknown): Said {
  const said = saidOf(error);
  const known = error instanceof TransientError || error instanceof PermanentError;
  return known ? said : say('trouble.unexpected', { text: said });
}

/**
 * The failure that Temporal stores for an error of an activity: a TransientError may be tried again, a PermanentError and
 * everything unexpected may not. Only the masked text travels, with key and arguments for those who read it in Chinese: no
 * cause, no stack of ours, because errors of libraries carry statements and addresses with them.
 */
export function failureOf(
  error: unknown,
  mask: (text: string) => string = (text) => text,
): ApplicationFailure {
  const known = error instanceof TransientError || error instanceof PermanentError;
  const type = known ? error.type : 'Unexpected';
  const { en, text } = kept(failureText(error), mask, MAX_TEXT);
  const details = {
    ...(known && error.code !== undefined ? { code: error.code } : {}),
    ...(text === undefined ? {} : { text }),
  };
  const failure = ApplicationFailure.create({
    message: cut(en),
    type,
    nonRetryable: !(error instanceof TransientError),
    details: Object.keys(details).length === 0 ? [] : [details],
  });
  // The stack repeats the message and names files of this machine; it helps nobody who reads a history.
  failure.stack = `${type}: ${failure.message}`;
  return failure;
}
