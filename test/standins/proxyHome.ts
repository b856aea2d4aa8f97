/** An OBProxy, stand-in or real, in a home of its own under the temporary folder. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { obproxyStandin } from '../../sandbox/standins/bundle';
import type { Counts } from '../../sandbox/standins/obproxy/counters';
import { until } from '../support/until';

const run = promisify(execFile);

export const PASSWORD = 'pw0';

export function sha1(plain: string): string {
  return createHash('sha1').update(plain).digest('hex');
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface HomeOptions {
  readonly version?: string;
  /** Path of a real binary instead of the stand-in. */
  readonly real?: string;
}

export class ProxyHome {
  private constructor(
    readonly dir: string,
    readonly sqlPort: number,
    readonly metricsPort: number,
    readonly rpcPort: number,
  ) {}

  static async make({ version = '4.3.1.0', real }: HomeOptions = {}): Promise<ProxyHome> {
    const dir = mkdtempSync(path.join(tmpdir(), 'obflow-proxy-'));
    mkdirSync(path.join(dir, 'bin'));
    const binary = path.join(dir, 'bin/obproxy');
    if (real === undefined)
      writeFileSync(binary, obproxyStandin({ version, release: '4.el8', node: process.execPath }), {
        mode: 0o755,
      });
    else copyFileSync(real, binary);
    return new ProxyHome(dir, await freePort(), await freePort(), await freePort());
  }

  path(name: string): string {
    return path.join(this.dir, name);
  }

  /** What the launcher says; it comes back at once whatever becomes of the proxy. */
  async launch(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; stderr: string; stdout: string }> {
    try {
      const { stderr, stdout } = await run('./bin/obproxy', [...args], {
        cwd: this.dir,
        env: { ...process.env, ...env },
      });
      return { code: 0, stderr, stdout };
    } catch (error) {
      const { code, stderr, stdout } = error as { code: number; stderr: string; stdout: string };
      return { code, stderr, stdout };
    }
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
    options: { user?: string; port?: number; host?: string } = {},
  ): Promise<Connection> {
    return createConnection({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? this.sqlPort,
      user: options.user ?? 'root@proxysys',
      password,
      multipleStatements: true,
      connectTimeout: 10_000,
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
  async ready(password = PASSWORD, port = this.sqlPort): Promise<void> {
    await until(
      'a login as root@proxysys',
      async () => {
        try {
          (await this.connect(password, { port })).destroy();
          return true;
        } catch {
          return false;
        }
      },
      20_000,
    );
  }

  /** Processes that live in this home; a dead one that nobody has waited for does not count. */
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

  /** Stops what runs here by SIGTERM, and waits. */
  async stop(): Promise<void> {
    for (const pid of this.pids()) process.kill(pid, 'SIGTERM');
    await this.gone();
  }

  log(): string {
    return readFileSync(this.path('log/obproxy.log'), 'utf8');
  }

  counts(): Counts {
    return JSON.parse(readFileSync(this.path('.standin/counters.json'), 'utf8')) as Counts;
  }

  /** The end of a test: nothing is left, neither process nor file. */
  async remove(): Promise<void> {
    for (const pid of this.pids()) process.kill(pid, 'SIGKILL');
    await this.gone();
    rmSync(this.dir, { recursive: true, force: true });
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
