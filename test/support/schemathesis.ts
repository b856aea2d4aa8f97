import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const VERSION = '4.32.5';
const INSTALL_MS = 300_000;

/** Its Python; undefined with the reason when it cannot be had. */
export type Schemathesis =
  | { readonly python: string }
  | { readonly python: undefined; readonly reason: string };

/**
 * Schemathesis in a virtual environment of the user's cache, installed from PyPI when it is not there yet (about half a
 * minute, once a machine and version).
 */
export function schemathesis(env: NodeJS.ProcessEnv = process.env): Schemathesis {
  const cache = path.join(env.XDG_CACHE_HOME ?? path.join(env.HOME ?? homedir(), '.cache'), 'obflow');
  const folder = path.join(cache, `schemathesis-${VERSION}`);
  const python = path.join(folder, 'bin', 'python');
  if (existsSync(python)) return { python };
  // Beside it, then renamed: whole or not there, whoever else installs it at the same time.
  const building = `${folder}.${randomUUID()}`;
  try {
    mkdirSync(cache, { recursive: true });
    execFileSync('python3', ['-m', 'venv', building], { stdio: 'pipe', timeout: INSTALL_MS });
    execFileSync(
      path.join(building, 'bin', 'python'),
      ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', `schemathesis==${VERSION}`],
      { stdio: 'pipe', timeout: INSTALL_MS },
    );
    renameSync(building, folder);
    return { python };
  } catch (error) {
    if (existsSync(python)) return { python };
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const line = said.trim().split('\n').at(-1) ?? '';
    return {
      python: undefined,
      reason: `schemathesis ${VERSION} could not be installed (${line.slice(0, 120)}); apt-get install python3-venv, and PyPI within reach`,
    };
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}
