/**
 * Works on all of a list, on so many of it together, and answers the results in its order. After a failure nothing more is
 * begun; the first one is thrown when all that had begun have ended.
 */
export async function someAtATime<T, R>(
  items: readonly T[],
  together: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  let failure: { readonly error: unknown } | undefined;
  // One iterator for all lanes: each takes what is next.
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) {
      try {
        results.set(index, await work(item));
      } catch (error) {
        failure ??= { error };
      }
      if (failure !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(together, items.length) }, lane));
  if (failure !== undefined) throw failure.error;
  return [...results].sort(([one], [other]) => one - other).map(([, result]) => result);
}
