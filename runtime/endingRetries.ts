import {
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/** gRPC's CANCELLED. */
const CANCELLED = 1;

/**
 * The SDK's repetitions of failed calls, ending with the connection. The SDK (1.24) repeats after a timer and does not
 * ask whether the connection was closed meanwhile: grpc-js then throws "Channel has been shut down" out of the timer,
 * which ends the process, and the call never settles. After `end()` a call, first or repeated, fails as cancelled.
 */
export function endingRetries(): { interceptors: Interceptor[]; end(): void } {
  let ended = false;
  const unlessEnded: Interceptor = (options, nextCall) =>
    (ended ? refusedCall() : nextCall(options)) as never;
  return {
    // The first is the outermost: every repetition passes the second.
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), unlessEnded],
    end: () => {
      ended = true;
    },
  };
}

function refusedCall(): ReturnType<Parameters<Interceptor>[1]> {
  return {
    start(metadata, listener) {
      // Not before the caller has its call in hand.
      setImmediate(() => {
        listener?.onReceiveMessage?.(null);
        listener?.onReceiveStatus?.({
          code: CANCELLED,
          details: 'the connection to Temporal was closed',
          metadata,
        });
      });
    },
    cancelWithStatus() {},
    getPeer: () => '',
    sendMessage() {},
    sendMessageWithContext() {},
    startRead() {},
    halfClose() {},
    getAuthContext: () => null,
  };
}
