import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clock } from '../../cli/doctor/database';
import { examine } from '../../cli/doctor/doctor';
import type { Finding } from '../../cli/doctor/finding';
import { type WishedHosts, wishedHosts } from '../../cli/doctor/hosts';
import { readConfig } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';
import { freePort } from '../../runtime/ports';
import type { TemporalHandle } from '../../runtime/temporal';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { openStore } from '../../store';
import { connectDatabase } from '../../store/database/database';
import { givenHost } from '../api/harness';
import { ALLOWED_ADDRESSES } from '../support/addresses';
import { describeIf, longRunOnly } from '../support/skip';
import { TaskBed } from '../support/tasks';
import { testTemporal } from '../support/temporal';
import { until } from '../support/until';

const SECRET = 'Planted.ssh';
let folder: string;
let temporal: TemporalHandle;
beforeAll(async () => {
  temporal = await testTemporal();
});
afterAll(() => temporal.close());
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-doctor-'));
  process.env.TEMPORAL_ADDRESS = temporal.address;
  process.env.TEMPORAL_NAMESPACE = temporal.namespace;
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const config = (extra: NodeJS.ProcessEnv = {}) =>
  readConfig({
    OBFLOW_DATA_DIR: folder,
    OBFLOW_TASK_QUEUE: 'nobody',
    OBFLOW_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
    ...extra,
  }).config;

/** An inventory as the first start leaves it, with a credential and a host that refuses SSH. */
async function givenInventory(): Promise<void> {
  const store = await openStore(config());
  await givenHost(store, '127.0.0.1', {}, await freePort('127.0.0.1'));
  await store.close();
}

async function findings(
  extra: NodeJS.ProcessEnv = {},
  hosts: WishedHosts = 'none',
): Promise<Record<string, Finding>> {
  const found = await examine(config(extra), hosts);
  // Whatever is wrong: what to do stands beside it, and no secret.
  for (const { verdict, next } of found)
    expect([verdict, typeof next]).toEqual([verdict, verdict === 'ok' ? 'undefined' : 'string']);
  expect(JSON.stringify(found)).not.toContain(SECRET);
  return Object.fromEntries(found.map((finding) => [finding.check, finding]));
}

async function listed(extra: NodeJS.ProcessEnv, hosts: WishedHosts, check: string): Promise<Finding[]> {
  return (await examine(config(extra), hosts)).filter((finding) => finding.check === check);
}

