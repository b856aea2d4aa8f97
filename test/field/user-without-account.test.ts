/**
 * obflow under a user id that no account has, and without USER and HOME, as containers run it: the dev server, which asks for
 * name and home of its user, starts all the same.
 *
 * Source: golang/go#38599 ("user: Current requires cgo or $USER set in environment").
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { temporalCli } from '../../runtime/devServer';
import { repositoryRoot } from '../../runtime/paths';
import { describeIf } from '../support/skip';

const NOBODY = 23_456;
const program = path.join(repositoryRoot(), 'bin/obflow.js');
const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'];

function unavailable(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may start a program as another user';
  const reads = spawnSync('setpriv', [...as, process.execPath, program, '--version']).status === 0;
  return reads ? undefined : 'other users may not read the folder of this project';
}

describeIf(unavailable(), 'a user without an account', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-no-account-'));
    chownSync(folder, NOBODY, NOBODY);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  test('starts everything, and everything ends', async () => {
    const cli = path.join(folder, 'temporal');
    copyFileSync(await temporalCli(folder), cli);
    chmodSync(cli, 0o755);
    const child = spawn('setpriv', [...as, process.execPath, program, 'up'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        OBFLOW_DATA_DIR: path.join(folder, 'data'),
        OBFLOW_TEMPORAL_CLI: cli,
        OBFLOW_LISTEN: '127.0.0.1:0',
        OBFLOW_TEMPORAL_PORT: '0',
        OBFLOW_TEMPORAL_UI_PORT: '0',
        OBFLOW_LOG_LEVEL: 'error',
      },
    });
    let said = '';
    const ended = once(child, 'exit');
    const ready = new Promise<void>((resolve) => {
      const hear = (text: Buffer) => {
        said += text;
        if (/^ready: http/m.test(said)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
    });
    await Promise.race([
      ready,
      ended.then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${said}`))),
    ]);
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  }, 120_000);
});
