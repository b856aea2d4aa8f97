/** What an operator reads of a Temporal failure; the interpreter and the translator must say the same. */
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { asText, isKeyed, type Keyed, type Said, type Text } from '../text';
import { say } from '../texts';

const MAX_LENGTH = 3000;

function timeoutSaid(error: TimeoutFailure, timeout: number | undefined): Text {
  const last = error.cause === undefined ? undefined : failureSaid(error.cause);
  if (error.timeoutType === 'HEARTBEAT') {
    return last === undefined ? say('failed.workerLost') : say('failed.workerLostAfter', { last });
  }
  const limit = timeout === undefined ? say('timeout.own') : say('timeout.seconds', { seconds: timeout });
  return last === undefined ? say('failed.timeout', { limit }) : say('failed.timeoutAfter', { limit, last });
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
 * One text for a person; with key and arguments when what failed has sent them (failureOf in activities/).
 *
 * @param error a failure as the SDK decodes it
 */
export function failureSaid(error: unknown, context: FailureContext = {}): Said {
  const { timeout, outOfTime } = context;
  if (error instanceof ActivityFailure && error.cause !== undefined) {
    return failureSaid(error.cause, {
      ...context,
      outOfTime: error.retryState === 'TIMEOUT',
      cancelUnanswered: error.retryState === 'CANCEL_REQUESTED',
    });
  }
  if (error instanceof TimeoutFailure && context.cancelUnanswered === true)
    return say('failed.cancelUnanswered');
  if (error instanceof TimeoutFailure) return timeoutSaid(error, timeout);
  if (error instanceof CancelledFailure) return say('failed.cancelled');
  const text = saidBy(error);
  return outOfTime === true && timeout !== undefined
    ? say('failed.givenUp', { seconds: timeout, last: text })
    : text;
}

function saidBy(error: unknown): Said {
  const text = error instanceof Error ? error.message : String(error);
  if (text.length > MAX_LENGTH) return `${text.slice(0, MAX_LENGTH)}…`;
  const sent = error instanceof ApplicationFailure ? textOf(error) : undefined;
  return sent === undefined ? text : asText(sent, text);
}

/** Key and arguments of a failure's text, as it sends them in its details. */
export function textOf({ details }: ApplicationFailure): Keyed | undefined {
  const [first] = details ?? [];
  const text = typeof first === 'object' && first !== null && 'text' in first ? first.text : undefined;
  return isKeyed(text) ? text : undefined;
}

/** Seconds of one run: OCP documents 0 for nodes that do nothing; they get half a minute. */
export function effectiveTimeout(timeout: number): number {
  return timeout > 0 ? timeout : 30;
}
