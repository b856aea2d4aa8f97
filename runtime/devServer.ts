import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { claimDataFolder } from './devServerOwner';
import { DevServerFailed, waitForDevServer } from './devServerReady';
import { PermanentError } from './errors';
import { type TemporalCliOptions, temporalCli } from './temporalCli';

export { temporalCli } from './temporalCli';

export interface DevServerOptions extends TemporalCliOptions {
  /** Holds temporal.db, temporal.log and temporal.pid; made when missing. */
  readonly dataDir: string;
  /** gRPC port on 127.0.0.1; 0 = any free one. */
  readonly port: number;
  readonly uiPort: number;
  /** false: everything is in memory and gone with the server; several may share a data folder. */
  readonly persistent: boolean;
  /** Called when its process has been started: it takes a while on another core before it answers. */
  readonly onLaunched?: () => void;
  /** Dynamic configuration beyond the settings that obflow is measured with, as `name=value`. */
  readonly settings?: readonly string[];
}

export interface DevServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly uiUrl: string;
  /** Of the guard that runs the server; both end together. */
  readonly pid: number;
  readonly logFile: string;
  /** Fulfilled when the server has ended by itself, with a text for the log; not after stop(). */
  readonly died: Promise<string>;
  /** SIGTERM, SIGKILL after 5 s; returns when the process is gone. Repeatable. */
  stop(): Promise<void>;
}

/** Without them a chain of 12 steps takes 2-3 times as long and a cancel waits for a heartbeat (measured with 1.9.1). */
const TUNING = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxTimeShift="50ms"',
  'frontend.WorkerCommandsEnabled=true',
  'system.enableCancelActivityWorkerCommand=true',
  'frontend.enableServerVersionCheck=false',
];
const PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const START_ATTEMPTS = 3;

const GUARD = path.join(__dirname, 'devServerGuard.sh');

/**
 * Starts a Temporal dev server on 127.0.0.1 (namespace `default`) with the settings that obflow is measured with,
 * and returns when it answers. It never outlives this process. A server left over in the data folder by an earlier
 * start is ended first.
 * Throws PermanentError when a port is taken, the folder is in use by another obflow, the Temporal CLI cannot be
 * had, or the server ends at once (its log's tail is quoted).
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const dataDir = path.resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const cli = await temporalCli(dataDir, options);
  for (let attempt = 1; ; attempt++) {
    const port = await portFor(options.port, 'the Temporal dev server', 'OBFLOW_TEMPORAL_PORT');
    const uiPort = await portFor(options.uiPort, "Temporal's Web UI", 'OBFLOW_TEMPORAL_UI_PORT');
    try {
      return await launch(cli, dataDir, port, uiPort, options);
    } catch (error) {
      if (attempt === START_ATTEMPTS || !lostAPort(error, options)) throw error;
    }
  }
}

/**
 * Whether another process took a port between its choice and the server's start: one of ours, when it was free to
 * choose, or one of those that the server chooses itself for its services and panics over (seen with 1.9.1).
 */
function lostAPort(error: unknown, options: DevServerOptions): boolean {
  if (!(error instanceof DevServerFailed)) return false;
  const mayChoose = options.port === 0 || options.uiPort === 0;
  return error.panicked || (mayChoose && error.message.includes('address already in use'));
}

async function launch(
  cli: string,
  dataDir: string,
  port: number,
  uiPort: number,
  { persistent, settings = [], onLaunched }: DevServerOptions,
): Promise<DevServer> {
  const logFile = path.join(dataDir, persistent ? 'temporal.log' : `temporal-${port}.log`);
  const claim = persistent ? await claimDataFolder(path.join(dataDir, 'temporal.pid')) : undefined;
  const log = openLog(logFile);
  const logStart = fstatSync(log).size;
  const child = spawn(
    'sh',
    [
      GUARD,
      claim?.file ?? '',
      cli,
      ...serverArguments(dataDir, port, uiPort, persistent),
      ...dynamic(settings),
    ],
    // A group of its own: Ctrl-C in the terminal must not end Temporal before API and worker have drained.
    { stdio: ['pipe', log, log], detached: true, cwd: dataDir, env: serverEnvironment(dataDir) },
  );
  closeSync(log);
  const spawned = once(child, 'spawn');
  let stopping = false;
  let over = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      over = true;
      claim?.release();
      resolve(code);
    });
    child.once('error', () => resolve(null));
  });
  child.stdin?.on('error', () => undefined);
  const stop = async () => {
    stopping = true;
    child.stdin?.destroy();
    if (!over) await exited;
  };
  const address = `127.0.0.1:${port}`;
  try {
    await spawned;
    onLaunched?.();
    await waitForDevServer(address, { file: logFile, start: logStart }, exited);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    pid: child.pid ?? 0,
    logFile,
    died: new Promise((resolve) => {
      void exited.then((code) => {
        if (!stopping) resolve(`The Temporal dev server ended by itself (exit code ${code}); see ${logFile}`);
      });
    }),
    stop,
  };
}

function serverArguments(dataDir: string, port: number, uiPort: number, persistent: boolean): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--ui-disable-news-fetch', '--log-level', 'warn'],
    ...(persistent ? ['--db-filename', path.join(dataDir, 'temporal.db')] : []),
    ...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...dynamic(TUNING),
  ];
}

function dynamic(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['--dynamic-config-value', setting]);
}

/**
 * TEMPORAL_* tell clients where to go; the server must not read them, nor get this process's secrets. It asks for name and
 * home of its user, and ends where neither an account nor the environment has them (containers run under any user id).
 */
function serverEnvironment(dataDir: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|OBFLOW)_/.test(name));
  return { USER: 'obflow', HOME: path.resolve(dataDir), ...Object.fromEntries(kept) };
}

function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

async function portFor(wished: number, what: string, variable: string): Promise<number> {
  const server = createServer();
  server.listen(wished, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new PermanentError({
      type: 'PortTaken',
      tried: `start ${what}`,
      where: `127.0.0.1:${wished}`,
      cameBack: error.code === 'EADDRINUSE' ? 'another process listens on that port' : error.message,
      next: `Stop that process, or set ${variable} to another port (0 = any free one); to use a Temporal that runs already, set TEMPORAL_ADDRESS.`,
    });
  });
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : wished;
}
