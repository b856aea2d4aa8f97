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

/** Whether an activity ended because it was told to; one whose worker was dead then runs into its timeout. */
export function wasCancelled(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return error.cause instanceof CancelledFailure || error.retryState === 'CANCEL_REQUESTED';
}

export interface FailureContext {
  /** Seconds of the subtask, named when they are over. */
  readonly timeout?: number;
  /** No time was left for another attempt: Temporal then hands on what the last one said. */
  readonly outOfTime?: boolean;
  /** It had been told to stop, and its worker was lost before it answered. */
  readonly cancelUnanswered?: boolean;
}

/**
 * One text for a person.
 *
 * @param error a failure as the SDK decodes it
 */
export function failureText(error: unknown, context: FailureContext = {}): string {
  const { timeout, outOfTime } = context;
  if (error instanceof ActivityFailure && error.cause !== undefined) {
    return failureText(error.cause, {
      ...context,
      outOfTime: error.retryState === 'TIMEOUT',
      cancelUnanswered: error.retryState === 'CANCEL_REQUESTED',
    });
  }
  if (error instanceof TimeoutFailure && context.cancelUnanswered === true) {
    return 'TSK10014: It was cancelled, and the worker that ran it was lost: its command may still run on the host.';
  }
  if (error instanceof TimeoutFailure) return timeoutText(error, timeout);
  if (error instanceof CancelledFailure) return 'TSK10014: It was cancelled.';
  const text = error instanceof Error ? error.message : String(error);
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return outOfTime === true ? `TSK10012: Given up after ${timeout} s. The last attempt said: ${cut}` : cut;
}

/** Seconds of one run: OCP documents 0 for nodes that do nothing; they get half a minute. */
export function effectiveTimeout(timeout: number): number {
  return timeout > 0 ? timeout : 30;
}
