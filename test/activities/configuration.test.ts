/** Parameters and the password of OBProxies that run: changed by request, refreshed, interrupted and undone. */
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { changeObproxyParameters } from '../../operations/changeObproxyParameters';
import { changeObproxyPassword } from '../../operations/changeObproxyPassword';
import { refreshObproxy } from '../../operations/refreshObproxy';
import { restartObproxy } from '../../operations/restartObproxy';
import { startObproxy } from '../../operations/startObproxy';
import { stopObproxy } from '../../operations/stopObproxy';
import type { CatalogueEntry } from '../../operations/types';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { dryRun, type LifeTask, request } from './lifeWorld';
import {
  type InstallTask,
  OBPROXY_1_9,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type Worker,
  type World,
} from './world';

const NEW = 'nnEE33..planted';
const OTHER = 'ooTT44..planted';
const SECRETS = [...Object.values(PLANTED), NEW, OTHER];

let world: World;
let worker: Worker;
let first: InstallTask;
let second: InstallTask;

async function installed(index: number, clusterId?: number): Promise<InstallTask> {
  const task = await world.install(index, {
    rpm: OBPROXY_4_3,
    startupParameters: [{ name: 'work_thread_num', value: '8' }],
    parameters: [{ name: 'syslog_level', value: 'INFO' }],
    ...(clusterId === undefined ? {} : { clusterId }),
  });
  await task.chain();
  await world.store.tasks.applyStateChange({
    ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
  });
  await world.store.obproxy.setServerParameterVersion(task.serverId, 1);
  return task;
}

const failure = (promise: Promise<unknown>) => failureWithout(SECRETS, promise);
const row = async (task: InstallTask) => (await world.store.obproxy.findServer(task.serverId))!;
const cluster = async () => (await world.store.obproxy.findCluster(first.clusterId))!;
const ids = (...tasks: InstallTask[]) => ({ obproxyServerIds: tasks.map(({ serverId }) => serverId) });
const ask = (entry: CatalogueEntry, body: unknown): Promise<LifeTask> =>
  request(world, worker, entry, { id: String(first.clusterId) }, body);
const change = (parameters: Record<string, string>, more?: object) => {
  const list = Object.entries(parameters).map(([name, value]) => ({ name, value }));
  return ask(changeObproxyParameters, more === undefined ? list : { parameters: list, ...more });
};
const password = (text: string) => ask(changeObproxyPassword, { username: 'root@proxysys', password: text });

async function asAdmin<T>(
  task: InstallTask,
  text: string,
  work: (admin: Awaited<ReturnType<typeof openObproxyAdmin>>) => Promise<T>,
): Promise<T> {
  const host = await worker.hosts.open({
    ...{ hostId: (await row(task)).hostId, ip: task.host.ip, sshPort: 22, username: 'root' },
    auth: { kind: 'key', privateKey: world.fleet.privateKey },
  });
  const admin = await openObproxyAdmin({
    ...{ where: host.ip, password: text, open: () => host.tunnel(2883) },
  });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}
const shown = (task: InstallTask, name: string) =>
  asAdmin(task, PLANTED.proxysys, async (admin) => (await admin.showConfig(name))?.value);
/** Which of the passwords the proxy takes. */
async function takes(task: InstallTask): Promise<string[]> {
  const taken: string[] = [];
  for (const [name, text] of Object.entries({ former: PLANTED.proxysys, new: NEW, other: OTHER })) {
    const works = await asAdmin(task, text, async () => true).catch(() => false);
    if (works) taken.push(name);
  }
  return taken;
}
const recorded = () => world.store.obproxy.proxysysPassword(first.clusterId);
const known = () => world.store.obproxy.proxysysPasswords(first.clusterId);

