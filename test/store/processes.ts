import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { repositoryRoot } from '../../runtime/paths';
import { until } from '../support/until';
import type { Place } from './databases';

export interface Worker {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it printed after `ready`. */
  readonly printed: unknown[];
  go(): void;
  ended(): Promise<unknown[]>;
}

/** Processes that work on one database (process.ts), built before the tests of a file and killed after each. */
export function startProcesses(): {
  /** Starts a process that waits for `go`, so that several can start acting at the same moment. */
  start(command: string, place: Place, argument?: string): Promise<Worker>;
} {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-processes-'));
  const script = path.join(folder, 'process.js');
  const children: ChildProcessWithoutNullStreams[] = [];

  beforeAll(async () => {
    // Where the product looks for its version.
    copyFileSync(path.join(repositoryRoot(), 'package.json'), path.join(folder, 'package.json'));
    await build({
      entryPoints: [path.join(__dirname, 'process.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      external: ['libsql', 'pg'],
      // As the product is built: NODE_PATH helps no import().
      supported: { 'dynamic-import': false },
      logLevel: 'error',
    });
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => killed(child)));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  return {
    async start(command, place, argument = '') {
      const child = spawn(
        process.execPath,
        [script, command, place.databaseUrl, place.masterKeyFile, argument],
        { env: { ...process.env, NODE_PATH: path.join(__dirname, '../../node_modules') } },
      );
      children.push(child);
      const printed: unknown[] = [];
      let complaints = '';
      child.stderr.on('data', (chunk: Buffer) => {
        complaints += chunk.toString();
      });
      createInterface(child.stdout).on('line', (line) => printed.push(JSON.parse(line)));
      const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
      await until('the process is ready', () => {
        if (child.exitCode !== null) throw new Error(complaints);
        return printed.shift() === 'ready';
      });
      return {
        child,
        printed,
        go: () => child.stdin.write('go\n'),
        async ended() {
          await exit;
          return [...printed, ...(complaints === '' ? [] : [complaints])];
        },
      };
    },
  };
}

export async function killed(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
