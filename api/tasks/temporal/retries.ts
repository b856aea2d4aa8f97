/** After so long a task whose last try failed is tried again; then twice as long, up to the most. */
const PAUSE_MS = { first: 1_000, most: 30_000 };

interface Failed {
  readonly tries: number;
  readonly until: number;
  readonly text: string;
}

/** Work on tasks that is tried again: each task for itself, so that none waits for another one's trouble. */
export class Retries {
  readonly #failed = new Map<number, Failed>();

  isDue(taskId: number): boolean {
    return Date.now() >= (this.#failed.get(taskId)?.until ?? 0);
  }

  /** How often it has failed since it last went well. */
  tries(taskId: number): number {
    return this.#failed.get(taskId)?.tries ?? 0;
  }

  /** @returns whether the trouble is not the one of the try before */
  failed(taskId: number, error: unknown): boolean {
    const { tries = 0, text: before } = this.#failed.get(taskId) ?? {};
    const text = error instanceof Error ? error.message : String(error);
    const pause = Math.min(PAUSE_MS.first * 2 ** tries, PAUSE_MS.most);
    this.#failed.set(taskId, { tries: tries + 1, until: Date.now() + pause, text });
    return text !== before;
  }

  done(taskId: number): void {
    this.#failed.delete(taskId);
  }

  /** Forgets the tasks that are not among these. */
  keep(taskIds: readonly number[]): void {
    const known = new Set(taskIds);
    for (const id of this.#failed.keys()) if (!known.has(id)) this.#failed.delete(id);
  }
}
