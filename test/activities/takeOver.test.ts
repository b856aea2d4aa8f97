import { createActivities } from '../../activities';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import {
  type ByHand,
  fingerprint,
  type StartedByHand,
  startByHand,
} from '../../sandbox/standins/startByHand';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import {
  CHAIN,
  effects,
  type InstallOptions,
  type InstallTask,
  OBPROXY_1_9,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type World,
} from './world';

const STRANGER = 'plantedOLD.55++';
const PARAMETERS = {
  startupParameters: [{ name: 'work_thread_num', value: '8' }],
  parameters: [
    { name: 'proxy_mem_limited', value: '1G' },
    { name: 'client_max_connections', value: '4096' },
  ],
};

let world: World;
let task: InstallTask;
let proxy: StartedByHand;

const failure = (promise: Promise<unknown>) => failureWithout([...Object.values(PLANTED), STRANGER], promise);

function rootServers(): string {
  return `${world.fleet.gateway}:${world.observer.port}`;
}

async function start(more: Partial<ByHand> = {}): Promise<StartedByHand> {
  return startByHand(world.fleet.hosts[0]!, {
    rpm: OBPROXY_4_3,
    sqlPort: 2883,
    exporterPort: 2884,
    ...((more.rpm ?? OBPROXY_4_3).version.startsWith('4') ? { rpcPort: 2885 } : {}),
    password: STRANGER,
    source: { cluster: 'obcluster', rootServers: rootServers() },
    ...more,
  });
}

function takeOver(options: InstallOptions = {}): Promise<InstallTask> {
  return world.install(0, { takeOver: { password: STRANGER }, ...options });
}

async function ask<T>(
  password: string,
  question: (admin: Awaited<ReturnType<typeof openObproxyAdmin>>) => Promise<T>,
  sqlPort = 2883,
): Promise<T> {
  const worker = world.newWorker();
  try {
    const host = await worker.hosts.open({
      hostId: 1,
      ip: world.fleet.hosts[0]!.ip,
      sshPort: 22,
      username: 'root',
      auth: { kind: 'key', privateKey: world.fleet.privateKey },
    });
    const admin = await openObproxyAdmin({
      where: host.ip,
      password,
      open: () => host.tunnel(sqlPort),
    });
    try {
      return await question(admin);
    } finally {
      admin.close();
    }
  } finally {
    await worker.stop();
  }
}

async function undo(undone: InstallTask): Promise<void> {
  // The last step of none of them has begun, and only what has begun is undone.
  for (const type of CHAIN.slice(0, -1).reverse()) await undone.run(type, { rollback: true });
}

/** Ends what strangers started and takes their packages away. */
async function clear(): Promise<void> {
  const host = world.fleet.hosts[0]!;
  await host.sh(
    'cd /proc && for pid in [0-9]*; do [ "$(cat $pid/comm 2>/dev/null)" = obproxy ] && kill -9 $pid; done',
  );
  await until('no obproxy', () => host.pids('obproxy').length === 0);
  await host.sh(`
    rpm -e obproxy obproxy-ce 2>/dev/null; rpm -e obproxy 2>/dev/null; rpm -e obproxy-ce 2>/dev/null
    rm -rf /home/admin/obproxy-* /opt/taobao /var/lib/obflow-standin /srv/second`);
}

