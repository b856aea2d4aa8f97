/** Works on all of a list, on so many of it together; the first failure is thrown when all that had begun have ended. */
export async function someAtATime<T, R>(
  items: readonly T[],
  together: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += together) {
    const outcomes = await Promise.allSettled(items.slice(at, at + together).map(work));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
      results.push(outcome.value);
    }
  }
  return results;
}
