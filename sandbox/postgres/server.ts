import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../stack/freePort';

const PREFIX = 'obflow-pg-';
const START_MS = 60_000;
const POLL_MS = 30;
/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = ['postgres', 'nobody'];

interface Installation {
  readonly bin: string;
  /** Command words that drop root and tie the server's life to this process. */
  readonly before: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

export interface TestPostgres {
  /** TCP port on 127.0.0.1; undefined without `tcp`. */
  readonly port: number | undefined;
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** One line that says what this machine lacks for a private PostgreSQL server; undefined when it lacks nothing. */
export function postgresUnavailable(): string | undefined {
  const found = installation();
  return typeof found === 'string' ? found : undefined;
}

/**
 * A private server in a temporary folder, reached by a Unix socket, with `tcp` also on 127.0.0.1. It goes with
 * `stop()`, and by itself when this process dies; what a killed run left on disk the next start removes.
 */
export async function startPostgres(
  options: { tcp?: boolean; connections?: number } = {},
): Promise<TestPostgres> {
  const found = installation();
  if (typeof found === 'string') throw new Error(found);
  removeLeftovers();
  const folder = mkdtempSync(path.join(temporaryFolder(), `${PREFIX}${process.pid}-`));
  if (found.owner !== undefined) chownSync(folder, found.owner.uid, found.owner.gid);
  const data = path.join(folder, 'data');
  const run = (program: string, args: readonly string[]): [string, string[]] => {
    const [command = '', ...words] = [...found.before, path.join(found.bin, program), ...args];
    return [command, words];
  };
  const port = options.tcp === true ? await freePort() : undefined;
  const surroundings = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  execFileSync(
    ...run('initdb', ['-D', data, '-U', 'obflow', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']),
    { ...surroundings, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const settings = [
    ...(port === undefined ? ['listen_addresses='] : ['listen_addresses=127.0.0.1', `port=${port}`]),
    'fsync=off',
    `max_connections=${options.connections ?? 60}`,
    'shared_buffers=16MB',
  ];
  const server = spawn(
    ...run('postgres', ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])]),
    { ...surroundings, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  server.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2000);
  });
  const url = (database: string) =>
    port === undefined
      ? `postgres://obflow@${encodeURIComponent(folder)}/${database}`
      : `postgres://obflow@127.0.0.1:${port}/${database}`;
  for (const deadline = Date.now() + START_MS; !(await answers(url('postgres'))); await delay(POLL_MS)) {
    if (server.exitCode !== null || Date.now() > deadline)
      throw new Error(`PostgreSQL did not start: ${complaints}`);
  }
  let count = 0;
  return {
    port,
    async createDatabase() {
      count += 1;
      const name = `test_${count}`;
      await execute(url('postgres'), `create database ${name}`);
      return url(name);
    },
    async stop() {
      await ended(server, 'SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Path of a program of PostgreSQL's installation, as in `pg_dump`. */
export function postgresProgram(name: string): string {
  const found = installation();
  if (typeof found === 'string') throw new Error(found);
  return path.join(found.bin, name);
}

/** Runs one statement beside the product. */
export async function execute(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ended(process: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exit = new Promise((resolve) => process.once('exit', resolve));
  process.kill(signal);
  await exit;
}

function installation(): Installation | string {
  const install = 'install it with: apt-get install postgresql (or dnf install postgresql-server)';
  const bin = folders().find((folder) => has(folder, 'initdb') && has(folder, 'postgres'));
  if (bin === undefined) return `PostgreSQL is not installed; ${install}`;
  const setpriv = onPath('setpriv');
  // Linux ends the server with this process, also after kill -9.
  const tied = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'INT'];
  if (process.getuid?.() !== 0) return { bin, before: tied, owner: undefined };
  for (const user of UNPRIVILEGED) {
    const ids = idsOf(user);
    if (ids === undefined) continue;
    if (setpriv !== undefined) {
      const drop = [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups'];
      return { bin, before: [...tied, ...drop], owner: ids };
    }
    const runuser = onPath('runuser');
    if (runuser !== undefined) return { bin, before: [runuser, '-u', user, '--'], owner: ids };
  }
  return 'PostgreSQL cannot run as root and this machine has no setpriv or runuser; install util-linux';
}

function folders(): string[] {
  const versions = '/usr/lib/postgresql';
  let debian: string[] = [];
  try {
    debian = readdirSync(versions).map((version) => path.join(versions, version, 'bin'));
  } catch {
    // Not Debian.
  }
  // Folders that any user may enter come first: PATH of root may name others.
  return [...debian.sort().reverse(), '/usr/local/bin', ...(process.env.PATH ?? '').split(':')];
}

function has(folder: string, program: string): boolean {
  try {
    accessSync(path.join(folder, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(program: string): string | undefined {
  const folder = (process.env.PATH ?? '').split(':').find((candidate) => has(candidate, program));
  return folder === undefined ? undefined : path.join(folder, program);
}

function idsOf(user: string): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }).toString());
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** The server's user must be able to enter it, which root's own TMPDIR may not allow. */
function temporaryFolder(): string {
  return process.getuid?.() === 0 ? '/tmp' : os.tmpdir();
}

function removeLeftovers(): void {
  for (const name of readdirSync(temporaryFolder())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(path.join(temporaryFolder(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
