import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TransientError } from '../../runtime/errors';
import { openStore } from '../../store';
import type { Store } from '../../store/types';
import { execute, postgresUnavailable, startPostgres, type TestPostgres } from '../support/postgres';
import { describeIf } from '../support/skip';
import { until } from '../support/until';

describeIf(postgresUnavailable(), 'A PostgreSQL that drops its connections', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-inventory-'));
  let server: TestPostgres;
  let store: Store;
  let databaseUrl: string;

  beforeAll(async () => {
    server = await startPostgres();
    databaseUrl = await server.createDatabase();
    store = await openStore({ databaseUrl, masterKeyFile: path.join(folder, 'key') });
  });
  afterAll(async () => {
    await store?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function dropConnections(): Promise<void> {
    const own = "application_name = 'obflow' and datname = current_database()";
    await execute(databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${own}`);
    await until('the connections are gone', async () => {
      const left = await execute(databaseUrl, `select pid from pg_stat_activity where ${own}`);
      return left.length === 0;
    });
  }

  test('costs an idle inventory at most one transient error', async () => {
    await Promise.all([1, 2, 3].map((id) => store.tasks.find(id)));
    await dropConnections();
    const outcome = await store.sequences.next('task').catch((error: unknown) => error);
    if (typeof outcome !== 'number') expect(outcome).toBeInstanceOf(TransientError);
    await until('it works again', () => store.sequences.next('task').catch(() => undefined));
  });

  test('undoes the transaction under way, which ends with a transient error', async () => {
    const before = await store.sequences.next('subtask');
    const outcome = store.transaction(async (inside) => {
      await inside.sequences.next('subtask', 100);
      await dropConnections();
      return inside.sequences.next('subtask');
    });
    await expect(outcome).rejects.toThrow(TransientError);
    expect(await until('it works again', () => store.sequences.next('subtask').catch(() => undefined))).toBe(
      before + 1,
    );
  });
});
