/** What an operator reads of a Temporal failure; the interpreter and the translator must say the same. */
import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';

const MAX_LENGTH = 3000;

function timeoutText(error: TimeoutFailure, timeout: number | undefined): string {
  const last = error.cause === undefined ? '' : ` Its last attempt said: ${failureText(error.cause)}`;
  if (error.timeoutType === 'HEARTBEAT') {
    return `TSK10015: The worker that ran it was lost.${last} Retry when a worker is up.`;
  }
  const limit = timeout === undefined ? 'its timeout' : `its timeout of ${timeout} s`;
  return `TSK10012: Not finished within ${limit}, waiting for a worker included.${last} Retry when the cause is gone.`;
}

/**
 * One text for a person.
 *
 * @param error a failure as the SDK decodes it
 * @param timeout seconds of the subtask, named when it was exceeded
 */
export function failureText(error: unknown, timeout?: number): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return failureText(error.cause, timeout);
  if (error instanceof TimeoutFailure) return timeoutText(error, timeout);
  if (error instanceof CancelledFailure) return 'TSK10014: It was cancelled.';
  const text = error instanceof Error ? error.message : String(error);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

/** Seconds of one run: OCP documents 0 for nodes that do nothing; they get half a minute. */
export function effectiveTimeout(timeout: number): number {
  return timeout > 0 ? timeout : 30;
}
