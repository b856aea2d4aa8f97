/** How an activity's error becomes Temporal's: two classes, nothing in between. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { PermanentError, TransientError } from '../runtime/errors';

/** The server cuts the last failure of an open activity at 4 KiB. */
const MAX_MESSAGE = 3000;

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/**
 * The failure that Temporal records: a TransientError may be repeated, anything else waits for an operator. It
 * carries type, code and text, and no cause: a cause was written by somebody else and may hold a secret.
 */
function asFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = error instanceof TransientError || error instanceof PermanentError ? error : undefined;
  const failure = ApplicationFailure.create({
    message: messageOf(error),
    type: known?.type ?? (error instanceof Error ? error.name : 'Error'),
    nonRetryable: !(error instanceof TransientError),
    ...(known?.code === undefined ? {} : { details: [{ code: known.code }] }),
  });
  // The stack repeats the message and names files of this machine.
  failure.stack = `${failure.type}: ${failure.message}`;
  return failure;
}

/**
 * Applies `asFailure` to every activity but the local ones (those are repeated for ever). An error that follows from
 * a cancellation or a worker's shutdown counts as that, unless it says itself that a person must act.
 */
export function failureInterceptor(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          const { cancellationSignal, info } = context;
          if (info.isLocal) throw error;
          const cancelled =
            cancellationSignal.aborted && cancellationSignal.reason instanceof CancelledFailure;
          const decided = error instanceof PermanentError || error instanceof ApplicationFailure;
          throw cancelled && !decided ? cancellationSignal.reason : asFailure(error);
        }
      },
    },
  };
}
