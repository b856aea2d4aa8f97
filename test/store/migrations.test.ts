import type { Kysely } from 'kysely';
import Libsql from 'libsql';
import { Client } from 'pg';
import { obflowVersion } from '../../runtime/version';
import { openStore } from '../../store';
import { connectDatabase, migrate } from '../../store/database/database';
import { migrations } from '../../store/database/migrations';
import { until } from '../support/until';
import { onEveryDatabase, type Place } from './databases';
import { startProcesses } from './processes';

const processes = startProcesses();

/** Holds what a migration under way holds, until `release`. */
async function holdMigrationLock({ databaseUrl }: Place): Promise<{ release(): Promise<void> }> {
  if (databaseUrl.startsWith('file:')) {
    const beside = new Libsql(databaseUrl.slice('file:'.length));
    beside.exec('PRAGMA journal_mode=WAL');
    beside.exec('begin immediate');
    return {
      async release() {
        beside.exec('commit');
        beside.close();
      },
    };
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  // The key that Kysely's migrator locks.
  await client.query('select pg_advisory_lock(3853314791062309107)');
  return { release: () => client.end() };
}

onEveryDatabase('Migrations', (on) => {
  test('One process brings the schema up to date; the others wait as long as it takes, then find it done', async () => {
    const place = await on.place();
    const lock = await holdMigrationLock(place);
    const workers = await Promise.all([1, 2, 3].map(() => processes.start('migrate', place)));
    for (const worker of workers) worker.go();
    // Five times as long as any other statement of theirs would wait for a lock.
    await until('all three wait', () => workers.every(({ printed }) => printed.includes('waiting')));
    await lock.release();
    const outputs = await Promise.all(workers.map((worker) => worker.ended()));
    const all = Object.keys(migrations('sqlite')).length;
    expect(outputs.map((lines) => lines.filter((line) => line !== 'waiting')).sort()).toEqual([
      [0],
      [0],
      [all],
    ]);
  });

  test('A process of an older version refuses a newer schema, and says what to run', async () => {
    const place = await on.place();
    const newer = connectDatabase(place.databaseUrl);
    try {
      const own = migrations(newer.kind);
      await migrate(newer, { migrations: { ...own, '9999_later': { up: async () => undefined } } });
      await newer.db.updateTable('settings').set({ value: '99.1.0' }).execute();
    } finally {
      await newer.db.destroy();
    }
    const refused = await openStore(place).catch((error: Error) => error);
    expect(refused).toMatchObject({ type: 'DatabaseNewer' });
    expect((refused as Error).message).toContain(
      `obflow 99.1.0 has changed its schema (9999_later), which this obflow ${obflowVersion()} does not know`,
    );
    expect((refused as Error).message).toContain('Run obflow 99.1.0');
    const older = await processes.start('open', place);
    older.go();
    expect(await older.ended()).toEqual([{ failed: (refused as Error).message }]);
  });

  test('A process that is up keeps working while a newer one changes the schema', async () => {
    const place = await on.place();
    const running = await on.open(place);
    const newer = connectDatabase(place.databaseUrl);
    try {
      const later = {
        up: async (db: Parameters<ReturnType<typeof migrations>[string]['up']>[0]) => {
          await db.schema.alterTable('tasks').addColumn('later', 'text').execute();
        },
      };
      const own = migrations(newer.kind);
      expect(await migrate(newer, { migrations: { ...own, '9999_later': later } })).toEqual(['9999_later']);
    } finally {
      await newer.db.destroy();
    }
    expect(await running.sequences.next('task')).toBe(1);
    expect((await running.tasks.list({}, { page: 1, size: 10 })).totalElements).toBe(0);
  });

  test('What open tasks were making before marks of work is their work; zones have a status', async () => {
    const place = await on.place();
    const before = connectDatabase(place.databaseUrl);
    try {
      const own = Object.entries(migrations(before.kind)).filter(([name]) => name < '0009');
      await migrate(before, { migrations: Object.fromEntries(own) });
      const db = before.db as unknown as Kysely<Record<string, Record<string, unknown>>>;
      const times = { create_time: 'then', update_time: 'then' };
      await db
        .insertInto('credentials')
        .values({ id: 1, name: 'sys', kind: 'DATABASE', username: 'root', secret: '', ...times })
        .execute();
      await db
        .insertInto('ob_clusters')
        .values({
          ...{ id: 1, name: 'ob', ob_cluster_id: 1, version: '4.2.1', type: 'PRIMARY', ...times },
          ...{ sys_credential_id: 1, proxyro_credential_id: 1 },
        })
        .execute();
      for (const inner_status of ['ACTIVE', 'INACTIVE']) {
        await db
          .insertInto('ob_zones')
          .values({ cluster_id: 1, name: inner_status, region: '', idc: '', inner_status, ...times })
          .execute();
      }
      for (const [id, closed] of [
        [7, 0],
        [8, 1],
      ]) {
        await db
          .insertInto('tasks')
          .values({
            ...{ id, closed, name: 'Add OB server', workflow_type: 'addObserver', status: 'FAILED' },
            ...{ operation: 'EXECUTE', sequence: 1, started: 1, archived: 0, creator_id: 1 },
            ...{ creator_name: 'admin', type: 'MANUAL', create_time: 'then' },
          })
          .execute();
      }
      for (const [status, task_id] of [
        ['CREATING', 7],
        ['RUNNING', 7],
        ['CREATING', 8],
      ]) {
        await db
          .insertInto('ob_servers')
          .values({
            ...{ cluster_id: 1, zone: 'ACTIVE', ip: `${status}${task_id}`, rpc_port: 1, sql_port: 2 },
            ...{ status, with_rootserver: 0, startup_parameters: '[]', task_id, ...times },
          })
          .execute();
      }
    } finally {
      await before.db.destroy();
    }
    const store = await on.open(place);
    expect((await store.obServers.ofCluster(1)).map(({ ip, work }) => [ip, work])).toEqual([
      ['CREATING7', { taskId: 7, status: 'CREATING', formerStatus: null, endStatus: null }],
      ['RUNNING7', null],
      ['CREATING8', null],
    ]);
    expect((await store.obServers.zones(1)).map(({ name, status }) => [name, status])).toEqual([
      ['ACTIVE', 'RUNNING'],
      ['INACTIVE', 'STOPPED'],
    ]);
  });
});
