import { CountsFile } from '../countsFile';

/** What is counted by its target: `ip:rpc port`, zone or user. */
export type Counted =
  | 'addServer'
  | 'refusedAddServer'
  | 'deleteServer'
  | 'cancelDeleteServer'
  | 'stopServer'
  | 'startServer'
  | 'minorFreeze'
  | 'majorFreeze'
  | 'zoneChanges'
  | 'logins'
  | 'failedLogins';

export type ObserverCountsFile = {
  /** Starts that ended in open listeners. */
  starts: number;
  /** Starts that were tried, the ones that died included. */
  startAttempts: number;
  /** ALTER SYSTEM BOOTSTRAP that were sent to this server, */
  bootstrapAttempts: number;
  /** and those of them that worked. */
  bootstraps: number;
} & Record<Counted, Record<string, number>>;

const FRESH: ObserverCountsFile = {
  starts: 0,
  startAttempts: 0,
  bootstrapAttempts: 0,
  bootstraps: 0,
  addServer: {},
  refusedAddServer: {},
  deleteServer: {},
  cancelDeleteServer: {},
  stopServer: {},
  startServer: {},
  minorFreeze: {},
  majorFreeze: {},
  zoneChanges: {},
  logins: {},
  failedLogins: {},
};

export class ObserverCounters {
  private readonly file: CountsFile<ObserverCountsFile>;

  constructor(home: string) {
    this.file = new CountsFile(home, FRESH);
  }

  count(what: 'starts' | 'startAttempts' | 'bootstrapAttempts' | 'bootstraps'): void {
    this.file.update((counts) => {
      counts[what]++;
    });
  }

  countOf(what: Counted, target: string): void {
    this.file.update((counts) => {
      counts[what][target] = (counts[what][target] ?? 0) + 1;
    });
  }
}
