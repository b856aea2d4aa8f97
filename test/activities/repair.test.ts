import { connect } from 'node:net';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { startObserver } from '../../sandbox/standins/observer';
import { holdRpmLock } from '../support/rpmLock';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import {
  CHAIN,
  effects,
  type InstallTask,
  OBPROXY_1_9,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type World,
} from './world';

let world: World;
let task: InstallTask;

const failure = (promise: Promise<unknown>) => failureWithout(Object.values(PLANTED), promise);

/** Whether the host's SSH port takes a connection now. */
function answers(host: TestHost): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.ip, port: host.sshPort, timeout: 1_000 });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

async function undo(undone: InstallTask): Promise<void> {
  for (const type of [...CHAIN].reverse()) await undone.run(type, { rollback: true });
}

describeIf(fleetUnavailable(), 'Install obproxy, when something is in its way', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);
  afterEach(async () => {
    await undo(task);
    await task.host.sh('rm -rf /var/lib/obflow-standin /home/admin/obproxy-* /opt/taobao/install/obproxy-*');
  });

  test('waits for another rpm, through a lost connection and a dead worker, and installs once', async () => {
    task = await world.install(0);
    await task.chain('CheckCommand');
    const release = await holdRpmLock(task.host);
    const first = world.newWorker();
    const lost = failure(task.run('InstallRpmByPackageAndVersion', {}, first));
    await until('it waits', async () =>
      (await task.log('InstallRpmByPackageAndVersion')).includes('another rpm is at work'),
    );
    // The connection is gone in silence; the worker notices by itself.
    await task.host.cut();
    const error = await lost;
    expect(error).toMatchObject({ nonRetryable: false });
    await task.host.heal();
    await first.stop();
    // The kernel may still hold the address for unreachable: a worker would be tried again, this one is started later.
    await until('the host answers again', () => answers(task.host));
    // Another worker takes the subtask up and waits for the same command.
    const second = world.newWorker();
    const waiting = task.run('InstallRpmByPackageAndVersion', { attempt: 2 }, second);
    await until('the second attempt waits', async () => {
      const log = await task.log('InstallRpmByPackageAndVersion');
      return log.split('another rpm is at work').length > 2;
    });
    await release();
    await waiting;
    await second.stop();
    expect((await effects(task.host, task.home)).installs).toBe(1);
  }, 90_000);

  test('stops rpm when the operator cancels, and installs at the next run', async () => {
    task = await world.install(0);
    await task.chain('CheckCommand');
    const release = await holdRpmLock(task.host);
    let cancel = () => {};
    const cancelled = task.run('InstallRpmByPackageAndVersion', {
      environment: (environment) => {
        cancel = () => environment.cancel();
      },
    });
    await until('it waits', async () =>
      (await task.log('InstallRpmByPackageAndVersion')).includes('another rpm is at work'),
    );
    cancel();
    await expect(cancelled).rejects.toThrow();
    const log = await task.log('InstallRpmByPackageAndVersion');
    expect(log).toContain('Stopping the command "rpm"');
    expect(log).toMatch(/state: FAILED$/);
    await release();
    expect((await effects(task.host, task.home)).installs).toBe(0);
    await task.run('InstallRpmByPackageAndVersion', { run: 2 });
    expect((await effects(task.host, task.home)).installs).toBe(1);
  }, 90_000);

  test('says that rpm may still run when it cannot be reached to be stopped; the undo stops it before it undoes', async () => {
    const type = 'InstallRpmByPackageAndVersion';
    task = await world.install(0);
    await task.chain('CheckCommand');
    const release = await holdRpmLock(task.host);
    let cancel = () => {};
    const cancelled = task.run(type, {
      environment: (environment) => {
        cancel = () => environment.cancel();
      },
    });
    await until('it waits', async () => (await task.log(type)).includes('another rpm is at work'));
    await task.host.cut();
    cancel();
    await expect(cancelled).rejects.toThrow();
    expect(await task.log(type)).toMatch(/The command "rpm" may still run on [\d.]+: CMP07004/);
    await task.host.heal();
    const members = `ps -o pid= -s "$(readlink /var/lib/obflow/${task.taskId}/*/1/rpm/claim | cut -d. -f1)"`;
    expect((await task.host.sh(members)).stdout).not.toBe('');

    await until('undone', () =>
      task.run(type, { rollback: true }).then(
        () => true,
        () => false,
      ),
    );
    expect(await task.log(type)).toMatch(/The command "rpm" was still at work on [\d.]+: stopped/);
    expect((await task.host.sh(members)).stdout).toBe('');
    await release();
    expect((await effects(task.host, task.home)).installs).toBe(0);
  }, 90_000);

  test('says which folder it cannot make, before anything is sent to the host', async () => {
    const type = 'InstallRpmByPackageAndVersion';
    task = await world.install(0);
    await task.chain('CheckCommand');
    const folder = `/var/lib/obflow/${task.taskId}`;
    await task.host.sh(`rm -rf ${folder}; mkdir -p /var/lib/obflow && : >${folder}`);
    const error = await failure(task.run(type));
    expect(error).toMatchObject({ type: 'FileOperationFailed', nonRetryable: true });
    expect(error.message).toMatch(new RegExp(`make .*${folder}.*${task.host.ip}.*File exists`, 's'));
    await task.host.sh(`rm ${folder} && mount -t tmpfs -o ro none /var/lib/obflow`);
    const readOnly = await failure(task.run(type, { run: 2 }));
    await task.host.sh('umount /var/lib/obflow');
    expect(readOnly).toMatchObject({ type: 'FileOperationFailed', nonRetryable: true });
    expect(readOnly.message).toContain('Read-only file system');
    await task.run(type, { run: 3 });
  }, 60_000);

  test('fails when its undo cannot remove what it made, and is undone once that is repaired', async () => {
    const type = 'InstallRpmByPackageAndVersion';
    task = await world.install(0);
    await task.chain(type);
    const mounted = `${task.home}/mounted`;
    await task.host.sh(`mkdir ${mounted} && mount -t tmpfs none ${mounted}`);
    const undone = await task.run(type, { rollback: true }).catch((error: unknown) => error);
    await task.host.sh(`umount ${mounted}`);
    expect(undone).toMatchObject({ type: 'NotRemoved', nonRetryable: true });
    expect(String(undone)).toContain(task.home);
    await task.run(type, { rollback: true });
    expect((await task.host.sh(`ls -d ${task.home} /var/lib/obflow/obproxy`)).stdout).toBe('');
  }, 60_000);

  test('goes on after the host lost its power in the middle of rpm', async () => {
    task = await world.install(0);
    await task.chain('CheckCommand');
    await holdRpmLock(task.host);
    const lost = failure(task.run('InstallRpmByPackageAndVersion'));
    await until('it waits', async () =>
      (await task.log('InstallRpmByPackageAndVersion')).includes('another rpm is at work'),
    );
    await task.host.reboot();
    expect(await lost).toMatchObject({ nonRetryable: false });
    await until('the host answers', () =>
      task.run('CheckCommand', { run: 2 }).then(
        () => true,
        () => false,
      ),
    );
    await task.run('InstallRpmByPackageAndVersion', { attempt: 2 });
    expect(await task.log('InstallRpmByPackageAndVersion')).toContain('rpm was interrupted');
    expect((await effects(task.host, task.home)).installs).toBe(1);
  }, 90_000);

  test('puts the former package back when an upgrade is undone', async () => {
    const former = { ...OBPROXY_4_3, version: '4.2.3.0', release: '3.el7' };
    const before = await world.install(0, { rpm: former });
    await before.chain('InstallRpmByPackageAndVersion');
    await before.run('Finish');
    await before.run('PrepareObproxyInstall', { rollback: true });
    task = await world.install(0);
    await task.chain('InstallRpmByPackageAndVersion');
    const query = async () => (await task.host.sh('rpm -q obproxy-ce')).stdout.trim();
    expect(await query()).toBe('obproxy-ce-4.3.1.0-4.el7.x86_64');
    await task.run('InstallRpmByPackageAndVersion', { rollback: true });
    expect(await query()).toBe('obproxy-ce-4.2.3.0-3.el7.x86_64');
    // Again, and it stays so.
    await task.run('InstallRpmByPackageAndVersion', { rollback: true });
    expect(await query()).toBe('obproxy-ce-4.2.3.0-3.el7.x86_64');
    await task.host.sh('rpm -e obproxy-ce');
  });

  test('never installs over the configuration or the process of another proxy', async () => {
    task = await world.install(0);
    await task.host.sh(`mkdir -p ${task.home}/etc && echo precious >${task.home}/etc/proxyconfig_v1.db`);
    expect(await failure(task.run('InstallRpmByPackageAndVersion'))).toMatchObject({ type: 'HomeNotEmpty' });
    const { stdout } = await task.host.sh(`cat ${task.home}/etc/proxyconfig_v1.db; rpm -q obproxy-ce`);
    expect(stdout).toBe('precious\npackage obproxy-ce is not installed\n');
    await task.host.sh(`rm -rf ${task.home}/etc`);
    await task.run('InstallRpmByPackageAndVersion', { run: 2 });
    // The package is right, the configuration is not ours: nothing is started.
    await task.host.sh(`mkdir -p ${task.home}/etc && echo precious >${task.home}/etc/proxyconfig_v1.db`);
    expect(await failure(task.run('StartObproxy'))).toMatchObject({ type: 'HomeNotEmpty' });
    expect(task.host.pids('obproxy')).toEqual([]);
  });

  test('names a damaged installation instead of repairing it over a proxy', async () => {
    task = await world.install(0);
    await task.chain('InstallRpmByPackageAndVersion');
    await task.host.sh(`rm ${task.home}/bin/obproxyd.sh`);
    const error = await failure(task.run('InstallRpmByPackageAndVersion', { run: 2 }));
    expect(error).toMatchObject({ type: 'PackageDamaged', nonRetryable: true });
    expect(error.message).toContain('obproxyd.sh');
  });

  test.each([
    ['4.3.1.0', OBPROXY_4_3],
    ['1.9.1.1', OBPROXY_1_9],
  ])(
    'starts %s once, however often the worker dies meanwhile',
    async (_version, rpm) => {
      task = await world.install(0, { rpm });
      await task.chain('InstallRpmByPackageAndVersion');
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const worker = world.newWorker();
        const running = task.run('StartObproxy', { attempt }, worker).catch(() => undefined);
        // Each attempt gets a little further before its connections break.
        await new Promise((resolve) => setTimeout(resolve, attempt * 130));
        await worker.stop();
        await running;
      }
      await task.run('StartObproxy', { attempt: 4 });
      expect((await effects(task.host, task.home)).starts).toBe(1);
      expect(task.host.pids('obproxy')).toHaveLength(1);
      await task.run('SyncObproxyParameter');
    },
    90_000,
  );

  test('starts again without options after a power loss, with the same passwords', async () => {
    task = await world.install(0, { rpm: OBPROXY_1_9 });
    await task.chain('SetObproxyUserPasswordForOb');
    await task.host.reboot();
    await until('the host answers', () =>
      task.run('CheckCommand', { run: 2 }).then(
        () => true,
        () => false,
      ),
    );
    await task.run('StartObproxy', { run: 2 });
    expect(await task.log('StartObproxy')).toContain('it is started without options');
    expect((await effects(task.host, task.home)).starts).toBe(2);
    await task.run('SetObproxyUserPasswordForOb', { run: 2 });
    expect(await task.log('SetObproxyUserPasswordForOb')).toContain('has the password already');
  }, 90_000);

  test('sends no password to a proxy that cannot store it, which would write it into its log', async () => {
    task = await world.install(0);
    await task.chain('StartObproxy');
    await task.host.sh(`mv ${task.home}/etc ${task.home}/etc.away`);
    const error = await failure(task.run('SetObproxyUserPasswordForOb'));
    expect(error).toMatchObject({ type: 'ConfigurationUnstorable', nonRetryable: true });
    expect(error.message).toContain(`${task.home}/etc`);
    await task.host.sh(`mv ${task.home}/etc.away ${task.home}/etc`);
    await task.run('SetObproxyUserPasswordForOb', { run: 2 });
    expect((await effects(task.host, task.home)).alters).toMatchObject({ observer_sys_password: 1 });
    const { stdout } = await task.host.sh(`cat ${task.home}/log/obproxy.log`);
    expect(stdout).not.toContain(PLANTED.proxyro);
  }, 60_000);

  test('takes a password out of the log of a proxy that refused to store it', async () => {
    task = await world.install(0);
    await task.chain('StartObproxy');
    // The stand-in writes a new file beside the old one; this one it cannot write.
    const blocked = `${task.home}/etc/proxyconfig_v1.db.$(pgrep -x obproxy).new`;
    await task.host.sh(`mkdir "${blocked}"`);
    const error = await failure(task.run('SetObproxyUserPasswordForOb'));
    expect(error).toMatchObject({ type: 'ObproxySqlRefused', nonRetryable: true });
    expect(error.message).toContain('see that it is not there');
    expect(await task.log('SetObproxyUserPasswordForOb')).toContain('Masked the password');
    const { stdout } = await task.host.sh(`cat ${task.home}/log/obproxy.log`);
    expect(stdout).not.toContain(PLANTED.proxyro);
    expect(stdout).toMatch(/fail to execute sql.*, \*+, /);
    await task.host.sh(`rmdir "${blocked}"`);
    await task.run('SetObproxyUserPasswordForOb', { run: 2 });
    expect((await effects(task.host, task.home)).alters).toMatchObject({ observer_sys_password: 1 });
  }, 60_000);

  test('fails early, with the end of the log and without its hashes, when the program dies', async () => {
    task = await world.install(0);
    await task.chain('InstallRpmByPackageAndVersion');
    const hash = sha1Hex('whatever');
    await task.host.sh(`
      cd ${task.home} && mv bin/obproxy bin/real && mkdir -p log && echo "EDIAG obproxy_sys_password=${hash} cannot bind" >log/obproxy.log
      echo "WDIAG sql: REPLACE INTO proxy_config(name, value) VALUES ('observer_sys_password', 'plain.One')" >>log/obproxy.log
      for i in $(seq 60); do echo "  -$i,--usage of option $i" >>log/obproxy.log; done
      printf '#!/bin/sh\\nexit 0\\n' >bin/obproxy && chmod 755 bin/obproxy && chown admin bin/obproxy`);
    const started = Date.now();
    const error = await failure(task.run('StartObproxy'));
    expect(error).toMatchObject({ type: 'ObproxyStartFailed', nonRetryable: true });
    expect(error.message).toContain('log/obproxy.log says: EDIAG obproxy_sys_password=*** cannot bind');
    expect(error.message).not.toContain('--usage');
    expect(error.message).not.toContain(hash);
    expect(error.message).not.toContain('plain.One');
    expect(Date.now() - started).toBeLessThan(30_000);
    // A bad option: usage on stderr, no log.
    await task.host.sh(
      `rm -r ${task.home}/log; printf '#!/bin/sh\\necho invalid port >&2\\n' >${task.home}/bin/obproxy`,
    );
    const unlogged = await failure(task.run('StartObproxy', { run: 2 }));
    expect(unlogged.message).toMatch(
      /there is no .*obproxy\.log, so it did not begin to start; on stderr: .*invalid port/s,
    );
    await task.host.sh(`cd ${task.home} && mv -f bin/real bin/obproxy`);
    await task.run('StartObproxy', { run: 3 });
    expect((await effects(task.host, task.home)).starts).toBe(1);
  }, 60_000);

  test('starts no proxy that would learn of no cluster, because the host cannot reach the config server', async () => {
    const { createActivities } = await import('../../activities');
    const worker = world.newWorker();
    const config = { ...world.config, publicUrl: `http://${world.fleet.gateway}:1` };
    const other = { ...worker, activities: createActivities({ ...world, config, hosts: worker.hosts }) };
    task = await world.install(0, { workMode: 'CONFIG_URL' });
    await task.chain('InstallRpmByPackageAndVersion');
    const error = await failure(task.run('StartObproxy', {}, other));
    expect(error).toMatchObject({ type: 'ConfigUrlUnreachable', nonRetryable: true });
    expect(error.message).toContain('OBFLOW_PUBLIC_URL');
    expect((await effects(task.host, task.home)).starts).toBe(0);
    await task.run('StartObproxy', { run: 2 });
    expect((await effects(task.host, task.home)).starts).toBe(1);
    await worker.stop();
  });

  test('says that password and address look the same to OBProxy', async () => {
    task = await world.install(0);
    await task.chain('StartObproxy');
    const worker = world.newWorker();
    const host = await worker.hosts.open({
      hostId: 1,
      ip: task.host.ip,
      sshPort: 22,
      username: 'root',
      auth: { kind: 'key', privateKey: world.fleet.privateKey },
    });
    const admin = await openObproxyAdmin({
      where: task.host.ip,
      password: PLANTED.proxysys,
      open: () => host.tunnel(2883),
    });
    await admin.alter('obproxy_sys_password', 'somebody.ELSE.99');
    admin.close();
    await worker.stop();
    const error = await failure(task.run('SetObproxyUserPasswordForOb'));
    expect(error).toMatchObject({ type: 'ObproxyAccessDenied', nonRetryable: true });
    expect(error.message).toMatch(/ODP10001.*wrong password.*address/);
  });

  test('refuses what the running proxy cannot take, by name', async () => {
    task = await world.install(0, {
      startupParameters: [{ name: 'work_thread_num', value: '9999' }],
      parameters: [{ name: 'no_such_parameter', value: '1' }],
    });
    await task.chain('StartObproxy');
    const error = await failure(task.run('SyncObproxyParameter'));
    expect(error).toMatchObject({ type: 'ObproxyParameterUnknown', nonRetryable: true });
    expect(error.message).toContain('no_such_parameter');
    await undo(task);
    task = await world.install(0, { startupParameters: [{ name: 'work_thread_num', value: '9999' }] });
    await task.chain('StartObproxy');
    const late = await failure(task.run('SyncObproxyParameter'));
    expect(late).toMatchObject({ type: 'ObproxyRestartNeeded', nonRetryable: true });
    expect(late.message).toMatch(/work_thread_num is '\d+', wished '9999'/);
  }, 60_000);

  test('sets and undoes parameters of a running proxy one by one, long ones by the table', async () => {
    const long = 'x'.repeat(600);
    task = await world.install(0);
    await task.chain('StartObproxy');
    const settings = [
      { name: 'init_sql', value: long },
      { name: 'proxy_mem_limited', value: '3G' },
      { name: 'enable_cluster_checkout', value: 'false' },
    ];
    const cluster = await world.store.obproxy.findCluster(task.clusterId);
    const { store } = world;
    const worker = world.newWorker();
    const wished = {
      ...store,
      obproxy: { ...store.obproxy, findCluster: async () => ({ ...cluster!, parameters: settings }) },
    };
    const { createActivities } = await import('../../activities');
    const other = {
      ...worker,
      activities: createActivities({ ...world, store: wished, hosts: worker.hosts }),
    };
    await task.run('SyncObproxyParameter', {}, other);
    const alters = async () => (await effects(task.host, task.home)).alters;
    expect(await alters()).toMatchObject({
      init_sql: 1,
      proxy_mem_limited: 1,
      enable_cluster_checkout: 1,
    });
    await task.run('SyncObproxyParameter', { run: 2 }, other);
    expect(await alters()).toMatchObject({
      init_sql: 1,
      proxy_mem_limited: 1,
      enable_cluster_checkout: 1,
    });
    await task.run('SyncObproxyParameter', { rollback: true }, other);
    expect(await alters()).toMatchObject({
      init_sql: 2,
      proxy_mem_limited: 2,
      enable_cluster_checkout: 2,
    });
    await worker.stop();
  });

  describe('at OceanBase', () => {
    const credential = (secret: string) =>
      world.store.credentials.put({ name: 'proxyro', kind: 'DATABASE', username: 'proxyro@sys', secret });

    test('a password of proxyro that differs is named, and nothing is written to the proxy', async () => {
      task = await world.install(0);
      await task.chain('SyncObproxyParameter');
      await credential('plantedWRONG.44');
      try {
        const error = await failure(task.run('SetObproxyUserPasswordForOb'));
        expect(error).toMatchObject({ type: 'ProxyroPasswordDiffers', nonRetryable: true });
        expect(error.message).toMatch(/^ODP21006/);
        expect(error.message).not.toContain('planted');
        expect((await effects(task.host, task.home)).alters.observer_sys_password).toBeUndefined();
      } finally {
        await credential(PLANTED.proxyro);
      }
      await task.run('SetObproxyUserPasswordForOb', { run: 2 });
      expect((await effects(task.host, task.home)).alters.observer_sys_password).toBe(1);
    });

    test('a user that does not exist is made once, and may only read', async () => {
      task = await world.install(0);
      await task.chain('SyncObproxyParameter');
      const found = await world.store.obproxy.findCluster(task.clusterId);
      const links = found!.obLinks.map((link) => ({ ...link, username: 'proxyro2' }));
      const { store } = world;
      const worker = world.newWorker();
      const { createActivities } = await import('../../activities');
      const changed = {
        ...store,
        obproxy: { ...store.obproxy, findCluster: async () => ({ ...found!, obLinks: links }) },
      };
      const activities = createActivities({ ...world, store: changed, hosts: worker.hosts });
      const other = { ...worker, activities };
      expect(world.observer.users()).not.toContain('proxyro2');
      await task.run('SetObproxyUserPasswordForOb', {}, other);
      expect(world.observer.users()).toContain('proxyro2');
      const log = await task.log('SetObproxyUserPasswordForOb');
      expect(log).toContain('Created proxyro2@sys');
      expect(log).toMatch(/GRANT SELECT ON .oceanbase.\.\* TO 'proxyro2'/);
      await task.run('SetObproxyUserPasswordForOb', { run: 2 }, other);
      await worker.stop();
    });

    test('a login through the proxy to a server that times out is tried again, and is no refusal', async () => {
      task = await world.install(0);
      const found = await world.store.obproxy.findCluster(task.clusterId);
      const links = found!.obLinks.map((link) => ({ ...link, username: 'proxyro3' }));
      const { store, observer } = world;
      const worker = world.newWorker();
      const { createActivities } = await import('../../activities');
      const changed = {
        ...store,
        obproxy: { ...store.obproxy, findCluster: async () => ({ ...found!, obLinks: links }) },
      };
      const activities = createActivities({ ...world, store: changed, hosts: worker.hosts });
      const last = CHAIN.indexOf('UpdateObproxyStatus');
      for (const type of CHAIN.slice(0, last)) await task.run(type, {}, { ...worker, activities });
      observer.refusing = { of: /^select 1$/i, code: 4012, message: 'Timeout' };
      const before = observer.statementsLike(/^select 1$/i).length;
      const proven = task.run('UpdateObproxyStatus', {}, { ...worker, activities });
      await until('it is asked', () => observer.statementsLike(/^select 1$/i).length > before);
      observer.refusing = undefined;
      await proven;
      expect(await task.log('UpdateObproxyStatus')).toContain('proxyro3@sys');
      await worker.stop();
    }, 60_000);

    test.each<[string, object, string, RegExp]>([
      [
        'a cluster of another name is refused with the name to declare',
        { clusterName: 'other' },
        'ClusterNameDiffers',
        /calls itself "other".*4666.*Declare it as "other"/,
      ],
      [
        'a view that is not there is no missing grant',
        { clusterName: 'obcluster', without: ['DBA_OB_SERVERS'] },
        'ObserverViewMissing',
        /error 1146.*No grant is missing/,
      ],
    ])('%s', async (_what, more, type, text) => {
      const odd = await startObserver({
        ...{ host: world.fleet.gateway, port: 0, clusterName: 'obcluster', obClusterId: 1 },
        ...{ users: { 'root@sys': PLANTED.root, 'proxyro@sys': PLANTED.proxyro }, ...more },
      });
      task = await world.install(0);
      await task.chain('SyncObproxyParameter');
      const cluster = (await world.store.obClusters.find(world.obClusterId))!;
      const { id: _id, createTime: _created, updateTime: _updated, ...known } = cluster;
      const rootServers = [{ ip: world.fleet.gateway, sqlPort: odd.port, rpcPort: 2882 }];
      await world.store.obClusters.put({ ...known, rootServers });
      try {
        const error = await failure(task.run('SetObproxyUserPasswordForOb'));
        expect(error).toMatchObject({ type, nonRetryable: true });
        expect(error.message).toMatch(text);
        expect((await effects(task.host, task.home)).alters.observer_sys_password).toBeUndefined();
      } finally {
        await world.store.obClusters.put(known);
        await odd.stop();
      }
      await task.run('SetObproxyUserPasswordForOb', { run: 2 });
    });

    test.each([4012, 8001, 5150])('a question that is answered by %i may be asked again', async (code) => {
      task = await world.install(0);
      await task.chain('SyncObproxyParameter');
      world.observer.refusing = { of: /^show grants/i, code, message: 'planted' };
      try {
        const error = await failure(task.run('SetObproxyUserPasswordForOb'));
        expect(error).toMatchObject({ type: 'ObserverUnreachable', nonRetryable: false });
      } finally {
        world.observer.refusing = undefined;
      }
      await task.run('SetObproxyUserPasswordForOb', { attempt: 2 });
    });

    test('root servers that do not answer may come back', async () => {
      task = await world.install(0);
      await task.chain('SyncObproxyParameter');
      const cluster = (await world.store.obClusters.find(world.obClusterId))!;
      const { id: _id, createTime: _created, updateTime: _updated, ...known } = cluster;
      await world.store.obClusters.put({
        ...known,
        rootServers: [{ ip: world.fleet.gateway, sqlPort: 1, rpcPort: 2882 }],
      });
      try {
        const error = await failure(task.run('SetObproxyUserPasswordForOb'));
        expect(error).toMatchObject({ type: 'ObserverUnreachable', nonRetryable: false });
        expect(error.message).toContain('must reach the SQL ports of the root servers directly');
      } finally {
        await world.store.obClusters.put(known);
      }
      await task.run('SetObproxyUserPasswordForOb', { attempt: 2 });
    });
  });

  test('finishes although a host is away by then', async () => {
    task = await world.install(0);
    await task.run('PrepareObproxyInstall');
    await task.host.powerOff();
    await task.run('Finish');
    expect(await task.log('Finish')).toContain('Files of this task stay on host');
    await task.host.boot();
    await until('the host answers', () =>
      task.run('CheckCommand', { run: 2 }).then(
        () => true,
        () => false,
      ),
    );
  }, 60_000);
});
