/** The production Temporal server on PostgreSQL, built once from its Go module; no container engine is needed. */
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { repositoryRoot } from '../../runtime/paths';
import { freePort } from '../../sandbox/stack/stack';
import { until } from '../support/until';

const run = promisify(execFile);
const MODULE = 'go.temporal.io/server';
const VERSION = 'v1.32.0';
/** Databases of the server, and the folders of the schema that makes them. */
const DATABASES = { temporal: 'temporal', visibility: 'temporal_visibility' } as const;

interface Binaries {
  readonly server: string;
  readonly sql: string;
  /** Folder with temporal/versioned and visibility/versioned. */
  readonly schema: string;
}

/** Builds server and schema tool into the user's cache (some minutes, once); throws with what go said. */
async function binaries(): Promise<Binaries> {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'obflow', `temporal-server-${VERSION}`);
  const found: Binaries = {
    server: path.join(folder, 'server'),
    sql: path.join(folder, 'sql'),
    schema: path.join(folder, 'schema'),
  };
  if (existsSync(folder)) return found;
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    const env = { ...process.env, GOBIN: work, GOFLAGS: '-mod=mod' };
    const packages = [`${MODULE}/cmd/server@${VERSION}`, `${MODULE}/cmd/tools/sql@${VERSION}`];
    await run('go', ['install', ...packages], { env, cwd: work, maxBuffer: 1e8 });
    const { stdout } = await run('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
      env,
      cwd: work,
    });
    const { Dir } = JSON.parse(stdout) as { Dir: string };
    cpSync(path.join(Dir, 'schema/postgresql/v12'), path.join(work, 'schema'), { recursive: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return found;
}

/** What docker-compose.yml sets for its service `temporal`. */
function composeEnvironment(): Record<string, string> {
  const file = readFileSync(path.join(repositoryRoot(), 'docker-compose.yml'), 'utf8');
  const compose = parse(file, { merge: true }) as {
    services: { temporal: { environment: Record<string, string> } };
  };
  return Object.fromEntries(
    Object.entries(compose.services.temporal.environment).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );
}

/** The dynamic configuration of docker-compose.yml. */
function composeSettings(): string {
  const file = readFileSync(path.join(repositoryRoot(), 'docker-compose.yml'), 'utf8');
  const compose = parse(file, { merge: true }) as { configs: Record<string, { content: string }> };
  return compose.configs['temporal-settings']?.content ?? '';
}

export interface TemporalServer {
  /** `host:port` of the frontend. */
  readonly address: string;
  kill(): Promise<void>;
  /** The same server again, after `kill`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the server as docker-compose.yml does, on loopback and free ports, with the schema that the schema tool
 * makes in the PostgreSQL at `postgresPort` (user obflow, no password).
 */
export async function startTemporalServer(postgresPort: number, folder: string): Promise<TemporalServer> {
  const { server, sql, schema } = await binaries();
  for (const [part, database] of Object.entries(DATABASES)) {
    const tool = (...args: string[]) =>
      run(
        sql,
        [
          ...['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(postgresPort)],
          ...['-u', 'obflow', '--db', database, ...args],
        ],
        { env: { ...process.env, SQL_PASSWORD: 'none' } },
      );
    await tool('create');
    await tool('setup-schema', '-v', '0.0');
    await tool('update-schema', '-d', path.join(schema, part, 'versioned'));
  }
  const settings = path.join(folder, 'temporal-settings.yaml');
  writeFileSync(settings, composeSettings());
  // Ports of members must fit into a signed 16-bit column; freePort() gives none above.
  const port = await freePort();
  const names = ['FRONTEND', 'MATCHING', 'HISTORY', 'WORKER'].flatMap((service) => [
    `${service}_MEMBERSHIP_PORT`,
    ...(service === 'FRONTEND' ? ['FRONTEND_HTTP_PORT'] : [`${service}_GRPC_PORT`]),
  ]);
  const ports: Record<string, string> = {};
  for (const name of names) ports[name] = String(await freePort());
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: folder,
    ...composeEnvironment(),
    ...ports,
    FRONTEND_GRPC_PORT: String(port),
    DB_PORT: String(postgresPort),
    POSTGRES_SEEDS: '127.0.0.1',
    POSTGRES_PWD: 'none',
    BIND_ON_IP: '127.0.0.1',
    TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
    DYNAMIC_CONFIG_FILE_PATH: settings,
    LOG_LEVEL: 'warn',
  };
  const guard = path.join(repositoryRoot(), 'runtime/devServerGuard.sh');
  const pidFile = path.join(folder, 'temporal-server');
  let running: { kill(signal: NodeJS.Signals): Promise<void> } | undefined;
  const start = async () => {
    const child = spawn('sh', [guard, pidFile, server, '--allow-no-auth', 'start'], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const log = createWriteStream(path.join(folder, 'temporal-server.log'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    // Later than its exit: what it has printed may still be on its way.
    child.once('close', () => log.end());
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    running = {
      async kill(signal) {
        const pid = Number(readFileSync(`${pidFile}.server`, 'utf8'));
        if (child.exitCode === null) process.kill(pid, signal);
        await exited;
      },
    };
    await until(
      'the Temporal server takes connections',
      async () => {
        if (child.exitCode !== null) {
          throw new Error(
            `it ended: ${readFileSync(path.join(folder, 'temporal-server.log'), 'utf8').slice(-2000)}`,
          );
        }
        return listens(port);
      },
      120_000,
    );
  };
  await start();
  return {
    address: `127.0.0.1:${port}`,
    start,
    async kill() {
      await running?.kill('SIGKILL');
      running = undefined;
    },
    async stop() {
      await running?.kill('SIGTERM');
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
