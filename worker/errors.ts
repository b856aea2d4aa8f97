import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { failureOf } from '../activities/failures';
import { PermanentError } from '../runtime/errors';

/**
 * Applies `failureOf` to every activity but the local ones (those are repeated for ever). An error that follows from
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
          if (cancelled && !decided) throw cancellationSignal.reason;
          const isFailure = error instanceof ApplicationFailure || error instanceof CancelledFailure;
          throw isFailure ? error : failureOf(error);
        }
      },
    },
  };
}
