import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openStore } from '../../store';
import type { CopiedTable } from '../../store/database/copyDatabase';
import { newPostgresDatabase, postgresProgram, postgresUnavailable } from '../support/postgres';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { copyDatabase, fill } from './filled';
import { killed, startProcesses } from './processes';

const processes = startProcesses();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string) => ({
  folder: path.join(folder, name),
  databaseUrl: `file:${path.join(folder, name, 'obflow.db')}`,
  masterKeyFile: path.join(folder, name, 'master.key'),
});

/** Names, numbers of rows and digests of all tables. */
function digests(databaseUrl: string, name: string): Promise<CopiedTable[]> {
  return copyDatabase({ from: databaseUrl, to: `file:${path.join(folder, `${name}.db`)}` });
}

describeIf(longRunOnly(), 'A backup', () => {
  test('of the data folder, taken after a kill -9, opens with everything in it', async () => {
    const writer = await processes.start('write', place('data'));
    writer.go();
    await until('20 tasks', () => writer.printed.length >= 20);
    await killed(writer.child);
    cpSync(path.join(folder, 'data'), path.join(folder, 'backup'), { recursive: true });
    rmSync(path.join(folder, 'data'), { recursive: true });
    const restored = await openStore(place('backup'));
    for (const id of writer.printed as number[]) expect(await restored.locks.holder(`task/${id}`)).toBe(id);
    await restored.close();
  });
});

describeIf(postgresUnavailable() ?? longRunOnly(), 'A backup of PostgreSQL', () => {
  test('by pg_dump, taken while obflow is up, restores to the same rows, and the same master key opens them', async () => {
    const databaseUrl = await newPostgresDatabase();
    const { masterKeyFile } = place('data');
    const store = await openStore({ databaseUrl, masterKeyFile });
    await fill(store);
    const dump = path.join(folder, 'obflow.dump');
    execFileSync(postgresProgram('pg_dump'), ['--format=custom', `--file=${dump}`, databaseUrl]);
    await store.close();

    const restored = await newPostgresDatabase();
    execFileSync(postgresProgram('pg_restore'), [
      '--no-owner',
      '--exit-on-error',
      `--dbname=${restored}`,
      dump,
    ]);
    expect(await digests(restored, 'after')).toEqual(await digests(databaseUrl, 'before'));
    const opened = await openStore({ databaseUrl: restored, masterKeyFile });
    const credential = await opened.credentials.find('root key');
    expect((await opened.credentials.open(credential?.id ?? 0)).secret).toBe('key');
    await opened.close();
    const other = await openStore({
      databaseUrl: restored,
      masterKeyFile: place('other').masterKeyFile,
    }).catch((error: { type: string }) => error);
    expect(other).toMatchObject({ type: 'MasterKeyMissing' });
  });
});
