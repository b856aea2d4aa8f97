import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { NOT_YET } from '../activities/notYet';
import { queueWaitSeconds, subtaskSeconds, subtasksRunning } from '../runtime/metrics';

function outcomeOf(error: unknown): string {
  if (error instanceof CancelledFailure) return 'cancelled';
  if (!(error instanceof ApplicationFailure)) return 'retried';
  if (error.type === NOT_YET) return 'waits';
  return error.nonRetryable === true ? 'failed' : 'retried';
}

/** Measures every attempt of an activity; stands before the interceptor that decides what a failure is. */
export function measuringInterceptor({ info }: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        if (info.isLocal) return next(input);
        const began = Date.now();
        queueWaitSeconds.observe(Math.max(0, began - info.currentAttemptScheduledTimestampMs) / 1000);
        subtasksRunning.inc();
        let outcome = 'succeeded';
        try {
          return await next(input);
        } catch (error) {
          outcome = outcomeOf(error);
          throw error;
        } finally {
          subtasksRunning.dec();
          subtaskSeconds.observe({ activity: info.activityType, outcome }, (Date.now() - began) / 1000);
        }
      },
    },
  };
}
