/**
 * What was done to this stand-in, for tests that promise "exactly once": <home>/.standin/counters.json. It survives
 * restarts and re-installs, and holds names and numbers only.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './files';

export interface Counts {
  /** Starts that ended in an open listener. */
  starts: number;
  /** Starts that were tried, the ones that died included. */
  startAttempts: number;
  /** Administrator logins that succeeded, and that were refused. */
  logins: number;
  failedLogins: number;
  /** Successful ALTER PROXYCONFIG and REPLACE INTO proxy_config, by parameter. */
  alters: Record<string, number>;
}

export class Counters {
  private readonly file: string;

  constructor(home: string) {
    this.file = path.join(home, '.standin/counters.json');
  }

  /** Adds to what is in the file, which another process of this home may have written. Never harms the proxy. */
  private update(change: (counts: Counts) => void): void {
    try {
      const counts = this.read();
      change(counts);
      mkdirSync(path.dirname(this.file), { recursive: true });
      replaceFile(this.file, `${JSON.stringify(counts)}\n`);
    } catch {
      // An unwritable home is the proxy's trouble, not the counter's.
    }
  }

  private read(): Counts {
    const fresh: Counts = { starts: 0, startAttempts: 0, logins: 0, failedLogins: 0, alters: {} };
    try {
      return { ...fresh, ...(JSON.parse(readFileSync(this.file, 'utf8')) as Partial<Counts>) };
    } catch {
      return fresh;
    }
  }

  count(what: 'starts' | 'startAttempts' | 'logins' | 'failedLogins'): void {
    this.update((counts) => {
      counts[what]++;
    });
  }

  countAlter(name: string): void {
    this.update((counts) => {
      counts.alters[name] = (counts.alters[name] ?? 0) + 1;
    });
  }
}
