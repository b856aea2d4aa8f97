import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../runtime/paths';
import { openStore } from '../../store';
import { plan } from '../store/plan';
import { newPostgresDatabase, postgresUnavailable } from '../support/postgres';
import { describeIf } from '../support/skip';

const run = promisify(execFile);
let folder: string;
let env: NodeJS.ProcessEnv;
let place: { databaseUrl: string; masterKeyFile: string };
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-database-'));
  env = { PATH: process.env.PATH, OBFLOW_DATA_DIR: folder };
  place = {
    databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
    masterKeyFile: path.join(folder, 'master.key'),
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function obflow(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const bin = path.join(repositoryRoot(), 'bin/obflow.js');
  return run(process.execPath, [bin, ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

/** Two tasks that ended, one of them long ago; in a process of its own, which then has no file open. */
async function fill(): Promise<void> {
  const store = await openStore(place);
  for (const [id, finishTime] of [
    [1, '2020-01-01T00:00:00.000Z'],
    [2, new Date().toISOString()],
  ] as const) {
    await store.tasks.add({ plan: plan(id), workflowType: 'addObproxy' });
    await store.tasks.archive(id, {
      status: 'SUCCESSFUL',
      operation: 'EXECUTE',
      document: {},
      finishTime,
    });
  }
  await store.close();
}

describe('obflow prune', () => {
  it('deletes what ended before the age, after showing how much with --dry-run', async () => {
    await fill();
    expect((await obflow('prune', '--older-than', '90d', '--dry-run')).stdout).toMatch(
      /^Found 1 tasks that ended before /,
    );
    expect((await obflow('prune', '--older-than', '90d')).stdout).toMatch(/^Deleted 1 tasks/);
    expect((await obflow('prune', '--older-than', '90d')).stdout).toMatch(/^Deleted 0 tasks/);
  });

  it('deletes audit events before their age, and leaves in the audit what was deleted', async () => {
    const store = await openStore(place);
    const event = { address: '10.0.0.5', traceId: 't', method: 'POST', path: '/', taskIds: [1], status: 200 };
    for (const time of ['2020-01-01T00:00:00.000Z', new Date().toISOString()]) {
      await store.audit.add({ ...event, time });
    }
    await store.close();
    expect((await obflow('prune', '--audit-older-than', '400d', '--dry-run')).stdout).toMatch(
      /^Found 1 audit events before .*; none was deleted\.$/m,
    );
    expect((await obflow('prune', '--audit-older-than', '400d')).stdout).toMatch(/^Deleted 1 audit events/);
    expect((await obflow('prune', '--audit-older-than', '400d')).stdout).toMatch(/^Deleted 0 audit events/);
    const again = await openStore(place);
    const { contents } = await again.audit.list({}, { page: 1, size: 10 });
    await again.close();
    expect(contents.map(({ command }) => command)).toEqual([
      expect.stringMatching(/^obflow prune: 1 audit events before 20/),
      undefined,
    ]);
  });

  it('makes no database where there is none, and takes no other age than days', async () => {
    const nothing = await obflow('prune');
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('--audit-older-than')]);
    const missing = await obflow('prune', '--older-than', '90d');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('There is no database')]);
    const odd = await obflow('prune', '--older-than', 'soon');
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('as in 90d')]);
  });
});

describeIf(postgresUnavailable(), 'obflow migrate-database', () => {
  it('moves the configured SQLite database to PostgreSQL, where obflow goes on', async () => {
    // Made by the command itself: a file that this process has opened stays open until its statements are collected.
    const seed = `file:${path.join(folder, 'seed.db')}`;
    await obflow('migrate-database', '--from', await filledPostgres(), '--to', seed);
    env.OBFLOW_DATABASE_URL = seed;
    const to = await newPostgresDatabase();
    const moved = await obflow('migrate-database', '--to', to);
    expect(moved.stderr).toBe('');
    expect(moved.stdout).toMatch(/^tasks +2 rows {2}sha256 [0-9a-f]{64}$/m);
    expect(moved.stdout).toMatch(/counts and digests are the same/);
    env.OBFLOW_DATABASE_URL = to;
    expect((await obflow('prune', '--older-than', '90d')).stdout).toMatch(/^Deleted 1 tasks/);
    const again = await obflow('migrate-database', '--from', seed, '--to', to);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('rows in')]);
  });

  it('takes no password on the command line, but from a file', async () => {
    const url = (await newPostgresDatabase()).replace('postgres://obflow@', 'postgres://obflow:hunter2@');
    const refused = await obflow('migrate-database', '--from', url, '--to', 'file:x.db');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--from-password-file');
    expect(refused.stderr).not.toContain('hunter2');
    const file = path.join(folder, 'password');
    writeFileSync(file, 'hunter2\n');
    const bare = url.replace(':hunter2', '');
    const target = `file:${path.join(folder, 'target.db')}`;
    const read = await obflow(
      'migrate-database',
      '--from',
      bare,
      '--from-password-file',
      file,
      '--to',
      target,
    );
    expect(read.stderr).toContain('it holds no inventory of obflow');
  });

  async function filledPostgres(): Promise<string> {
    place = { ...place, databaseUrl: await newPostgresDatabase() };
    await fill();
    return place.databaseUrl;
  }
});
