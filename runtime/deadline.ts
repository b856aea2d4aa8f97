/**
 * Runs `work` with a signal that aborts when `outer` does, or after `ms` milliseconds. Its promise is not raced: `work` has
 * to obey the signal, and `passed()` says whether time was up.
 *
 * In the place of `AbortSignal.any([outer, AbortSignal.timeout(ms)])`: on Node 20 the timeout's signal is garbage as soon as
 * nothing else refers to it, and then never fires (nodejs/node#57736).
 */
export async function withDeadline<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal, passed: () => boolean) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort(new DOMException(`no end within ${ms} ms`, 'TimeoutError'));
  }, ms);
  const follow = () => controller.abort(outer?.reason);
  outer?.addEventListener('abort', follow, { once: true });
  if (outer?.aborted === true) follow();
  try {
    return await work(controller.signal, () => late && outer?.aborted !== true);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
}

/** What `promise` gives, or the signal's reason as soon as it aborts; what comes later is dropped. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
