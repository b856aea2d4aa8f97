import type { Case } from './cases';

/** Of a run: its scene, the task up to the first fault, from there until the task has ended, and the look at what is left. */
export type Phase = 'arrange' | 'approach' | 'recover' | 'compare';

export interface CaseResult {
  readonly id: string;
  readonly seed: number;
  readonly passed: boolean;
  /** Where the fault struck. */
  readonly point: string;
  /** From the fault (of a host: from its end) until the subtask was done, without a person. */
  readonly recoveryMs?: number;
  /** What a person read before the one retry; undefined when none was needed. */
  readonly retried?: string;
  /** Of a run of several cases: this one's share. */
  readonly ms: number;
  /** What the time went for, in milliseconds. */
  readonly phases: Readonly<Partial<Record<Phase, number>>>;
  /** How many cases one run was made of, when it was not this one alone. */
  readonly together?: number;
  readonly problems: readonly string[];
}

/** What is seen of a case on the way. */
export interface Findings {
  point?: string;
  recoveryMs?: number;
  retried?: string;
}

/** Measures the phases of one run. */
export class Clock {
  readonly #started = Date.now();
  readonly #phases: Partial<Record<Phase, number>> = {};

  async phase<T>(name: Phase, work: () => Promise<T>): Promise<T> {
    const started = Date.now();
    try {
      return await work();
    } finally {
      this.#phases[name] = (this.#phases[name] ?? 0) + Date.now() - started;
    }
  }

  /** The result of one of `count` cases of this run. */
  result(one: Case, seed: number, seen: Findings, problems: readonly string[], count = 1): CaseResult {
    const share = (ms: number) => Math.round(ms / count);
    return {
      id: one.id,
      seed,
      passed: problems.length === 0,
      point: 'not reached',
      ...seen,
      ms: share(Date.now() - this.#started),
      phases: Object.fromEntries(Object.entries(this.#phases).map(([name, ms]) => [name, share(ms)])),
      ...(count === 1 ? {} : { together: count }),
      problems,
    };
  }
}
