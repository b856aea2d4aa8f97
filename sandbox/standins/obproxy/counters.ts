import { CountsFile } from '../countsFile';

/** What is counted of an OBProxy. */
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

const FRESH: Counts = { starts: 0, startAttempts: 0, logins: 0, failedLogins: 0, alters: {} };

export class Counters {
  private readonly file: CountsFile<Counts>;

  constructor(home: string) {
    this.file = new CountsFile(home, FRESH);
  }

  count(what: 'starts' | 'startAttempts' | 'logins' | 'failedLogins'): void {
    this.file.update((counts) => {
      counts[what]++;
    });
  }

  countAlter(name: string): void {
    this.file.update((counts) => {
      counts.alters[name] = (counts.alters[name] ?? 0) + 1;
    });
  }
}
