/** A counting semaphore, first come first served. */
export class Slots {
  private free: number;
  private readonly queue: { grant(): void; refuse(reason: unknown): void }[] = [];

  constructor(private size: number) {
    this.free = size;
  }

  /** How many callers wait for a slot. */
  get waiting(): number {
    return this.queue.length;
  }

  /** How many there are, taken or not. */
  get count(): number {
    return this.size;
  }

  /** Resolves to the function that gives the slot back (calling it again does nothing). Rejects with the signal's reason. */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) this.free -= 1;
    else await this.turn(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.free += 1;
      this.serve();
    };
  }

  /** From now on there are so many. Those taken stay taken; nobody gets one until fewer than that are. */
  resize(count: number): void {
    this.free += count - this.size;
    this.size = count;
    this.serve();
  }

  /** Rejects every waiting caller. */
  refuseAll(reason: unknown): void {
    for (const waiter of this.queue.splice(0)) waiter.refuse(reason);
  }

  private serve(): void {
    while (this.free > 0) {
      const next = this.queue.shift();
      if (next === undefined) return;
      this.free -= 1;
      next.grant();
    }
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.queue.splice(this.queue.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const waiter = {
        grant: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
        refuse: (reason: unknown) => {
          signal?.removeEventListener('abort', leave);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.queue.push(waiter);
    });
  }
}