describeIf(fleetUnavailable(), 'The configuration of OBProxies that run', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 3 });
    worker = world.newWorker();
    first = await installed(0);
    second = await installed(1, first.clusterId);
  }, 180_000);
  afterAll(async () => {
    await worker?.stop();
    await world?.stop();
  }, 60_000);

  test('a parameter that takes effect at once is set on every proxy, recorded, and undone everywhere', async () => {
    const before = await cluster();
    const task = await change({ query_digest_time_threshold: '300ms', SYSLOG_LEVEL: 'WARN' });
    expect(task.chain).not.toContain('RestartObproxyProcess');
    expect((await cluster()).parameters).toEqual(before.parameters);
    await task.upTo('UpdateObproxyStatus');
    expect((await row(first)).status).toBe('REFRESHING');
    await task.upTo();
    for (const proxy of [first, second]) {
      expect(await shown(proxy, 'query_digest_time_threshold')).toBe('300ms');
      expect(await shown(proxy, 'syslog_level')).toBe('WARN');
      expect(await row(proxy)).toMatchObject({ status: 'RUNNING', parameterVersion: 2, parameterDrift: [] });
    }
    const after = await cluster();
    expect(after.parameterVersion).toBe(before.parameterVersion + 1);
    expect(after.parameters).toEqual([
      { name: 'syslog_level', value: 'WARN' },
      { name: 'query_digest_time_threshold', value: '300ms' },
    ]);

    const undone = await change({ query_digest_time_threshold: '500ms' });
    await undone.run('PrepareConfigureObproxy');
    await undone.run('RecordObproxyParameters');
    await undone.run('SyncObproxyParameter', { of: 0 });
    expect((await cluster()).parameterVersion).toBe(3);
    expect(await shown(first, 'query_digest_time_threshold')).toBe('500ms');
    await undone.undo();
    expect(await shown(first, 'query_digest_time_threshold')).toBe('300ms');
    expect((await cluster()).parameters).toEqual(after.parameters);
    expect(await row(first)).toMatchObject({ status: 'RUNNING', parameterVersion: 2 });
    expect((await cluster()).parameterVersion).toBe(2);
  });

  test('once its last step has forgotten the former values nothing of it is undone, and it says so', async () => {
    const before = await cluster();
    const task = await change({ query_digest_time_threshold: '400ms' });
    await task.upTo('UpdateObproxyClusterLockStatus');
    await task.run('UpdateObproxyClusterLockStatus');
    const undoing = task.run('UpdateObproxyClusterLockStatus', { rollback: true });
    expect(await failure(undoing)).toMatchObject({ type: 'FormerParametersForgotten', nonRetryable: true });
    expect((await cluster()).parameterVersion).toBe(before.parameterVersion + 1);
    expect(await shown(first, 'query_digest_time_threshold')).toBe('400ms');
    await task.end('FAILED');
    const back = await change({ query_digest_time_threshold: '300ms' });
    await back.upTo();
  });

  test('one that waits for a restart is stored and shown as drift, survives a repeated step, and goes live with a restart', async () => {
    const task = await change({ net_accept_threads: '4', work_thread_num: '9' });
    await task.run('PrepareConfigureObproxy');
    await task.run('RecordObproxyParameters');
    await task.run('SyncObproxyParameter', { of: 0 });
    const drift = [
      { name: 'work_thread_num', value: '8', expectedValue: '9' },
      { name: 'net_accept_threads', value: '2', expectedValue: '4' },
    ];
    expect((await row(first)).parameterDrift).toEqual(drift);
    // The proxy shows the new values by now, so only the record knows.
    expect(await shown(first, 'net_accept_threads')).toBe('4');
    await task.run('SyncObproxyParameter', { run: 2 });
    expect((await row(first)).parameterDrift).toEqual(drift);
    await task.run('UpdateObproxyStatus');
    await task.run('UpdateObproxyClusterLockStatus');
    await task.end('SUCCESSFUL');
    expect((await cluster()).startupParameters).toEqual([{ name: 'work_thread_num', value: '9' }]);
    expect(await task.wholeLog()).toContain('works with 2 until it restarts; 4 is stored');

    const found = await dryRun(world, worker, refreshObproxy, { id: String(first.clusterId) }, ids(first));
    expect(found.join('\n')).toMatch(/WARN net_accept_threads: the process works with 2/);

    // Set back before the restart, it is nothing that waits.
    const back = await change({ net_accept_threads: '2' });
    await back.upTo();
    expect((await row(first)).parameterDrift).toEqual([drift[0]]);
    const again = await change({ net_accept_threads: '4' });
    await again.upTo();

    const restart = await ask(restartObproxy, { ...ids(first, second), hotRestart: false });
    await restart.upTo();
    expect((await row(first)).parameterDrift).toEqual([]);
    expect((await row(second)).parameterDrift).toEqual([]);
  }, 90_000);

  test('with restart asked for, one proxy after the other restarts; undone afterwards, the former value waits', async () => {
    const pids = () => [first, second].map(({ host }) => host.pids('obproxy'));
    const before = pids();
    const task = await change({ net_accept_threads: '3' }, { restart: true });
    expect(task.chain).toContain('RestartObproxyProcess');
    await task.upTo('UpdateObproxyStatus');
    expect(pids()[0]).not.toEqual(before[0]);
    expect(pids()[1]).not.toEqual(before[1]);
    expect((await row(first)).parameterDrift).toEqual([]);
    await task.undo();
    expect(await shown(first, 'net_accept_threads')).toBe('4');
    expect((await row(first)).parameterDrift).toEqual([
      { name: 'net_accept_threads', value: '3', expectedValue: '4' },
    ]);
    expect((await row(first)).status).toBe('RUNNING');
    // Nothing of it needs a restart: none is made, though it was asked for.
    const now = await change({ syslog_level: 'INFO' }, { restart: true });
    expect(now.chain).not.toContain('RestartObproxyProcess');
    await now.upTo();
  }, 90_000);

  test('a proxy that refuses fails alone; a refresh brings along one that is behind, or was changed by hand', async () => {
    await asAdmin(second, PLANTED.proxysys, (admin) => admin.alter('syslog_level', 'ERROR'));
    const dry = await dryRun(
      world,
      worker,
      refreshObproxy,
      { id: String(first.clusterId) },
      ids(first, second),
    );
    expect(dry.join('\n')).toMatch(/INFO 1 parameters would be set: syslog_level/);
    expect(dry.join('\n')).toContain('shows all');
    const refresh = await ask(refreshObproxy, ids(second));
    await refresh.upTo();
    expect(await shown(second, 'syslog_level')).toBe('INFO');
    expect(await row(second)).toMatchObject({ parameterVersion: (await cluster()).parameterVersion });

    const task = await change({ query_digest_time_threshold: '400ms' });
    await task.run('PrepareConfigureObproxy');
    await task.run('RecordObproxyParameters');
    // A full disk: the proxy refuses what it cannot store (4016), the other one is not kept back.
    await second.host.sh(`mount -t tmpfs -o size=4k,ro none ${second.home}/etc`);
    await task.run('SyncObproxyParameter', { of: 0 });
    expect((await failure(task.run('SyncObproxyParameter', { of: 1 }))).message).toMatch(
      /4016|refused|error/i,
    );
    await second.host.sh(`umount ${second.home}/etc`);
    expect(await shown(first, 'query_digest_time_threshold')).toBe('400ms');
    expect((await row(second)).parameterVersion).toBe((await cluster()).parameterVersion - 1);
    await task.run('SyncObproxyParameter', { of: 1, run: 2 });
    await task.run('UpdateObproxyStatus');
    await task.run('UpdateObproxyClusterLockStatus');
    await task.end('SUCCESSFUL');
    expect((await row(second)).parameterVersion).toBe((await cluster()).parameterVersion);
  }, 90_000);

  test('stopped and started, a proxy works with what has waited', async () => {
    await (await change({ work_thread_num: '10' })).upTo();
    expect((await row(first)).parameterDrift.map(({ name }) => name)).toContain('work_thread_num');
    await (await ask(stopObproxy, ids(first))).upTo();
    // A stopped one is not told, and behind until somebody refreshes it.
    await (await change({ syslog_level: 'WARN' })).upTo();
    expect((await row(first)).parameterVersion).toBe((await cluster()).parameterVersion - 1);
    await (await ask(startObproxy, ids(first))).upTo();
    expect((await row(first)).parameterDrift).toEqual([]);
    expect(await shown(first, 'syslog_level')).toBe('INFO');
    await (await ask(refreshObproxy, ids(first))).upTo();
    expect(await shown(first, 'syslog_level')).toBe('WARN');
    expect((await row(first)).parameterVersion).toBe((await cluster()).parameterVersion);
  }, 120_000);

  test('an OBProxy before 4.0 takes parameters and a password as well', async () => {
    const old = await world.install(2, { rpm: OBPROXY_1_9 });
    await old.chain();
    await world.store.tasks.applyStateChange({
      ...{ taskId: old.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
    const at = { id: String(old.clusterId) };
    const list = [{ name: 'query_digest_time_threshold', value: '300ms' }];
    await (await request(world, worker, changeObproxyParameters, at, list)).upTo();
    expect(await shown(old, 'query_digest_time_threshold')).toBe('300ms');
    await (await request(world, worker, refreshObproxy, at, ids(old))).upTo();
    await (await request(world, worker, changeObproxyPassword, at, { password: NEW })).upTo();
    expect(await takes(old)).toEqual(['new']);
  }, 120_000);

  test('the password: both are known until every proxy is proven to have the new one', async () => {
    const task = await password(NEW);
    expect(await recorded()).toBe(PLANTED.proxysys);
    expect(await known()).toEqual([PLANTED.proxysys, NEW]);
    expect(JSON.stringify(task.plan)).not.toContain(NEW);
    await task.run('PrepareModifyObproxyPassword');
    await task.run('PrepareConfigureObproxy');
    await task.run('SetObproxyPassword', { of: 0 });
    expect([await takes(first), await takes(second)]).toEqual([['new'], ['former']]);
    // Who looks meanwhile gets in, whichever the proxy has.
    const dry = await dryRun(
      world,
      worker,
      changeObproxyPassword,
      { id: String(first.clusterId) },
      {
        password: OTHER,
      },
    );
    expect(dry).toEqual(['INFO It lets root@proxysys in', 'INFO It lets root@proxysys in']);
    // Recording it too early would lose the only password of the second.
    await failure(task.run('RecordObproxyPassword'));
    expect(await recorded()).toBe(PLANTED.proxysys);
    await task.upTo();
    expect([await takes(first), await takes(second)]).toEqual([['new'], ['new']]);
    expect([await recorded(), await known()]).toEqual([NEW, [NEW]]);
    expect(await asAdmin(first, NEW, (admin) => admin.showConfig('obproxy_sys_password'))).toMatchObject({
      value: sha1Hex(NEW),
    });
    for (const secret of SECRETS) expect(await task.wholeLog()).not.toContain(secret);
    // Recorded and not acknowledged: it is not done twice, and not undone.
    await task.run('RecordObproxyPassword', { run: 2 });
    expect((await failure(task.run('RecordObproxyPassword', { rollback: true }))).message).toMatch(
      /former one is forgotten/,
    );
    const back = await password(PLANTED.proxysys);
    await back.upTo();
    expect(await known()).toEqual([PLANTED.proxysys]);
  }, 90_000);

  test.each(['before the change is stored', 'after it'])(
    'a worker that dies %s leaves a password that the next one finds',
    async (when) => {
      const task = await password(NEW);
      await task.run('PrepareModifyObproxyPassword');
      await task.run('PrepareConfigureObproxy');
      if (when === 'after it') {
        // What the dead worker did: the proxy has the new password, and nobody was told.
        await asAdmin(first, PLANTED.proxysys, (admin) => admin.alter('obproxy_sys_password', NEW));
      }
      const next = world.newWorker();
      const later = task.on(next);
      await later.run('SetObproxyPassword');
      await later.upTo();
      await next.stop();
      expect([await takes(first), await takes(second), await known()]).toEqual([['new'], ['new'], [NEW]]);
      const back = await password(PLANTED.proxysys);
      await back.upTo();
    },
    90_000,
  );

  test('undone half-way, every proxy has the former password, and the new one is forgotten', async () => {
    const task = await password(NEW);
    await task.run('PrepareModifyObproxyPassword');
    await task.run('PrepareConfigureObproxy');
    await task.run('SetObproxyPassword', { of: 0 });
    await task.undo();
    expect([await takes(first), await takes(second), await known()]).toEqual([
      ['former'],
      ['former'],
      [PLANTED.proxysys],
    ]);
    expect((await row(first)).status).toBe('RUNNING');
  }, 60_000);

  test('abandoned half-way, every password stays known until another change ends it', async () => {
    const task = await password(NEW);
    await task.run('PrepareModifyObproxyPassword');
    await task.run('PrepareConfigureObproxy');
    await task.run('SetObproxyPassword', { of: 1 });
    await task.end('FAILED');
    expect(await takes(second)).toEqual(['new']);
    const next = await password(OTHER);
    expect(await known()).toEqual([PLANTED.proxysys, OTHER, NEW]);
    await next.upTo();
    expect([await takes(first), await takes(second), await known()]).toEqual([['other'], ['other'], [OTHER]]);
    const back = await password(PLANTED.proxysys);
    await back.upTo();
  }, 90_000);

  test('secrets are in no argument of a process, and in no log of a proxy', async () => {
    for (const { host, home } of [first, second]) {
      const { stdout } = await host.sh(
        `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; cat ${home}/log/*.log; cat /var/lib/obflow/*/* 2>/dev/null; :`,
      );
      for (const secret of [NEW, OTHER]) expect(stdout).not.toContain(secret);
    }
    await until('nothing is left of the tasks', async () => (await row(first)).work === null);
  });
});
