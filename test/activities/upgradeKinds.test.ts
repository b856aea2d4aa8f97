import type { Connection } from 'mysql2/promise';
import { upgradeObproxy } from '../../operations/upgradeObproxy';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { ObproxyRpm } from '../../sandbox/standins/rpm';
import { startByHand } from '../../sandbox/standins/startByHand';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { dryRun, openSession, proxiesIn, superviseInstead } from './lifeWorld';
import {
  filesIn,
  keeps,
  leftOn,
  NEWER,
  packagesOn,
  startUpgradeWorld,
  type UpgradeWorld,
} from './upgradeWorld';
import { OBPROXY_4_3, PLANTED } from './world';

const OBPROXY_4_0: ObproxyRpm = { name: 'obproxy-ce', version: '4.0.0.0', release: '5.el7' };
const STRANGER = 'plantedOLD.55++';

let bed: UpgradeWorld;

describeIf(fleetUnavailable(), 'An upgrade of an OBProxy', () => {
  const clients: Connection[] = [];
  beforeEach(async () => {
    bed = await startUpgradeWorld(1);
  }, 60_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await bed?.stop();
  }, 60_000);

  const ofCluster = (task: Parameters<UpgradeWorld['ask']>[0]) =>
    bed.ask(task, (admin) => admin.clusterValue('obcluster', 'observer_sys_password'));

  test('over 4.1 takes what is stored along, values of clusters and passwords, too, and an undo leaves the old file as it was', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_0 });
    const before = await bed.settings(one);
    const files = await filesIn(one.host, one.home);
    const password = await ofCluster(one);
    expect(password).toMatch(/^[0-9a-f]{40}$/);
    const client = await openSession(one.host, one.home);
    clients.push(client);
    await client.query('begin');

    const undone = await bed.upgrade([one], { prohibitRollback: false });
    await undone.upTo('HotRestartObproxy');
    // Altered after the copy was made.
    await bed.ask(one, (admin) => admin.alter('client_max_connections', '4322'));
    await undone.run('HotRestartObproxy');
    expect(await bed.version(one)).toBe('4.3.2.0-9');
    expect(await bed.shown(one, 'client_max_connections')).toBe('4322');
    expect(await ofCluster(one)).toBe(password);
    await client.query('select 1');
    await client.query('commit');
    client.destroy();
    await bed.ask(one, (admin) => admin.alter('client_max_connections', '4321'));
    await undone.undo();
    expect(await bed.version(one)).toBe('4.0.0.0-5');
    expect(await bed.settings(one)).toEqual(before);
    expect(await ofCluster(one)).toBe(password);
    await until('one process', async () => (await proxiesIn(one.host, one.home)).length === 1);
    expect(await filesIn(one.host, one.home)).toEqual(files);

    const task = await bed.upgrade([one]);
    await task.upTo();
    const after = new Map((await bed.settings(one)).map((text) => text.split('=') as [string, string]));
    for (const text of before) {
      const [name = '', value] = text.split('=');
      expect([name, after.get(name)]).toEqual([name, value]);
    }
    expect(await ofCluster(one)).toBe(password);
    expect(await bed.row(one)).toMatchObject({ version: '4.3.2.0-9', home: one.home, status: 'RUNNING' });
    // What is stored counts at the next start, too.
    await one.host.sh(`kill -9 ${(await proxiesIn(one.host, one.home)).join(' ')}`);
    await until('the keeper has started it', () => bed.version(one).catch(() => undefined), 20_000);
    expect(await bed.shown(one, 'client_max_connections')).toBe('4321');
    expect(await ofCluster(one)).toBe(password);
    expect(await leftOn(one.host)).toBe('obproxy\n');
  }, 240_000);

  test('to another release of its version never runs the scripts of the package, which would wipe the living home', async () => {
    const release = { ...OBPROXY_4_3, release: '7.el7' };
    await bed.world.package(release);
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const files = await filesIn(one.host, one.home);
    const before = await bed.settings(one);
    const undone = await bed.upgrade([one], {
      shortRpmName: 'obproxy-ce-4.3.1.0-7',
      prohibitRollback: false,
    });
    await undone.upTo('CheckProxyVersion');
    expect(await bed.version(one)).toBe('4.3.1.0-7');
    await undone.undo();
    expect(await bed.version(one)).toBe('4.3.1.0-4');
    await until('one process', async () => (await proxiesIn(one.host, one.home)).length === 1);
    expect(await filesIn(one.host, one.home)).toEqual(files);
    const task = await bed.upgrade([one], { shortRpmName: 'obproxy-ce-4.3.1.0-7' });
    await task.upTo();
    expect(await bed.version(one)).toBe('4.3.1.0-7');
    expect(await bed.settings(one)).toEqual(before);
    expect(await packagesOn(one.host)).toEqual(['obproxy-ce-4.3.1.0-7.el7.x86_64']);
    // What lies there is what rpm lists.
    const { stdout } = await one.host.sh('rpm -V --nouser --nogroup --nomtime obproxy-ce; exit 0');
    expect(stdout).toBe('');
  }, 180_000);

  test('whose program lacks a library there is refused before anything is restarted, and can be undone', async () => {
    await bed.world.package({ ...NEWER, version: '4.3.4.0', library: 'libmissing.so' });
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const files = await filesIn(one.host, one.home);
    const before = await proxiesIn(one.host, one.home);
    const task = await bed.upgrade([one], { shortRpmName: 'obproxy-ce-4.3.4.0-9', prohibitRollback: false });
    await task.upTo('UpgradeObproxyRpm');
    const failure = await failureWithout(Object.values(PLANTED), task.run('UpgradeObproxyRpm'));
    expect(failure.type).toBe('ProgramDoesNotRun');
    expect(failure.message).toContain('libmissing.so');
    await task.undo();
    expect(await filesIn(one.host, one.home)).toEqual(files);
    expect(await proxiesIn(one.host, one.home)).toEqual(before);
  }, 120_000);

  test('is not called undone while its files cannot be removed', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const files = await filesIn(one.host, one.home);
    const task = await bed.upgrade([one], { prohibitRollback: false });
    await task.upTo('UpgradeObproxyRpm');
    await task.run('UpgradeObproxyRpm');
    const folder = `${one.home}/upgrade.obflow-${task.taskId}`;
    await one.host.sh(`mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`);
    const undone = await failureWithout(
      Object.values(PLANTED),
      task.run('UpgradeObproxyRpm', { rollback: true }),
    );
    await one.host.sh(`umount ${folder}`);
    expect(undone).toMatchObject({ type: 'NotRemoved', nonRetryable: true });
    expect(undone.message).toContain(folder);
    await task.undo();
    expect(await filesIn(one.host, one.home)).toEqual(files);
  }, 120_000);

  test('by a stop and a start has its keeper and the new version afterwards, and the former one after an undo', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const [former] = await proxiesIn(one.host, one.home);
    const task = await bed.upgrade([one], { hotRestart: false, prohibitRollback: false });
    await task.upTo('CheckProxyVersion');
    expect(await bed.version(one)).toBe('4.3.2.0-9');
    const renewed = await proxiesIn(one.host, one.home);
    expect(renewed).not.toContain(former);
    // A person's retry, because of its keeper say, does not cut the sessions of the new process.
    await task.run('HotRestartObproxy', { run: 2 });
    expect(await proxiesIn(one.host, one.home)).toEqual(renewed);
    expect(await bed.row(one)).toMatchObject({ version: '4.3.2.0-9', home: one.home });
    expect(await keeps(one)).toMatch(/kept\n$/);
    await task.undo();
    expect(await bed.version(one)).toBe('4.3.1.0-4');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.1.0-4', home: null });
    expect(await keeps(one)).toMatch(/kept\n$/);
    expect(await packagesOn(one.host)).toEqual(['obproxy-ce-4.3.1.0-4.el7.x86_64']);
  }, 180_000);

  test('by a stop and a start, to a program that does not start, has the former one started again, and its keeper', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const task = await bed.upgrade([one], { hotRestart: false, prohibitRollback: false });
    await task.upTo('HotRestartObproxy');
    // It tells its version, and ends at once.
    const staged = `${one.home}/upgrade.obflow-${task.taskId}/new/bin/obproxy`;
    await one.host.sh(`printf '#!/bin/sh\\necho "obproxy (OceanBase 4.3.2.0 9.el7)"\\n' >${staged}`);
    const failure = await failureWithout(Object.values(PLANTED), task.run('HotRestartObproxy'));
    expect(failure.type).toBe('ObproxyStartFailed');
    expect(await bed.version(one)).toBe('4.3.1.0-4');
    expect(await keeps(one)).toMatch(/kept\n$/);
    await task.undo();
    expect(await bed.version(one)).toBe('4.3.1.0-4');
    expect(await bed.row(one)).toMatchObject({
      status: 'RUNNING',
      operateStatus: 'NORMAL',
      version: '4.3.1.0-4',
    });
    expect(await leftOn(one.host)).toBe('obproxy\n');
  }, 180_000);

  test('that has failed is finished by a retry when the cause is gone', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const task = await bed.upgrade([one]);
    await task.upTo('HotRestartObproxy');
    await one.host.sh(`mkdir -p ${one.home}/.standin && echo exit >${one.home}/.standin/inherited`);
    const failure = await failureWithout(Object.values(PLANTED), task.run('HotRestartObproxy'));
    expect(failure.type).toBe('HotRestartFailed');
    // Its keeper starts the former program then, which is in place.
    await one.host.sh(`kill -9 ${(await proxiesIn(one.host, one.home)).join(' ')}`);
    await until('the keeper has started it', () => bed.version(one).catch(() => undefined), 20_000);
    expect(await bed.version(one)).toBe('4.3.1.0-4');
    await one.host.sh(`rm ${one.home}/.standin/inherited`);
    await task.run('HotRestartObproxy', { run: 2 });
    expect(await bed.version(one)).toBe('4.3.2.0-9');
    for (const activity of task.chain.slice(task.chain.indexOf('HotRestartObproxy') + 1)) {
      if (activity !== 'WaitNode') await task.run(activity);
    }
    await task.end('SUCCESSFUL');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.2.0-9' });
    expect(await bed.shown(one, 'hot_upgrade_rollback_timeout')).toBe('24h');
    expect(await leftOn(one.host)).toBe('obproxy\n');
  }, 120_000);

  test('after one that was abandoned half-way finds what that has left, and clears it away', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const abandoned = await bed.upgrade([one]);
    await abandoned.upTo('HotRestartObproxy');
    await abandoned.end('FAILED');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.1.0-4', home: null });
    expect(await leftOn(one.host)).toContain(`${one.home}/upgrade.obflow-${abandoned.taskId}`);
    const task = await bed.upgrade([one]);
    await task.upTo();
    expect(await bed.version(one)).toBe('4.3.2.0-9');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.2.0-9', home: one.home });
    expect(await packagesOn(one.host)).toEqual(['obproxy-ce-4.3.2.0-9.el7.x86_64']);
    expect(await leftOn(one.host)).toBe(`${abandoned.taskId}\nobproxy\n`);
  }, 120_000);

  test('below a supervisor, which would take it for a crash, is refused before anything is changed', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    await superviseInstead(one.host, one.home);
    await until('it serves', () => bed.version(one).catch(() => undefined));
    const files = await filesIn(one.host, one.home);
    const task = await bed.upgrade([one]);
    await task.run('StartNode');
    const failure = await failureWithout(Object.values(PLANTED), task.run('PrepareUpgradeObproxy'));
    expect(failure.type).toBe('HotRestartSupervised');
    expect(failure.message).toContain('ODP21107');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.1.0-4', home: null });
    expect(await filesIn(one.host, one.home)).toEqual(files);
  }, 120_000);

  test('whose home is two file systems, so that no file of it is replaced in one step, is refused', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    await one.host.sh(
      `cd ${one.home} && cp -a bin /dev/shm/bin && mv bin bin.real && ln -s /dev/shm/bin bin`,
    );
    const task = await bed.upgrade([one]);
    const failure = await failureWithout(Object.values(PLANTED), task.run('PrepareUpgradeObproxy'));
    expect([failure.type, failure.message]).toEqual([
      'HomeUnfit',
      expect.stringContaining('another file system'),
    ]);
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING' });
  }, 120_000);

  test('for which there is no room is told so by a dry run, with everything else that was found', async () => {
    const one = await bed.installed(0, { rpm: OBPROXY_4_3 });
    const { id, createTime, ...part } = await bed.world.package(NEWER);
    await bed.world.store.packages.add({
      ...{ ...part, version: '4.3.8.0', fileName: 'obproxy-ce-4.3.8.0-9.el7.x86_64.rpm' },
      ...{ size: 10 ** 14, sha256: 'f'.repeat(64) },
    });
    const params = { id: String(one.clusterId) };
    const body = { obproxyServerIds: [one.serverId], shortRpmName: 'obproxy-ce-4.3.8.0-9' };
    expect(await dryRun(bed.world, bed.worker, upgradeObproxy, params, body)).toEqual([
      expect.stringMatching(/^INFO .* can hand over/),
      expect.stringMatching(/^INFO Kept by/),
      expect.stringMatching(/^ERROR .* kB free, and the upgrade needs \d+ kB/),
    ]);
  }, 120_000);

  test('that was taken over works in the home of its own, and a package that obflow does not have stays listed', async () => {
    const [host] = bed.world.fleet.hosts;
    const home = '/srv/proxies/first';
    await startByHand(host!, {
      ...{ rpm: OBPROXY_4_3, sqlPort: 2883, exporterPort: 2884, rpcPort: 2885, password: STRANGER, home },
      source: { cluster: 'obcluster', rootServers: `${bed.world.fleet.gateway}:${bed.world.observer.port}` },
      options: ['proxy_hot_upgrade_check_interval=1s'],
    });
    await host!.sh(`echo mine >${home}/notes.txt; chown admin ${home}/notes.txt`);
    const one = await bed.installed(0, { takeOver: { password: STRANGER } });
    expect(await bed.row(one)).toMatchObject({ adopted: { home }, home: null });
    const task = await bed.upgrade([one]);
    await task.upTo();
    expect(await bed.version(one)).toBe('4.3.2.0-9');
    expect(await bed.row(one)).toMatchObject({ status: 'RUNNING', version: '4.3.2.0-9', home });
    expect((await host!.sh(`cat ${home}/notes.txt`)).stdout).toBe('mine\n');
    expect(await packagesOn(host!)).toEqual([
      'obproxy-ce-4.3.1.0-4.el7.x86_64',
      'obproxy-ce-4.3.2.0-9.el7.x86_64',
    ]);
    expect(await leftOn(host!)).toBe('');
  }, 180_000);
});
