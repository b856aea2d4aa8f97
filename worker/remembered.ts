import type { Seen } from '../store/types';

/** What the rounds of the background look hand on, by object (`host 7`). */
export class Remembered {
  /** The worse state that one look has seen. */
  readonly doubts = new Map<string, Seen['state']>();
  /** Not to be looked at before this time. */
  readonly due = new Map<string, number>();
  /** Hosts whose log-in was refused: why, and when to try again. */
  readonly refused = new Map<string, { readonly reason: string; readonly until: number }>();

  /** Forgets what is no more in the inventory. */
  keep(keys: ReadonlySet<string>): void {
    for (const map of [this.doubts, this.due, this.refused]) {
      for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
    }
  }

  /** Objects of which something is remembered. */
  get objects(): ReadonlySet<string> {
    return new Set([this.doubts, this.due, this.refused].flatMap((map) => [...map.keys()]));
  }
}
