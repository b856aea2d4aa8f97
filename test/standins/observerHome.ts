/** Observers, stand-ins, each in a home of its own under the temporary folder, on loopback. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { observerStandin } from '../../sandbox/standins/bundle';
import { observerRpmOf } from '../../sandbox/standins/observer/cluster';
import type { Steering } from '../../sandbox/standins/observer/clusterState';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { type ObserverIdentity, observerTraits } from '../../sandbox/standins/observer/edition';
import { until } from '../support/until';
import { freePort, Home, homeFolder } from './home';

export const CE_4_2: ObserverIdentity = observerRpmOf('4.2.1.2');
export const CE_3_1: ObserverIdentity = observerRpmOf('3.1.4');
export const EE_2_2: ObserverIdentity = observerRpmOf('2.2.77');

export type Row = Record<string, string | null>;

export class ObserverHome extends Home {
  private constructor(
    dir: string,
    readonly who: ObserverIdentity,
    readonly sqlPort: number,
    readonly rpcPort: number,
    readonly zone: string,
  ) {
    super(dir, 'observer');
  }

  static async make(who: ObserverIdentity, zone = 'zone1'): Promise<ObserverHome> {
    const dir = homeFolder('observer');
    writeFileSync(path.join(dir, 'bin/observer'), observerStandin({ ...who, node: process.execPath }), {
      mode: 0o755,
    });
    mkdirSync(path.join(dir, 'etc'));
    for (const folder of observerTraits(who.version).dataFolders)
      mkdirSync(path.join(dir, 'store', folder), { recursive: true });
    return new ObserverHome(dir, who, await freePort(), await freePort(), zone);
  }

  get address(): string {
    return `127.0.0.1:${this.rpcPort}`;
  }

  /** The options of a first start that finds its root service at these servers. */
  firstOptions(roots: readonly ObserverHome[], extra: readonly string[] = []): string[] {
    return [
      ...['-z', this.zone, '-p', String(this.sqlPort), '-P', String(this.rpcPort)],
      ...['-n', 'obtest', '-c', '7', '-d', this.path('store'), '-i', 'lo', '-l', 'INFO'],
      ...['-r', roots.map((root) => `${root.address}:${root.sqlPort}`).join(';'), ...extra],
    ];
  }

  connect(password = '', user = 'root@sys'): Promise<Connection> {
    return createConnection({
      host: '127.0.0.1',
      port: this.sqlPort,
      user,
      password,
      multipleStatements: false,
      connectTimeout: 10_000,
    });
  }

  /** Rows of one statement on a connection of its own. */
  async ask(sql: string, password = '', user = 'root@sys'): Promise<Row[]> {
    const connection = await this.connect(password, user);
    try {
      const [rows] = await connection.query(sql);
      return rows as Row[];
    } finally {
      connection.destroy();
    }
  }

  /** Waits until root can log in. */
  ready(password = ''): Promise<void> {
    return this.loginWorks('root@sys', () => this.connect(password));
  }

  log(): string {
    return existsSync(this.path('log/observer.log')) ? this.read('log/observer.log') : '';
  }

  counts(): ObserverCountsFile {
    return JSON.parse(this.read('.standin/counters.json')) as ObserverCountsFile;
  }
}

/** Delays short enough for tests that do not look at them. */
export const QUICK: Partial<Record<Steering, number>> = {
  _standin_active_delay: 0,
  _standin_service_delay: 0,
  _standin_delete_delay: 300,
};

/** The row of a server, once the one that is asked says that it serves: only then does a unit find room there. */
export function serving(asked: ObserverHome, home: ObserverHome): Promise<Row> {
  const { hasViews } = observerTraits(asked.who.version);
  const rows = hasViews
    ? `oceanbase.DBA_OB_SERVERS where SVR_PORT = ${home.rpcPort} and STATUS = 'ACTIVE' and START_SERVICE_TIME is not null`
    : `oceanbase.__all_server where svr_port = ${home.rpcPort} and status = 'active' and start_service_time > 0 and stop_time = 0`;
  return until('the new server serves', async () => (await asked.ask(`select * from ${rows}`))[0]);
}

/** Homes that are removed at the end of each test, and clusters made of them. */
export function observerHomes(): {
  make(who: ObserverIdentity, zone?: string): Promise<ObserverHome>;
  /** Bootstraps one server a zone and returns when all serve; root has no password. */
  cluster(who: ObserverIdentity, zones?: readonly string[]): Promise<ObserverHome[]>;
} {
  const homes: ObserverHome[] = [];
  afterEach(async () => {
    await Promise.all(homes.splice(0).map((home) => home.remove()));
  });
  const make = async (who: ObserverIdentity, zone?: string): Promise<ObserverHome> => {
    const home = await ObserverHome.make(who, zone);
    homes.push(home);
    return home;
  };
  return {
    make,
    async cluster(who, zones = ['zone1']) {
      const members: ObserverHome[] = [];
      for (const zone of zones) members.push(await make(who, zone));
      for (const member of members) await member.launch(member.firstOptions(members));
      await Promise.all(members.map((member) => member.ready()));
      const [first] = members;
      if (first === undefined) throw new Error('no servers');
      const named = members.map(({ zone, address }) => `ZONE '${zone}' SERVER '${address}'`);
      await first.ask(`ALTER SYSTEM BOOTSTRAP ${named.join(', ')}`);
      await Promise.all(members.map((member) => member.ready()));
      for (const [name, value] of Object.entries(QUICK))
        await first.ask(`ALTER SYSTEM SET ${name} = ${value}`);
      return members;
    },
  };
}
