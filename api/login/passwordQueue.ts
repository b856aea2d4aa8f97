import { setTimeout as delay } from 'node:timers/promises';
import { Slots } from '../../runtime/slots';

/** Thrown when too many checks wait; none was made. */
export class LanesFullError extends Error {}

/**
 * Bounds what password checks may take of this process: a few at a time, one at a time of each lane, a bounded
 * number waiting. Lanes take turns, so that a flood from one address does not hold up the others.
 */
export class CheckLanes {
  readonly #lanes = new Map<string, { length: number; last: Promise<void> }>();
  readonly #slots: Slots;
  #waiting = 0;

  constructor(private readonly limits: { parallel: number; perLane: number; altogether: number }) {
    this.#slots = new Slots(limits.parallel);
  }

  /** How many checks wait or run. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs the check when its turn comes, at the earliest `pauseMs` after the one before it in the lane. */
  async run<T>(lane: string, pauseMs: number, check: () => Promise<T>): Promise<T> {
    const queue = this.#lanes.get(lane) ?? { length: 0, last: Promise.resolve() };
    if (queue.length >= this.limits.perLane || this.#waiting >= this.limits.altogether) {
      throw new LanesFullError();
    }
    const turn = queue.last;
    let done = (): void => undefined;
    queue.last = new Promise((resolve) => {
      done = resolve;
    });
    queue.length += 1;
    this.#waiting += 1;
    this.#lanes.set(lane, queue);
    try {
      await turn;
      if (pauseMs > 0) await delay(pauseMs);
      const release = await this.#slots.take();
      try {
        return await check();
      } finally {
        release();
      }
    } finally {
      queue.length -= 1;
      this.#waiting -= 1;
      if (queue.length === 0) this.#lanes.delete(lane);
      done();
    }
  }
}
