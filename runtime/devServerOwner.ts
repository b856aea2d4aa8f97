import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PermanentError } from './errors';
import { isSameProcess, type ProcessIdentity, processIdentity } from './processIdentity';

export interface Claim {
  /** The pid file; the guard writes the server's pid to `<file>.server`. */
  readonly file: string;
  release(): void;
}

/** A guard needs up to 5 s to end its server after the owner's death. */
const LEFTOVER_GRACE_MS = 6_000;

/**
 * Makes this process the owner of a data folder's dev server: two servers on one database file would destroy it.
 * A server whose owner is dead is ended first, a stale file replaced.
 * Throws PermanentError when a living process owns the folder.
 */
export async function claimDataFolder(file: string): Promise<Claim> {
  const own = processIdentity(process.pid);
  const claim: Claim = { file, release: () => release(file, own) };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
      return claim;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner !== undefined && isSameProcess(owner)) {
      throw new PermanentError({
        type: 'DataFolderInUse',
        tried: 'start the Temporal dev server',
        where: file,
        cameBack: `process ${owner.pid} already runs one with this data folder`,
        next: 'Stop it, or set OBFLOW_DATA_DIR to another folder.',
      });
    }
    await endLeftover(`${file}.server`);
    rmSync(`${file}.server`, { force: true });
    rmSync(file, { force: true });
  }
}

function release(file: string, own: ProcessIdentity): void {
  const owner = readOwner(file);
  if (owner?.pid !== own.pid || owner.started !== own.started) return;
  rmSync(`${file}.server`, { force: true });
  rmSync(file, { force: true });
}

function readOwner(file: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

async function endLeftover(serverFile: string): Promise<void> {
  const pid = readServerPid(serverFile);
  if (pid === undefined) return;
  const server = processIdentity(pid);
  // The number may belong to somebody else by now.
  if (!/temporal.* server start-dev /.test(server.command ?? '')) return;
  const deadline = Date.now() + LEFTOVER_GRACE_MS;
  signal(pid, 'SIGTERM');
  while (isSameProcess(server)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await delay(50);
  }
}

/**
 * The port of the dev server that runs on a data folder now, whoever has started it and with which settings; undefined when
 * none runs there.
 */
export function devServerPort(dataDir: string): number | undefined {
  const pid = readServerPid(path.join(dataDir, 'temporal.pid.server'));
  if (pid === undefined) return undefined;
  const [, port] = / server start-dev .*--port (\d{1,5}) /.exec(processIdentity(pid).command ?? '') ?? [];
  return port === undefined ? undefined : Number(port);
}

function readServerPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}
