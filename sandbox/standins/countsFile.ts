import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './files';

/** A full disk is looked at so often; milliseconds. */
const AGAIN_MS = 200;

/**
 * What was done to a stand-in, for tests that promise "exactly once": <home>/.standin/counters.json. It survives restarts
 * and re-installs, and holds names, addresses and numbers only.
 */
export class CountsFile<T extends object> {
  private readonly file: string;
  /** What could not be written yet. */
  private readonly owed: ((counts: T) => void)[] = [];

  constructor(
    home: string,
    private readonly fresh: T,
  ) {
    this.file = path.join(home, '.standin/counters.json');
  }

  /** Adds to what is in the file, which another process of this home may have written; later, when its disk is full just now. */
  update(change: (counts: T) => void): void {
    this.owed.push(change);
    this.write();
  }

  /** Never harms the stand-in: an unwritable home is its trouble, not the counter's. */
  private write(): void {
    if (this.owed.length === 0) return;
    try {
      const counts = this.read();
      for (const change of this.owed) change(counts);
      mkdirSync(path.dirname(this.file), { recursive: true });
      replaceFile(this.file, `${JSON.stringify(counts)}\n`);
      this.owed.length = 0;
    } catch {
      setTimeout(() => this.write(), AGAIN_MS).unref();
    }
  }

  private read(): T {
    const fresh = structuredClone(this.fresh);
    try {
      return { ...fresh, ...(JSON.parse(readFileSync(this.file, 'utf8')) as Partial<T>) };
    } catch {
      return fresh;
    }
  }
}