describe('obflow doctor', () => {
  it('finds nothing wrong where nothing is, and one missing worker where one is missing', async () => {
    await givenInventory();
    const bed = await TaskBed.open();
    try {
      process.env.TEMPORAL_NAMESPACE = bed.temporal.namespace;
      const before = await findings({ OBFLOW_TASK_QUEUE: bed.taskQueue });
      expect(before.workers).toMatchObject({
        verdict: 'problem',
        message: expect.stringContaining('No worker'),
      });
      await bed.startWorker();
      const after = await until('the worker is seen', async () => {
        const now = await findings({ OBFLOW_TASK_QUEUE: bed.taskQueue });
        return now.workers?.verdict === 'ok' && now;
      });
      const verdicts = Object.fromEntries(
        ['versions', 'database', 'master key', 'Temporal', 'search attributes', 'workers'].map((check) => [
          check,
          after[check]?.verdict,
        ]),
      );
      expect(verdicts).toEqual({
        versions: 'ok',
        database: 'ok',
        'master key': 'ok',
        Temporal: 'ok',
        'search attributes': 'ok',
        workers: 'ok',
      });
      // The namespace of the tests keeps histories one day.
      expect(after.namespace).toMatchObject({
        verdict: 'warning',
        message: expect.stringContaining('for 1 days'),
      });
    } finally {
      await bed.close();
    }
  });

  it('tells an unreachable Temporal, a missing namespace and missing search attributes apart', async () => {
    process.env.TEMPORAL_ADDRESS = `127.0.0.1:${await freePort('127.0.0.1')}`;
    expect((await findings()).Temporal).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining(process.env.TEMPORAL_ADDRESS),
    });
    process.env.TEMPORAL_ADDRESS = temporal.address;
    process.env.TEMPORAL_NAMESPACE = 'nowhere';
    const nowhere = await findings();
    expect([nowhere.Temporal?.verdict, nowhere.namespace?.verdict]).toEqual(['ok', 'problem']);
    expect(nowhere.namespace?.next).toContain('namespace create');
    process.env.TEMPORAL_NAMESPACE = 'temporal-system';
    expect((await findings())['search attributes']).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('TaskState'),
      next: expect.stringContaining('search-attribute create'),
    });
  });

  it('makes nothing where nothing is', async () => {
    const missing = path.join(folder, 'nothing');
    const found = await findings({ OBFLOW_DATA_DIR: missing }, 'all');
    expect([found['data folder']?.verdict, found.database?.verdict, found.hosts?.verdict]).toEqual([
      'warning',
      'warning',
      'warning',
    ]);
    expect(() => rmSync(missing, { recursive: true })).toThrow('ENOENT');
  });

  it('names a database that is no database, one of a newer version, and one that lacks migrations', async () => {
    writeFileSync(path.join(folder, 'obflow.db'), 'this is no database, however long one looks at it');
    expect((await findings()).database?.verdict).toBe('problem');
    rmSync(path.join(folder, 'obflow.db'));

    await givenInventory();
    const { db } = connectDatabase(config().databaseUrl);
    // biome-ignore lint/suspicious/noExplicitAny: Kysely's own table is not in the schema
    const migrations = db as any;
    const last = await migrations
      .selectFrom('kysely_migration')
      .selectAll()
      .orderBy('name', 'desc')
      .executeTakeFirst();
    await migrations.deleteFrom('kysely_migration').where('name', '=', last.name).execute();
    expect((await findings()).database).toMatchObject({
      verdict: 'warning',
      message: expect.stringContaining(last.name),
    });
    await migrations
      .insertInto('kysely_migration')
      .values([last, { ...last, name: '9999_future' }])
      .execute();
    await db.destroy();
    expect((await findings()).database).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('9999_future'),
    });
  });

  it('names a master key that is missing, open to others, or of another database', async () => {
    await givenInventory();
    const file = path.join(folder, 'master.key');
    expect((await findings())['master key']).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('all 1 credentials'),
    });
    chmodSync(file, 0o644);
    expect((await findings())['master key']).toMatchObject({
      verdict: 'problem',
      next: expect.stringContaining('chmod 600'),
    });
    rmSync(file);
    expect((await findings())['master key']?.message).toContain('missing');
    writeFileSync(file, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 });
    expect((await findings())['master key']).toMatchObject({
      verdict: 'problem',
      next: expect.stringContaining('OBFLOW_MASTER_KEY_FILE'),
    });
  });

  it('names a data folder that others may read, and one that is a file', async () => {
    chmodSync(folder, 0o755);
    expect((await findings())['data folder']).toMatchObject({
      verdict: 'warning',
      next: expect.stringContaining('chmod 700'),
    });
    writeFileSync(path.join(folder, 'file'), '');
    const found = await findings({ OBFLOW_DATA_DIR: path.join(folder, 'file') });
    expect(found['data folder']?.verdict).toBe('problem');
  });

  it('names a host that cannot be reached and an id that does not exist, and leaves the others out', async () => {
    await givenInventory();
    const all = await findings({}, 'all');
    expect(all['host 1']).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('127.0.0.1'),
    });
    const some = await findings({}, [4711]);
    expect([some['host 4711']?.verdict, some['host 1']]).toEqual(['problem', undefined]);
  });

  it('names hosts and clusters to which obflow may not connect any more, and contacts none of them', async () => {
    await givenInventory();
    expect((await findings()).addresses).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('all hosts (1)'),
    });
    const strict = await findings({ OBFLOW_ALLOWED_ADDRESSES: '10.0.0.0/8' }, 'all');
    for (const check of ['addresses', 'host 1']) {
      expect(strict[check]).toMatchObject({
        verdict: 'problem',
        message: expect.stringContaining('127.0.0.1 is a loopback address'),
        next: expect.stringContaining('obflow apply'),
      });
    }
  });

  it('takes two seconds between two clocks for agreement', () => {
    expect(clock('clock', 'its', 1_900).verdict).toBe('ok');
    expect(clock('clock', 'its', -2_100)).toMatchObject({
      verdict: 'problem',
      message: expect.stringContaining('behind'),
    });
    expect(wishedHosts('1,2,30')).toEqual([1, 2, 30]);
    expect(wishedHosts('1;2')).toBeUndefined();
  });

  it('exits with 1 for a problem and 2 for a setting, and prints JSON for machines', async () => {
    mkdirSync(path.join(folder, 'data'), { mode: 0o700 });
    const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
      new Promise<{ code: number; stdout: string }>((resolve) => {
        execFile(
          process.execPath,
          [path.join(repositoryRoot(), 'bin/obflow.js'), 'doctor', ...args],
          { env: { ...process.env, OBFLOW_DATA_DIR: path.join(folder, 'data'), ...env } },
          (error, stdout) => resolve({ code: Number(error?.code ?? 0), stdout }),
        );
      });
    const [table, json] = await Promise.all([run({}), run({ OBFLOW_LISTEN: 'nonsense' }, '-o', 'json')]);
    expect(table.code).toBe(1);
    expect(table.stdout).toMatch(/^PROBLEM workers .*\n +→ Start `obflow worker`/m);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: 'problem',
      findings: [{ check: 'settings', message: expect.stringContaining('OBFLOW_LISTEN') }],
    });
  });
});