describeIf(fleetUnavailable(), 'Taking over a running OBProxy', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);
  afterEach(async () => {
    if (task !== undefined) {
      await task.run('PrepareObproxyInstall', { rollback: true });
      const server = await world.store.obproxy.findServerOnHost(world.hostIds[0]!);
      if (server !== undefined) await world.store.obproxy.deleteServer(server.id);
    }
    await clear();
  }, 60_000);

  test.each([
    ['4.3.1.0 by root server list', OBPROXY_4_3, 'RS_LIST' as const, '4.3.1.0-4'],
    ['1.9.1.1 by config server', OBPROXY_1_9, 'CONFIG_URL' as const, '1.9.1.1-1919579'],
  ])(
    '%s: it belongs to the cluster, and process, start and files are what they were through success, repetition and undo',
    async (_title, rpm, workMode, version) => {
      const host = world.fleet.hosts[0]!;
      const configUrl = obproxyConfigUrl(world.config.publicUrl, 'somewhere');
      proxy = await start({
        rpm,
        ...(workMode === 'CONFIG_URL' ? { source: { configUrl } } : {}),
        options: ['proxy_mem_limited=2G'],
      });
      const before = await fingerprint(host, proxy);
      expect(before).toMatch(new RegExp(`^${proxy.pid} \\d+ ${proxy.home} `));
      expect(before).toMatch(/[0-9a-f]{64} {2}\.\/bin\/obproxy/);
      task = await takeOver({ workMode, ...PARAMETERS });
      for (const type of CHAIN.slice(0, -1)) await task.run(type);

      const server = await world.store.obproxy.findServer(task.serverId);
      expect(server).toMatchObject({
        status: 'RUNNING',
        operateStatus: 'NORMAL',
        version,
        exporterPort: 2884,
        rpcPort: rpm === OBPROXY_4_3 ? 2885 : null,
        parameterVersion: 7,
        adopted: {
          home: proxy.home,
          user: 'admin',
          package: expect.stringContaining(rpm.name),
          keeper: 'none',
        },
      });
      expect(server!.parameterDrift).toEqual(
        expect.arrayContaining([
          { name: 'work_thread_num', value: '128', expectedValue: '8' },
          { name: 'app_name', value: 'by_hand', expectedValue: expect.stringContaining('cluster') },
        ]),
      );
      expect(await task.log('PrepareCreateObproxy')).toMatch(
        /command line of pid \d+ holds obproxy_sys_password: .*take it out of the script or unit/,
      );
      expect(await task.log('SyncObproxyParameter')).toContain(
        "work_thread_num is '128', the cluster wants '8'",
      );
      expect(await world.store.obproxy.listExporters()).toEqual([
        expect.objectContaining({ target: `${host.ip}:2884` }),
      ]);
      // Dynamic values are the cluster's, those that need a restart are not touched.
      const values = async (password: string) =>
        ask(password, async (admin) => [
          (await admin.showConfig('proxy_mem_limited'))?.value,
          (await admin.showConfig('client_max_connections'))?.value,
          (await admin.showConfig('work_thread_num'))?.value,
        ]);
      expect(await values(PLANTED.proxysys)).toEqual(['1G', '4096', '128']);
      await expect(values(STRANGER)).rejects.toThrow(/ODP10001/);
      expect(await fingerprint(host, proxy)).toBe(before);

      const alters = (await effects(host, proxy.home)).alters;
      for (const type of CHAIN.slice(0, -1)) await task.run(type, { run: 2 });
      expect((await effects(host, proxy.home)).alters).toEqual(alters);
      expect(await fingerprint(host, proxy)).toBe(before);

      await undo(task);
      expect(await values(STRANGER)).toEqual(['2G', '8192', '128']);
      await expect(values(PLANTED.proxysys)).rejects.toThrow(/ODP10001/);
      expect(await world.store.obproxy.findServer(task.serverId)).toBeUndefined();
      expect(await world.store.obproxy.listExporters()).toEqual([]);
      expect(await fingerprint(host, proxy)).toBe(before);
      const slots = await ask(STRANGER, async (admin) => [
        (await admin.showConfig('observer_sys_password1'))?.value,
        rpm === OBPROXY_4_3 ? await admin.clusterValue('obcluster', 'observer_sys_password') : undefined,
      ]);
      expect(slots).toEqual(['', undefined]);
      expect(await effects(host, proxy.home)).toMatchObject({ installs: 1, starts: 1 });

      const words = (await task.wholeLog()).map(({ text }) => text).join('\n');
      for (const secret of [...Object.values(PLANTED), STRANGER]) expect(words).not.toContain(secret);
    },
    120_000,
  );

  test('the former password is forgotten when the task has finished, and proxyro can log in', async () => {
    proxy = await start();
    task = await takeOver();
    await task.chain();
    expect(await world.store.obproxy.formerPassword(task.serverId)).toBe(STRANGER);
    const end = { status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 9 } as const;
    await world.store.tasks.applyStateChange({ taskId: task.taskId, ...end });
    expect(await world.store.obproxy.formerPassword(task.serverId)).toBeUndefined();
    const stored = await ask(PLANTED.proxysys, (admin) =>
      admin.clusterValue('obcluster', 'observer_sys_password'),
    );
    expect(stored).toBe(sha1Hex(PLANTED.proxyro));
    const host = world.fleet.hosts[0]!;
    const folder = `/var/lib/obflow/${task.taskId}`;
    expect((await host.sh(`ls ${folder}`)).exitCode).not.toBe(0);

    // Whoever still wants to undo it is not told that it is undone.
    const before = await fingerprint(host, proxy);
    expect(await failure(task.run('Finish', { rollback: true }))).toMatchObject({
      type: 'TakeOverFinished',
      nonRetryable: true,
      message: expect.stringContaining('forgotten the former passwords'),
    });
    // The host was away when its files were to be forgotten: they tell of a password that is known no more.
    const mark = `${folder}/passwords-${task.taskId * 100 + CHAIN.indexOf('SetObproxyUserPasswordForOb')}.json`;
    await host.sh(`mkdir -p ${folder}; echo '{"slots":[],"proxysys":true}' >${mark}`);
    const undoing = task.run('SetObproxyUserPasswordForOb', { rollback: true });
    expect(await failure(undoing)).toMatchObject({ type: 'TakeOverFinished', nonRetryable: true });
    expect(await fingerprint(host, proxy)).toBe(before);
    await host.sh(`rm -rf ${folder}`);
  }, 60_000);

  test('a wrong password fails with what to do; declared as a credential, the right one is used by the retry', async () => {
    const host = world.fleet.hosts[0]!;
    proxy = await start();
    const before = await fingerprint(host, proxy);
    task = await takeOver({ takeOver: { password: 'plantedBAD.66++' } });
    await task.run('PrepareObproxyInstall');
    const error = await failure(task.run('PrepareCreateObproxy'));
    const name = `proxysys@${host.ip}-2883`;
    expect(error).toMatchObject({ type: 'ObproxyAccessDenied', nonRetryable: true });
    expect(error.message).toMatch(
      /^ODP10001: .*the password of the request, the cluster's password, the empty password/,
    );
    expect(error.message).toContain(`"${name}"`);
    expect(await fingerprint(host, proxy)).toBe(before);

    await world.store.credentials.put({
      name,
      kind: 'DATABASE',
      username: 'root@proxysys',
      secret: STRANGER,
    });
    await task.run('PrepareCreateObproxy', { run: 2 });
    for (const type of CHAIN.slice(2, -1)) await task.run(type);
    expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({ status: 'RUNNING' });
    // The undo knows the password that was right, not the one of the request.
    await undo(task);
    await ask(STRANGER, (admin) => admin.binaryInfo());
    expect(await fingerprint(host, proxy)).toBe(before);
    await world.store.credentials.put({
      name,
      kind: 'DATABASE',
      username: 'root@proxysys',
      secret: 'plantedLEFT.77++',
    });
  }, 60_000);

  test('an undo before any password was set leaves the proxy as it is, whatever password was given', async () => {
    proxy = await start({ password: '' });
    task = await takeOver({ takeOver: { password: 'plantedBAD.66++' } });
    await task.chain('SyncObproxyParameter');
    await undo(task);
    await ask('', (admin) => admin.binaryInfo());
    expect((await effects(task.host, proxy.home)).alters).toEqual({});
  }, 60_000);

  test('of an empty password the undo makes an empty one again', async () => {
    proxy = await start({ password: '' });
    task = await takeOver({ takeOver: {} });
    await task.chain('UpdateObproxyStatus');
    await ask(PLANTED.proxysys, (admin) => admin.binaryInfo());
    await undo(task);
    await ask('', (admin) => admin.binaryInfo());
  }, 60_000);

  test('of two proxies on one host the named port decides, and the other one is left alone', async () => {
    const host = world.fleet.hosts[0]!;
    const first = await start();
    proxy = await start({ home: '/srv/second/obproxy', sqlPort: 3883, exporterPort: 3884, rpcPort: 3885 });
    const before = await fingerprint(host, first);
    task = await takeOver({ takeOver: { password: STRANGER, sqlPort: 3883 } });
    await task.chain('UpdateObproxyStatus');
    expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({
      exporterPort: 3884,
      version: '4.3.1.0-4',
      adopted: { home: '/srv/second/obproxy', package: null },
    });
    expect(await task.log('CheckProcessNotExist')).toContain(`pid ${first.pid}`);
    expect(await task.log('InstallRpmByPackageAndVersion')).toContain('comes from no RPM package');
    await ask(STRANGER, (admin) => admin.binaryInfo());
    expect(await fingerprint(host, first)).toBe(before);
  }, 60_000);

  test.each<[string, Partial<ByHand>, InstallOptions, string, RegExp]>([
    [
      'runs as root',
      { user: 'root' },
      {},
      'ObproxyOwnerDiffers',
      /^ODP21016: .*runs as root.*chown -R admin/,
    ],
    [
      'serves another cluster',
      { source: { cluster: 'elsewhere', rootServers: '10.9.9.9:2881' } },
      {},
      'LinksDiffer',
      /^ODP21011: .*serves elsewhere, and cluster \S+ is linked to obcluster/,
    ],
    [
      'serves another cluster of the same name',
      { source: { cluster: 'obcluster', rootServers: '10.9.9.9:2881' } },
      {},
      'LinksDiffer',
      /^ODP21011: .*10\.9\.9\.9:2881.* are none of those of obcluster/,
    ],
    [
      'has another work mode',
      {},
      { workMode: 'CONFIG_URL' },
      'WorkModeDiffers',
      /^ODP21015: .*by RS_LIST.*by CONFIG_URL/,
    ],
    [
      'listens on another port',
      {},
      { takeOver: { password: STRANGER, sqlPort: 4000 } },
      'ObproxyNotFound',
      /^CMP07054: .*nobody listens on port 4000; running: pid \d+ of admin.*ports 2883, 2884, 2885/,
    ],
    [
      'has another exporter port than asked for',
      {},
      { takeOver: { password: STRANGER, exporterPort: 2999 } },
      'ObproxyPortDiffers',
      /^ODP21016: .*prometheus_listen_port=2884, and exporterPort is 2999/,
    ],
    [
      'is older than 1.8',
      { rpm: { ...OBPROXY_1_9, version: '1.7.2' } },
      {},
      'ObproxyTooOld',
      /^ODP21018: .*1\.7\.2/,
    ],
  ])(
    'one that %s is refused, and nothing of it has changed',
    async (_what, by, options, type, message) => {
      const host = world.fleet.hosts[0]!;
      proxy = await start(by);
      const before = await fingerprint(host, proxy);
      task = await takeOver(options);
      await task.run('PrepareObproxyInstall');
      const error = await failure(task.run('PrepareCreateObproxy'));
      expect(error).toMatchObject({ type, nonRetryable: true });
      expect(error.message).toMatch(message);
      expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({
        status: 'TAKINGOVER',
        version: '',
      });
      await undo(task);
      expect(await fingerprint(host, proxy)).toBe(before);
      expect((await effects(host, proxy.home)).alters).toEqual({});
    },
    60_000,
  );

  test('everything that does not fit is named at once', async () => {
    proxy = await start({ user: 'root', source: { cluster: 'elsewhere', rootServers: '10.9.9.9:2881' } });
    task = await takeOver({ takeOver: { password: STRANGER, exporterPort: 2999 } });
    const error = await failure(task.run('PrepareCreateObproxy'));
    expect(error.message).toMatch(/runs as root.*exporterPort is 2999.*serves elsewhere/);
  }, 60_000);

  test('a port that another program holds is refused with its name', async () => {
    const host = world.fleet.hosts[0]!;
    await host.sh('setsid nc -l -k -p 2883 </dev/null >/dev/null 2>&1 &');
    await until(
      'nc listens',
      async () => (await host.sh('grep -q ":0B43 0*:0000 0A" /proc/net/tcp')).exitCode === 0,
    );
    try {
      task = await takeOver();
      const error = await failure(task.run('PrepareCreateObproxy'));
      expect(error.message).toMatch(/^CMP07054: .*port 2883 is held by pid \d+ of root: nc.*no obproxy runs/);
    } finally {
      await host.sh('pkill -x nc');
    }
  }, 60_000);

  test('of another version family than the cluster is refused', async () => {
    proxy = await start({ rpm: OBPROXY_1_9 });
    const { store } = world;
    task = await takeOver();
    const cluster = (await store.obproxy.findCluster(task.clusterId))!;
    const worker = world.newWorker();
    const changed = {
      ...store,
      obproxy: {
        ...store.obproxy,
        findCluster: async () => ({
          ...cluster,
          servers: [...cluster.servers, { ...cluster.servers[0]!, id: 9999, version: '4.3.1.0-4' }],
        }),
      },
    };
    const activities = createActivities({ ...world, store: changed, hosts: worker.hosts });
    const error = await failure(task.run('PrepareCreateObproxy', {}, { ...worker, activities }));
    expect(error.message).toMatch(/^ODP21110: .*1\.9\.1\.1 runs, and the cluster has 4\.3\.1\.0/);
    await worker.stop();
  }, 60_000);

  test('a keeper is recorded, not started; a proxy without metrics is taken over without', async () => {
    const host = world.fleet.hosts[0]!;
    // Metrics that are switched off are served all the same; a taken port is what leaves a proxy without.
    await host.sh('setsid nc -l -k -p 2884 </dev/null >/dev/null 2>&1 &');
    await until(
      'nc listens',
      async () => (await host.sh('grep -q ":0B44 0*:0000 0A" /proc/net/tcp')).exitCode === 0,
    );
    proxy = await start();
    await host.sh(`
      mkdir -p /srv
      printf '#!/bin/sh\\nwhile :; do sleep 60; done\\n' >/srv/obproxyd.sh && chmod 755 /srv/obproxyd.sh
      setsid sh /srv/obproxyd.sh </dev/null >/dev/null 2>&1 &`);
    try {
      task = await takeOver();
      await task.chain('UpdateObproxyStatus');
      const server = await world.store.obproxy.findServer(task.serverId);
      expect(server).toMatchObject({ adopted: { keeper: 'obproxyd.sh' }, status: 'RUNNING' });
      expect(await world.store.obproxy.listExporters()).toEqual([]);
      expect(await task.log('RegisterObproxyExporter')).toContain('serves no metrics');
      expect((await host.sh('[ -e /var/lib/obflow/obproxy ]')).exitCode).not.toBe(0);
    } finally {
      await host.sh('pkill -x nc; pkill -f /srv/obproxyd.sh; rm -f /srv/obproxyd.sh');
    }
  }, 60_000);

  test('a proxy that is away when its metrics are registered is not taken for one without', async () => {
    proxy = await start();
    task = await takeOver();
    await task.chain('RefreshAgentConfig');
    await world.fleet.hosts[0]?.sh(`kill -9 ${proxy.pid}`);
    const error = await failure(task.run('RegisterObproxyExporter'));
    expect(error).toMatchObject({ type: 'ObproxyAway', nonRetryable: false });
    expect(await world.store.obproxy.listExporters()).toEqual([]);
  }, 60_000);

  test('when proxyro’s slots are taken by other passwords, both stay and the error says so', async () => {
    proxy = await start({ rpm: OBPROXY_1_9 });
    await ask(STRANGER, (admin) => admin.alter('observer_sys_password1', 'somebody.ELSE.99'));
    task = await takeOver();
    await task.chain('SyncObproxyParameter');
    const error = await failure(task.run('SetObproxyUserPasswordForOb'));
    expect(error).toMatchObject({ type: 'PasswordSlotsTaken', nonRetryable: true });
    const shown = await ask(STRANGER, (admin) => admin.showConfig('observer_sys_password1'));
    expect(shown?.value).toBe(sha1Hex('somebody.ELSE.99'));
  }, 60_000);
});
