/** So much of what a wait has lasted it may be late. */
const LATE = 1 / 20;
const SHORTEST_MS = 100;

/**
 * The pause of a wait that has lasted for `waitedMs` and asks by SQL, in milliseconds: what comes soon is seen soon, and what
 * takes long is not asked for often.
 */
export function pauseAfter(waitedMs: number, longestMs = 1_000): number {
  return Math.min(Math.max(waitedMs * LATE, SHORTEST_MS), longestMs);
}

/** Pauses before look number `n`, from 0: short at first, because what starts is soon there, then patient. Milliseconds. */
export function lookPauses(firstMs: number, lastMs: number): (n: number) => number {
  return (n) => Math.min(firstMs * 1.5 ** n, lastMs);
}