describeIf(fleetUnavailable() ?? longRunOnly(), 'obflow doctor on a real host', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
  });
  afterAll(() => fleet?.stop());

  it('logs in, compares the clocks, and does not record the key it sees for the first time', async () => {
    const [host] = fleet.hosts;
    const store = await openStore(config());
    const credential = await store.credentials.put({
      name: 'root',
      kind: 'SSH_KEY',
      username: 'root',
      secret: fleet.privateKey,
    });
    const { id } = await store.hosts.put({
      ip: host!.ip,
      sshPort: host!.sshPort,
      name: null,
      credentialId: credential.id,
      hostKey: null,
      idcName: 'a',
      regionName: 'b',
    });
    const found = await findings({}, 'all');
    expect(found[`host ${id}`]).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('clock agrees'),
    });
    expect((await store.hosts.find(id))?.hostKey).toBeNull();
    // By default the API is at loopback; nothing that runs there asks for it.
    expect(found['config URL']).toMatchObject({
      verdict: 'warning',
      message: expect.stringMatching(/^10\..*asked for the config URL http:\/\/127\.0\.0\.1:8080: .*the host itself/),
      next: expect.stringContaining('Set OBFLOW_PUBLIC_URL'),
    });

    // It says "log-in works" of no host on which the next task fails.
    await host!.configureSshd({ AllowTcpForwarding: 'no', MaxSessions: '1', Subsystem: 'other /bin/false' });
    const restricted = await listed({}, 'all', `host ${id}`);
    expect(restricted.map(({ verdict }) => verdict).sort()).toEqual(['ok', 'warning', 'warning', 'warning']);
    expect(restricted.map(({ next }) => next).join()).toMatch(/MaxSessions 1 in \/etc\/ssh\/sshd_config/);
    await host!.sh('mv /var/lib/rpm/rpmdb.sqlite /var/lib/rpm/away; mkdir /var/lib/rpm/rpmdb.sqlite');
    const broken = await listed({}, 'all', `host ${id}`);
    expect(broken.some(({ message }) => message.includes('log-in works'))).toBe(false);
    expect(broken.find(({ verdict }) => verdict === 'problem')?.next).toContain('/var/lib/rpm');
    await host!.configureSshd({ ForceCommand: 'echo only the menu' });
    const [forced, ...more] = await listed({}, 'all', `host ${id}`);
    expect(forced).toMatchObject({ verdict: 'problem', message: expect.stringContaining('only the menu') });
    expect(forced?.next).toContain('ForceCommand in /etc/ssh/sshd_config');
    expect(more).toEqual([]);
    await store.close();
  });
});
