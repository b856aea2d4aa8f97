/** Observers, stand-ins, each in a home of its own under the temporary folder, on loopback. */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { observerStandin } from '../../sandbox/standins/bundle';
import { observerRpmOf } from '../../sandbox/standins/observer/cluster';
import type { Steering } from '../../sandbox/standins/observer/clusterState';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { type ObserverIdentity, observerTraits } from '../../sandbox/standins/observer/edition';
import { until } from '../support/until';
import { freePort } from './proxyHome';

const run = promisify(execFile);

export const CE_4_2: ObserverIdentity = observerRpmOf('4.2.1.2');
export const CE_3_1: ObserverIdentity = observerRpmOf('3.1.4');
export const EE_2_2: ObserverIdentity = observerRpmOf('2.2.77');

export type Row = Record<string, string | null>;

export class ObserverHome {
  private constructor(
    readonly dir: string,
    readonly who: ObserverIdentity,
    readonly sqlPort: number,
    readonly rpcPort: number,
    readonly zone: string,
  ) {}

  static async make(who: ObserverIdentity, zone = 'zone1'): Promise<ObserverHome> {
    const dir = mkdtempSync(path.join(tmpdir(), 'obflow-observer-'));
    mkdirSync(path.join(dir, 'bin'));
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

  path(name: string): string {
    return path.join(this.dir, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** What the launcher says. */
  async launch(args: readonly string[]): Promise<{ code: number; stderr: string }> {
    try {
      const { stderr } = await run('./bin/observer', [...args], { cwd: this.dir });
      return { code: 0, stderr };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, stderr };
    }
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
  async ready(password = ''): Promise<void> {
    await until(
      'a login as root@sys',
      async () => {
        try {
          (await this.connect(password)).destroy();
          return true;
        } catch {
          return false;
        }
      },
      20_000,
    );
  }

  pids(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return (
            readlinkSync(`/proc/${pid}/cwd`) === this.dir &&
            !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
          );
        } catch {
          return false;
        }
      });
  }

  async gone(): Promise<void> {
    await until('no process in the home', () => this.pids().length === 0, 20_000);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const pid of this.pids()) process.kill(pid, signal);
    await this.gone();
  }

  log(): string {
    return existsSync(this.path('log/observer.log')) ? this.read('log/observer.log') : '';
  }

  counts(): ObserverCountsFile {
    return JSON.parse(this.read('.standin/counters.json')) as ObserverCountsFile;
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Delays short enough for tests that do not look at them. */
export const QUICK: Partial<Record<Steering, number>> = {
  _standin_active_delay: 0,
  _standin_service_delay: 0,
  _standin_delete_delay: 300,
};

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
