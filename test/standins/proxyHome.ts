/** An OBProxy, stand-in or real, in a home of its own under the temporary folder. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Connection, createConnection } from 'mysql2/promise';
import { obproxyStandin } from '../../sandbox/standins/bundle';
import type { Counts } from '../../sandbox/standins/obproxy/counters';
import { freePort, Home, homeFolder } from './home';

export const PASSWORD = 'pw0';

export function sha1(plain: string): string {
  return createHash('sha1').update(plain).digest('hex');
}

export interface HomeOptions {
  readonly version?: string;
  /** Path of a real binary instead of the stand-in. */
  readonly real?: string;
  /** Of the stand-in: what is wrong with its program. */
  readonly library?: string;
}

/** Whom a contract binds: the stand-in, and the real binary that OBFLOW_REAL_OBPROXY names. */
export function subjects(): { name: string; real?: string }[] {
  const real = process.env.OBFLOW_REAL_OBPROXY;
  const standin = { name: 'The stand-in' };
  return real === undefined || real === '' ? [standin] : [standin, { name: `The OBProxy at ${real}`, real }];
}

export class ProxyHome extends Home {
  private constructor(
    dir: string,
    readonly sqlPort: number,
    readonly metricsPort: number,
    readonly rpcPort: number,
  ) {
    super(dir, 'obproxy');
  }

  static async make(options: HomeOptions = {}): Promise<ProxyHome> {
    const dir = homeFolder('proxy');
    const home = new ProxyHome(dir, await freePort(), await freePort(), await freePort());
    home.put(options);
    return home;
  }

  /** Puts the program in place as an upgrade does: beside it, then by its name. */
  put({ version = '4.3.1.0', real, ...fault }: HomeOptions): void {
    if (real !== undefined) copyFileSync(real, this.path('bin/obproxy.new'));
    else {
      const binary = { version, release: '4.el8', node: process.execPath, ...fault };
      writeFileSync(this.path('bin/obproxy.new'), obproxyStandin(binary), { mode: 0o755 });
    }
    renameSync(this.path('bin/obproxy.new'), this.path('bin/obproxy'));
  }

  /** Puts a shell script in the program's place. */
  putScript(text: string): void {
    writeFileSync(this.path('bin/obproxy.new'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    renameSync(this.path('bin/obproxy.new'), this.path('bin/obproxy'));
  }

  /** Runs in the foreground; resolves with the exit code when it ends. */
  foreground(args: readonly string[]): { pid: number; ended: Promise<number | null> } {
    const child = spawn('./bin/obproxy', ['-N', ...args], { cwd: this.dir, stdio: 'ignore' });
    return { pid: child.pid ?? 0, ended: new Promise((resolve) => child.on('exit', resolve)) };
  }

  /** Options of a first start in RS_LIST mode with the known administrator password. */
  firstOptions(
    extra: Readonly<Record<string, string>> = {},
    ports: readonly string[] = ['-p', '-l', '-s'],
  ): string[] {
    const numbers = [this.sqlPort, this.metricsPort, this.rpcPort];
    const rest = { obproxy_sys_password: sha1(PASSWORD), enable_metadb_used: 'false', ...extra };
    return [
      ...ports.flatMap((option, index) => [option, String(numbers[index])]),
      ...['-n', 'app1', '-c', 'obtest', '-r', '127.0.0.1:1;127.0.0.2:1'],
      ...[
        '-o',
        Object.entries(rest)
          .map(([name, value]) => `${name}=${value}`)
          .join(','),
      ],
    ];
  }

  async connect(
    password = PASSWORD,
    options: { user?: string; port?: number; host?: string; timeoutMs?: number } = {},
  ): Promise<Connection> {
    return createConnection({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? this.sqlPort,
      user: options.user ?? 'root@proxysys',
      password,
      multipleStatements: true,
      connectTimeout: options.timeoutMs ?? 10_000,
    });
  }

  /** Rows of one statement on a connection of its own. */
  async ask(sql: string, password = PASSWORD, port = this.sqlPort): Promise<Record<string, string>[]> {
    const connection = await this.connect(password, { port });
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, string>[];
    } finally {
      connection.destroy();
    }
  }

  /** Waits until the administrator can log in. */
  ready(password = PASSWORD, port = this.sqlPort): Promise<void> {
    return this.loginWorks('root@proxysys', () => this.connect(password, { port }));
  }

  log(): string {
    return this.read('log/obproxy.log');
  }

  counts(): Counts {
    return JSON.parse(this.read('.standin/counters.json')) as Counts;
  }
}

/** The error number of a failing statement or login; undefined when the connection was closed without a word. */
export async function errnoOf(work: Promise<unknown>): Promise<number | undefined> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error as { errno?: number },
  );
  if (outcome === undefined) throw new Error('expected a refusal, but it worked');
  return outcome.errno;
}
