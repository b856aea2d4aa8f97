/**
 * What was done to this observer, for tests that promise "exactly once": <home>/.standin/counters.json. It survives
 * restarts and re-installs, and holds addresses, names and numbers only.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from '../obproxy/files';

/** What is counted by its target: `ip:rpc port`, zone or user. */
export type Counted =
  | 'addServer'
  | 'refusedAddServer'
  | 'deleteServer'
  | 'cancelDeleteServer'
  | 'stopServer'
  | 'startServer'
  | 'minorFreeze'
  | 'zoneChanges'
  | 'logins'
  | 'failedLogins';

export type ObserverCountsFile = {
  /** Starts that ended in open listeners. */
  starts: number;
  /** Starts that were tried, the ones that died included. */
  startAttempts: number;
  /** ALTER SYSTEM BOOTSTRAP that worked. */
  bootstraps: number;
} & Record<Counted, Record<string, number>>;

const FRESH: ObserverCountsFile = {
  starts: 0,
  startAttempts: 0,
  bootstraps: 0,
  addServer: {},
  refusedAddServer: {},
  deleteServer: {},
  cancelDeleteServer: {},
  stopServer: {},
  startServer: {},
  minorFreeze: {},
  zoneChanges: {},
  logins: {},
  failedLogins: {},
};

export class ObserverCounters {
  private readonly file: string;

  constructor(home: string) {
    this.file = path.join(home, '.standin/counters.json');
  }

  /** Adds to what is in the file, which another process of this home may have written. Never harms the observer. */
  private update(change: (counts: ObserverCountsFile) => void): void {
    try {
      const counts = this.read();
      change(counts);
      mkdirSync(path.dirname(this.file), { recursive: true });
      replaceFile(this.file, `${JSON.stringify(counts)}\n`);
    } catch {
      // An unwritable home is the observer's trouble, not the counter's.
    }
  }

  private read(): ObserverCountsFile {
    const fresh = structuredClone(FRESH);
    try {
      return { ...fresh, ...(JSON.parse(readFileSync(this.file, 'utf8')) as Partial<ObserverCountsFile>) };
    } catch {
      return fresh;
    }
  }

  count(what: 'starts' | 'startAttempts' | 'bootstraps'): void {
    this.update((counts) => {
      counts[what]++;
    });
  }

  countOf(what: Counted, target: string): void {
    this.update((counts) => {
      counts[what][target] = (counts[what][target] ?? 0) + 1;
    });
  }
}
