/** Temporal suggests a new run at 4 096 events and ends a workflow at 51 200. */
const CONTINUE_AFTER = 10_000;

/**
 * Whether a history is long enough for a new run of the workflow. A seam that was given up, because something ran for
 * longer than its patience, is due again at `againAt` events and not before: Temporal goes on suggesting it, and the task
 * would stand still until what runs has ended.
 */
export function seamIsDue(
  { historyLength, continueAsNewSuggested }: { historyLength: number; continueAsNewSuggested: boolean },
  continueAfter: number = CONTINUE_AFTER,
  againAt?: number,
): boolean {
  return againAt === undefined
    ? continueAsNewSuggested || historyLength >= continueAfter
    : historyLength >= againAt;
}
