import type { Case } from './cases';
import { Lane } from './lane';
import { type CaseResult, type Reference, referenceRun, runCase } from './runCase';

export interface SuiteOptions {
  readonly cases: readonly Case[];
  readonly seed: number;
  /** Whole obflows side by side, each with hosts of its own. */
  readonly lanes: number;
  /** Workflows continue as new after so many events. */
  readonly historyEvents?: number;
  readonly onResult?: (result: CaseResult, done: number) => void;
}

/** Runs every case; the results come in the order of the cases. */
export async function runSuite({
  cases,
  seed,
  lanes,
  historyEvents,
  onResult,
}: SuiteOptions): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    let lane: Lane | undefined;
    let references = new Map<string, Reference>();
    try {
      for (;;) {
        const at = next;
        next += 1;
        const one = cases[at];
        if (one === undefined) return;
        if (lane === undefined) {
          lane = await Lane.start(historyEvents);
          references = new Map();
        }
        const reference = references.get(one.operation.name) ?? (await referenceRun(lane, one.operation));
        references.set(one.operation.name, reference);
        const result = await runCase(lane, one, reference, seed);
        results[at] = result;
        done += 1;
        onResult?.(result, done);
        if (!result.passed && !(await lane.healthy())) {
          await lane.stop();
          lane = undefined;
        }
      }
    } finally {
      await lane?.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, cases.length) }, work));
  return results;
}
