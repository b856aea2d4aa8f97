import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './files';

/**
 * What was done to a stand-in, for tests that promise "exactly once": <home>/.standin/counters.json. It survives restarts
 * and re-installs, and holds names, addresses and numbers only.
 */
export class CountsFile<T extends object> {
  private readonly file: string;

  constructor(
    home: string,
    private readonly fresh: T,
  ) {
    this.file = path.join(home, '.standin/counters.json');
  }

  /** Adds to what is in the file, which another process of this home may have written. Never harms the stand-in. */
  update(change: (counts: T) => void): void {
    try {
      const counts = this.read();
      change(counts);
      mkdirSync(path.dirname(this.file), { recursive: true });
      replaceFile(this.file, `${JSON.stringify(counts)}\n`);
    } catch {
      // An unwritable home is the stand-in's trouble, not the counter's.
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
