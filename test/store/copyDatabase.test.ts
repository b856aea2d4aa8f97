import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openStore } from '../../store';
import type { CopiedTable } from '../../store/database/copyDatabase';
import { connectDatabase } from '../../store/database/database';
import { newPostgresDatabase, postgresUnavailable } from '../support/postgres';
import { describeIf, longRunOnly } from '../support/skip';
import { addHost, packageOf } from './databases';
import { copyDatabase, fill, HOSTS } from './filled';
import { plan } from './plan';

async function failure(work: Promise<unknown>): Promise<{ type?: string; message: string }> {
  return work.then(
    () => ({ message: 'it did not fail' }),
    (error: { type?: string; message: string }) => error,
  );
}

describeIf(postgresUnavailable() ?? longRunOnly(), 'Moving to another database', () => {
  let folder: string;
  let masterKeyFile: string;
  let source: string;
  let postgres: string;
  let first: CopiedTable[];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-copy-'));
    masterKeyFile = path.join(folder, 'master.key');
    source = `file:${path.join(folder, 'obflow.db')}`;
    const store = await openStore({ databaseUrl: source, masterKeyFile });
    await fill(store);
    await store.close();
    postgres = await newPostgresDatabase();
    first = await copyDatabase({ from: source, to: postgres });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('Every row arrives with its id, and the way back brings the same', async () => {
    const rows = Object.fromEntries(first.map(({ name, rows }) => [name, rows]));
    expect(rows).toMatchObject({
      hosts: HOSTS,
      tasks: 3,
      task_texts: 3,
      task_logs: 3,
      locks: 1,
      exporters: 1,
    });
    const back = `file:${path.join(folder, 'back.db')}`;
    expect(await copyDatabase({ from: postgres, to: back })).toEqual(first);
  });

  test('Secrets, logins, locks and documents work there as before', async () => {
    const store = await openStore({ databaseUrl: postgres, masterKeyFile });
    try {
      const credential = await store.credentials.find('root key');
      expect((await store.credentials.open(credential?.id ?? 0)).secret).toBe('key');
      expect(await store.users.verify('admin', 'a password')).toBeDefined();
      expect(await store.locks.holder('host/1')).toBe(3);
      expect((await store.tasks.find(2))?.document).toMatchObject({ id: 2 });
    } finally {
      await store.close();
    }
  });

  test('New rows get the numbers that they would have got', async () => {
    const numbers = async (databaseUrl: string) => {
      const store = await openStore({ databaseUrl, masterKeyFile });
      try {
        const { id: packageId } = await store.packages.add(packageOf('9.9.9'));
        return [
          await store.sequences.next('task'),
          await store.sequences.next('subtask'),
          packageId,
          await addHost(store, 9_999),
        ];
      } finally {
        await store.close();
      }
    };
    const copy = await newPostgresDatabase();
    await copyDatabase({ from: source, to: copy });
    const original = `file:${path.join(folder, 'twin.db')}`;
    await copyDatabase({ from: copy, to: original });
    expect(await numbers(original)).toEqual(await numbers(copy));
    expect(await numbers(copy)).not.toContain(1);
  });

  test('A target that holds anything is refused and left as it was', async () => {
    const refused = await failure(copyDatabase({ from: source, to: postgres }));
    expect(refused).toMatchObject({
      type: 'DatabaseNotEmpty',
      message: expect.stringMatching(/rows in .*hosts/),
    });
    const opened = `file:${path.join(folder, 'opened.db')}`;
    await (await openStore({ databaseUrl: opened, masterKeyFile: path.join(folder, 'other.key') })).close();
    expect(await failure(copyDatabase({ from: source, to: opened }))).toMatchObject({
      type: 'DatabaseNotEmpty',
    });
  });

  test('A database that a process has open is refused, as source and as target', async () => {
    const empty = await newPostgresDatabase();
    for (const [databaseUrl, from, to] of [
      [source, source, empty],
      [postgres, postgres, `file:${path.join(folder, 'new.db')}`],
      [empty, source, empty],
    ] as const) {
      const key = databaseUrl === empty ? path.join(folder, 'third.key') : masterKeyFile;
      const store = await openStore({ databaseUrl, masterKeyFile: key });
      try {
        expect(await failure(copyDatabase({ from, to }))).toMatchObject({ type: 'DatabaseInUse' });
      } finally {
        await store.close();
      }
    }
  });

  test('Nothing is copied while a task runs, and nothing stays of a copy that fails', async () => {
    const running = `file:${path.join(folder, 'running.db')}`;
    await copyDatabase({ from: postgres, to: running });
    const store = await openStore({ databaseUrl: running, masterKeyFile });
    await store.tasks.add({ plan: plan(77), workflowType: 'addObproxy' });
    await store.close();
    const to = await newPostgresDatabase();
    expect(await failure(copyDatabase({ from: running, to }))).toMatchObject({
      type: 'TasksRunning',
      message: expect.stringContaining('77'),
    });

    const broken = connectDatabase(running);
    await broken.db.updateTable('tasks').set({ closed: 1 }).execute();
    // SQLite takes any value in any column; PostgreSQL will not.
    await broken.db
      .insertInto('task_hosts')
      .values({ host_id: 'x' as never, task_id: 77 })
      .execute();
    await broken.db.destroy();
    expect((await failure(copyDatabase({ from: running, to }))).message).toMatch(/integer|bigint/);
    expect(await copyDatabase({ from: source, to })).toEqual(first);
  });

  test('A source of another version, none at all, and itself are refused', async () => {
    const to = await newPostgresDatabase();
    const missing = `file:${path.join(folder, 'missing.db')}`;
    expect(await failure(copyDatabase({ from: missing, to }))).toMatchObject({ type: 'DatabaseMissing' });
    expect(await failure(copyDatabase({ from: to, to: missing }))).toMatchObject({
      type: 'SchemaDiffers',
      message: expect.stringContaining('no inventory'),
    });
    expect(await failure(copyDatabase({ from: source, to: source }))).toMatchObject({
      type: 'DatabasesSame',
    });
  });
});
