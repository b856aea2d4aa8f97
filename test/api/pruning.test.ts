import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startPruning } from '../../api/upkeep/pruning';
import { createLogger } from '../../runtime/logger';
import { repositoryRoot } from '../../runtime/paths';
import { openStore } from '../../store';
import { connectDatabase } from '../../store/database/database';
import { tablesOf } from '../../store/database/tables';
import type { Store } from '../../store/types';
import { plan } from '../store/plan';

const DAY_MS = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const page = { page: 1, size: 10 };

let folder: string;
let databaseUrl: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-pruning-'));
  databaseUrl = `file:${path.join(folder, 'obflow.db')}`;
  store = await openStore({ databaseUrl, masterKeyFile: path.join(folder, 'master.key') });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function prune(config: { taskRetentionDays: number; auditRetentionDays: number }): Promise<void> {
  await startPruning({ store, config, logger: createLogger('test', 'silent') }).stop();
}

async function count(
  table: 'idempotency_keys' | 'used_signatures' | 'sessions' | 'login_attempts',
): Promise<number> {
  const { db } = connectDatabase(databaseUrl);
  const rows = await db.selectFrom(table).selectAll().execute();
  await db.destroy();
  return rows.length;
}

test('Tasks and audit events are deleted after their own days, and never for 0', async () => {
  for (const [id, finishTime] of [
    [1, ago(31)],
    [2, ago(29)],
  ] as const) {
    await store.tasks.add({ plan: plan(id), workflowType: 'addObproxy' });
    const final = { status: 'SUCCESSFUL', operation: 'EXECUTE', document: {}, finishTime } as const;
    await store.tasks.archive(id, final);
  }
  for (const days of [401, 399]) {
    const event = { address: '10.0.0.5', traceId: '', method: 'POST', path: '/', taskIds: [], status: 200 };
    await store.audit.add({ ...event, time: ago(days) });
  }
  await prune({ taskRetentionDays: 0, auditRetentionDays: 0 });
  expect(await store.tasks.list({}, page)).toMatchObject({ totalElements: 2 });
  expect(await store.audit.list({}, page)).toMatchObject({ totalElements: 2 });
  await prune({ taskRetentionDays: 30, auditRetentionDays: 400 });
  expect((await store.tasks.list({}, page)).contents.map(({ id }) => id)).toEqual([2]);
  expect(await store.audit.list({}, page)).toMatchObject({ totalElements: 1 });
});

test('Keys, signatures, sessions and counted logins go without another request, but not before they count no more', async () => {
  const { idempotency, usedSignatures, loginAttempts } = store;
  for (const key of ['old', 'young']) {
    await idempotency.claim({ userId: 100, key, owner: 'me', digest: 'd', leaseMs: 1 });
  }
  const { db } = connectDatabase(databaseUrl);
  await db
    .updateTable('idempotency_keys')
    .set({ create_time: ago(1.01) })
    .where('key', '=', 'old')
    .execute();
  await db.destroy();
  await usedSignatures.claim('old', ago(0.01));
  await usedSignatures.claim('young', ago(-0.01));
  await store.users.ensureAdmin('Planted.admin');
  for (const days of [0.51, 0.01]) {
    const login = { userId: 100, passwordDigest: 'd' };
    await store.sessions.begin(login, Date.now() - days * DAY_MS);
  }
  await loginAttempts.succeeded({ subject: 'ann', address: '10.0.0.1' }, Date.now() - 31 * DAY_MS);
  await loginAttempts.succeeded({ subject: 'bob', address: '10.0.0.1' }, Date.now() - 29 * DAY_MS);
  expect([await count('idempotency_keys'), await count('used_signatures')]).toEqual([2, 2]);
  await prune({ taskRetentionDays: 0, auditRetentionDays: 0 });
  expect(await count('idempotency_keys')).toBe(1);
  expect(await count('used_signatures')).toBe(1);
  expect(await count('sessions')).toBe(1);
  expect(await count('login_attempts')).toBe(1);
});

test('docs/deploying.md says of every table what ends its rows', async () => {
  const database = connectDatabase(databaseUrl);
  const tables = await tablesOf(database);
  await database.db.destroy();
  const text = readFileSync(path.join(repositoryRoot(), 'docs/deploying.md'), 'utf8');
  const told = /\n\| tables \| end \|\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? '';
  const named = [...told.matchAll(/`([a-z_]+)`(?=[^|]*\|[^|]*\|$)/gm)].map((match) => match[1]);
  const own = ['kysely_migration', 'kysely_migration_lock'];
  expect(named.sort()).toEqual([...tables.map(({ name }) => name), ...own].sort());
});
