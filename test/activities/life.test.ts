import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { KEEPER_FILE } from '../../activities/obproxy/keeper';
import { KEEPER_DIR } from '../../activities/places';
import { deleteObproxy, offlineObproxy } from '../../operations/deleteObproxy';
import { deleteObproxyCluster } from '../../operations/deleteObproxyCluster';
import { restartObproxy } from '../../operations/restartObproxy';
import { startObproxy } from '../../operations/startObproxy';
import { stopObproxy } from '../../operations/stopObproxy';
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { startByHand } from '../../sandbox/standins/startByHand';
import type { ObproxyServerRow } from '../../store/types';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { dryRun, type LifeTask, openSession, proxiesIn, request } from './lifeWorld';
import {
  effects,
  type InstallTask,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type Worker,
  type World,
} from './world';

let world: World;
let worker: Worker;

const failure = (promise: Promise<unknown>) => failureWithout(Object.values(PLANTED), promise);
const row = async (task: InstallTask): Promise<ObproxyServerRow> =>
  (await world.store.obproxy.findServer(task.serverId))!;
const listens = async (host: TestHost, port: number) =>
  (await host.sh(`nc -z 127.0.0.1 ${port}`)).exitCode === 0;

/** Two proxies of one cluster that serve. */
async function twoProxies(): Promise<[InstallTask, InstallTask]> {
  const first = await world.install(0, { rpm: OBPROXY_4_3 });
  await first.chain();
  await close(first);
  const second = await world.install(1, { rpm: OBPROXY_4_3, clusterId: first.clusterId });
  await second.chain();
  await close(second);
  return [first, second];
}

async function close(task: InstallTask): Promise<void> {
  await world.store.tasks.applyStateChange({
    ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
  });
}

const tasks: LifeTask[] = [];
const ask = async (entry: typeof stopObproxy, clusterId: number, body?: object, params: object = {}) => {
  const task = await request(world, worker, entry, { id: String(clusterId), ...params }, body);
  tasks.push(task);
  return task;
};
const ids = (...tasks: InstallTask[]) => ({ obproxyServerIds: tasks.map(({ serverId }) => serverId) });
const stop = (...tasks: InstallTask[]) => ask(stopObproxy, tasks[0]!.clusterId, ids(...tasks));
const start = (...tasks: InstallTask[]) => ask(startObproxy, tasks[0]!.clusterId, ids(...tasks));
const restart = (...tasks: InstallTask[]) =>
  ask(restartObproxy, tasks[0]!.clusterId, { ...ids(...tasks), hotRestart: false });
const erase = (those: InstallTask[], more: object = {}) =>
  ask(deleteObproxy, those[0]!.clusterId, { ...ids(...those), ...more });

/** Everything about the hosts and the inventory as if nothing had been. */
async function clear(): Promise<void> {
  for (const task of tasks.splice(0)) await task.end('FAILED');
  for (const host of world.fleet.hosts) {
    await host.sh(
      `pkill -9 -f ${KEEPER_FILE}; pkill -9 -f obproxyd.sh; umount "$(readlink -f /usr/bin/systemctl)" 2>/dev/null; rm -rf /run/systemd; :`,
    );
    await host.sh(
      'cd /proc && for pid in [0-9]*; do [ "$(cat $pid/comm 2>/dev/null)" = obproxy ] && kill -9 $pid; done; :',
    );
    await until('no obproxy', () => host.pids('obproxy').length === 0);
    await host.sh(
      'rpm -e obproxy-ce 2>/dev/null; rm -rf /home/admin/obproxy-* /var/lib/obflow /var/lib/obflow-standin /srv/second /u01',
    );
  }
  for (const hostId of world.hostIds) {
    const server = await world.store.obproxy.findServerOnHost(hostId);
    if (server !== undefined) await world.store.obproxy.deleteServer(server.id);
  }
}

/** How long a session goes on being answered. */
async function untilCut(client: Connection): Promise<void> {
  await until('the session is cut', async () => {
    try {
      await client.query('select 1');
      return false;
    } catch {
      return true;
    }
  });
}

async function changeParameter(task: InstallTask, name: string, value: string): Promise<void> {
  const { openObproxyAdmin } = await import('../../oceanbase/obproxyAdmin');
  const host = await worker.hosts.open({
    ...{ hostId: (await row(task)).hostId, ip: task.host.ip, sshPort: 22, username: 'root' },
    auth: { kind: 'key', privateKey: world.fleet.privateKey },
  });
  const admin = await openObproxyAdmin({
    ...{ where: host.ip, password: PLANTED.proxysys, open: () => host.tunnel(2883) },
  });
  try {
    await admin.alter(name, value);
  } finally {
    admin.close();
  }
}

describeIf(fleetUnavailable(), 'The life of an OBProxy', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    worker = world.newWorker();
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await world?.stop();
  }, 60_000);
  afterEach(clear, 60_000);

  test('two proxies with an open session stop when its time is over, stay stopped, start again and are restarted', async () => {
    const [first, second] = await twoProxies();
    // Sessions have 3 s, commands are taken up within 1 s.
    for (const one of [first, second]) {
      await changeParameter(one, 'hot_upgrade_exit_timeout', '3000000');
      await changeParameter(one, 'proxy_hot_upgrade_check_interval', '1s');
    }
    const stranger = await startByHand(first.host, {
      ...{ rpm: OBPROXY_4_3, sqlPort: 3883, exporterPort: 3884, rpcPort: 3885, password: 'x.11AAbb++' },
      source: { cluster: 'obcluster', rootServers: `${world.fleet.gateway}:${world.observer.port}` },
      home: '/srv/second/obproxy',
    });
    const client = await openSession(first.host, first.home);
    const [ended] = await client.query('select 1');
    expect(ended).toBeDefined();

    const cluster = { id: String(first.clusterId) };
    const foreseen = await dryRun(world, worker, stopObproxy, cluster, ids(first));
    expect(foreseen).toEqual([
      expect.stringMatching(
        /^INFO pid \d+ of admin: .*bin\/obproxy lives in \/home\/admin\/obproxy-4\.3\.1\.0$/,
      ),
      'INFO Kept by the keeper of obflow',
      expect.stringMatching(/^INFO Other proxies of the host are left alone: pid \d+ /),
      'INFO 1 sessions of clients are open; their transactions may take 3 s to end',
    ]);
    const stopping = await stop(first, second);
    await stopping.upTo('StopObproxy');
    expect(await row(first)).toMatchObject({ status: 'STOPPING', operateStatus: 'OPERATING' });
    expect(await stopping.log('PreventObproxyAcceptNewRequest')).toContain('nowhere to go');
    const began = Date.now();
    const stopped = stopping.run('StopObproxy');
    await untilCut(client);
    // Not before its time, and not by SIGTERM at once.
    expect(Date.now() - began).toBeGreaterThan(2_500);
    await stopped;
    const log = await stopping.log('StopObproxy', 0);
    expect(log).toMatch(/1 sessions of clients are open: .* within 3 s/);
    expect(log).toContain('Sent SIGUSR1');
    expect(log).toContain('Stopped the keeper of obflow, also for the next boot');
    expect(log).toContain('Other proxies of the host go on');
    expect(await stopping.log('StopObproxy', 1)).toContain('at once: no client has a session');
    // A repetition finds nothing to do.
    await stopping.run('StopObproxy', { run: 2 });
    for (const activity of stopping.chain.slice(stopping.chain.indexOf('StopObproxy') + 1)) {
      await stopping.run(activity);
    }
    await stopping.end('SUCCESSFUL');
    for (const one of [first, second]) {
      expect(await row(one)).toMatchObject({ status: 'STOPPED', operateStatus: 'NORMAL', work: null });
      expect(await proxiesIn(one.host, one.home)).toEqual([]);
      expect((await one.host.sh(`[ -e ${KEEPER_FILE} ]`)).exitCode).toBe(1);
      expect(await listens(one.host, 2883)).toBe(false);
    }
    expect(await proxiesIn(first.host, '/srv/second/obproxy')).toEqual([stranger.pid]);
    expect((await world.store.obproxy.listExporters()).map(({ status }) => status)).toEqual([
      'STOPPED',
      'STOPPED',
    ]);
    expect((await first.host.sh('ls /var/lib/obflow')).stdout.trim()).toBe('obproxy');

    expect(await dryRun(world, worker, startObproxy, cluster, ids(first))).toEqual([
      `INFO ${first.home} holds OBProxy 4.3.1.0 with its configuration`,
      'INFO Ports 2883, 2884, 2885 are free',
      'INFO Kept afterwards by the keeper of obflow',
    ]);
    const before = await effects(first.host, first.home);
    const starting = await start(first, second);
    await starting.upTo();
    for (const one of [first, second]) {
      expect(await row(one)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL', work: null });
      const [pid] = await proxiesIn(one.host, one.home);
      const { stdout } = await one.host.sh(`tr '\\0' ' ' </proc/${pid}/cmdline`);
      expect(stdout.trim()).toMatch(/(^| )\.\/bin\/obproxy$/);
      const keeper = await one.host.sh(`cat ${KEEPER_DIR}/keeper.pid`);
      expect(one.host.pids('sh')).toContain(Number(keeper.stdout));
    }
    expect((await effects(first.host, first.home)).starts).toBe(before.starts + 1);
    expect(await world.store.obproxy.listExporters()).toHaveLength(2);
    expect(await starting.log('StartObproxy', 0)).toContain('root@proxysys can log in');

    const pids = [await proxiesIn(first.host, first.home), await proxiesIn(second.host, second.home)];
    const again = await openSession(first.host, first.home);
    await again.query('select 1');
    const restarting = await restart(first, second);
    await restarting.upTo();
    await untilCut(again);
    for (const [index, one] of [first, second].entries()) {
      expect(await row(one)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL', work: null });
      const now = await proxiesIn(one.host, one.home);
      expect(now).toHaveLength(1);
      expect(now).not.toEqual(pids[index]);
      expect((await one.host.sh(`[ -e ${KEEPER_FILE} ]`)).exitCode).toBe(0);
      expect((await one.host.sh(`ls ${KEEPER_DIR}`)).stdout).not.toMatch(/stopped|work/);
    }
    expect(await restarting.log('RestartObproxyProcess', 0)).toContain(
      '1 sessions of clients are open and are cut',
    );
    expect(await proxiesIn(first.host, '/srv/second/obproxy')).toEqual([stranger.pid]);
    for (const task of [stopping, starting, restarting]) {
      const words = await task.wholeLog();
      for (const secret of Object.values(PLANTED)) expect(words).not.toContain(secret);
    }
  }, 180_000);

  test('what cannot be started is found before it is stopped; a start that failed is finished by a retry', async () => {
    const [first] = await twoProxies();
    await first.host.sh(`mv ${first.home}/etc/proxyconfig_v1.db ${first.home}/etc/away`);
    const refused = await restart(first);
    const found = await failure(refused.upTo('RestartObproxyProcess'));
    expect(found).toMatchObject({ type: 'ConfigurationMissing', nonRetryable: true });
    expect(await row(first)).toMatchObject({ status: 'RUNNING' });
    await refused.undo();
    await first.host.sh(`mv ${first.home}/etc/away ${first.home}/etc/proxyconfig_v1.db`);

    const restarting = await restart(first);
    await restarting.upTo('RestartObproxyProcess');
    await first.host.sh(`mv ${first.home}/etc/proxyconfig_v1.db ${first.home}/etc/away`);
    const failed = await failure(restarting.run('RestartObproxyProcess'));
    expect(failed).toMatchObject({ type: 'ConfigurationMissing' });
    expect(await proxiesIn(first.host, first.home)).toEqual([]);
    expect((await row(first)).work).toMatchObject({ endStatus: 'UNAVAILABLE' });
    await first.host.sh(`mv ${first.home}/etc/away ${first.home}/etc/proxyconfig_v1.db`);
    await restarting.run('RestartObproxyProcess', { run: 2 });
    const pids = await proxiesIn(first.host, first.home);
    expect(pids).toHaveLength(1);
    // The same run once more, as after a crash of its worker: the new process is not taken for the old one.
    await restarting.run('RestartObproxyProcess', { run: 2 });
    expect(await proxiesIn(first.host, first.home)).toEqual(pids);
    // Nor by the retry of a person, who may only want its keeper back; one that answers nobody is restarted once more.
    await restarting.run('RestartObproxyProcess', { run: 3 });
    expect(await proxiesIn(first.host, first.home)).toEqual(pids);
    await first.host.sh('pkill -STOP -x obproxy');
    await restarting.run('RestartObproxyProcess', { run: 4 });
    const renewed = await proxiesIn(first.host, first.home);
    expect(renewed).toHaveLength(1);
    expect(renewed).not.toEqual(pids);
    await restarting.undo();
    expect(await proxiesIn(first.host, first.home)).toEqual(renewed);
    expect(await row(first)).toMatchObject({ status: 'RUNNING', work: null });
    expect((await first.host.sh(`[ -e ${KEEPER_FILE} ]`)).exitCode).toBe(0);
  }, 180_000);

  test('a start is undone: the proxy is stopped as before, with nobody who would start it', async () => {
    const [first] = await twoProxies();
    await (await stop(first)).upTo();
    const files = await first.host.sh(`cd ${KEEPER_DIR} && cat stopped.json && ls -A`);
    const starting = await start(first);
    await starting.upTo('UpdateObproxyClusterLockStatus');
    expect(await row(first)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL' });
    await starting.undo();
    expect(await row(first)).toMatchObject({ status: 'STOPPED', operateStatus: 'NORMAL', work: null });
    expect(await proxiesIn(first.host, first.home)).toEqual([]);
    expect((await first.host.sh(`[ -e ${KEEPER_FILE} ]`)).exitCode).toBe(1);
    const after = await first.host.sh(`cd ${KEEPER_DIR} && cat stopped.json && ls -A`);
    expect(after.stdout).toBe(files.stdout);
  }, 120_000);

  test('a proxy whose host loses its power between its start and its keeper is started again, not waited for', async () => {
    const [first] = await twoProxies();
    await (await stop(first)).upTo();
    const starting = await start(first);
    await starting.upTo('WaitObproxyAccessible');
    const started = await proxiesIn(first.host, first.home);
    expect(started).toHaveLength(1);
    await first.host.sh('pkill -9 -x obproxy');
    await until('it is gone', async () => (await proxiesIn(first.host, first.home)).length === 0);
    await starting.run('WaitObproxyAccessible');
    const again = await proxiesIn(first.host, first.home);
    expect(again).toHaveLength(1);
    expect(again).not.toEqual(started);
    await starting.run('WaitObproxyAccessible');
    expect(await proxiesIn(first.host, first.home)).toEqual(again);
    await starting.undo();
    expect(await proxiesIn(first.host, first.home)).toEqual([]);
  }, 120_000);

  test('a proxy that somebody starts again is never killed a second time; the error names who', async () => {
    const [first] = await twoProxies();
    const stopping = await stop(first);
    await stopping.upTo('StopObproxy');
    const [old] = await proxiesIn(first.host, first.home);
    const stopped = failure(stopping.run('StopObproxy'));
    await until('the proxy is gone', async () => (await proxiesIn(first.host, first.home)).length === 0);
    await first.host.sh(`cd ${first.home} && setsid runuser -u admin -- ./bin/obproxy >/dev/null 2>&1`);
    const failed = await stopped;
    expect(failed.type).toBe('ObproxyComesBack');
    expect(failed.message).toMatch(/another one lives in .*\/obproxy-4\.3\.1\.0: pid \d+/);
    // Its launcher has ended by then, and the proxy itself goes on.
    const running = await until('the new proxy', async () => {
      const found = await proxiesIn(first.host, first.home);
      return found.length === 1 && (await listens(first.host, 2883)) ? found : undefined;
    });
    expect(running).not.toContain(old);
    await stopping.run('StopObproxy', { run: 2 });
    expect(await proxiesIn(first.host, first.home)).toEqual([]);
  }, 120_000);

  test('a deleted proxy leaves its host as it was before it was installed; a host to be left alone is left alone', async () => {
    const look = (host: TestHost) =>
      host.sh(
        'find / -xdev \\( -path /proc -o -path /var/lib/rpm -o -path /var/lib/obflow-standin -o -path /var/log -o -path /tmp -o -path /run \\) -prune -o -printf "%p\\n" | sort; rpm -qa | sort',
      );
    const before = (await look(world.fleet.hosts[0]!)).stdout;
    const [first, second] = await twoProxies();
    const client = await openSession(first.host, first.home);
    await changeParameter(first, 'hot_upgrade_exit_timeout', '1000000');
    const deleting = await erase([first, second], { skipHostOperationServerIds: [second.serverId] });
    await deleting.upTo('StopObproxy');
    expect(await row(first)).toMatchObject({ status: 'DELETING', operateStatus: 'OPERATING' });
    await deleting.run('StopObproxy');
    await untilCut(client);
    for (const activity of deleting.chain.slice(deleting.chain.indexOf('StopObproxy') + 1)) {
      await deleting.run(activity);
      // Twice, as after a crash of the worker.
      await deleting.run(activity);
    }
    await deleting.end('SUCCESSFUL');
    expect(await world.store.obproxy.findServer(first.serverId)).toBeUndefined();
    expect(await world.store.obproxy.findServer(second.serverId)).toBeUndefined();
    // What the stand-in writes for its tests is nobody's that obflow knows, so it stays and is named.
    expect(await deleting.log('UninstallObproxyPackage', 0)).toContain('so it stays in');
    await first.host.sh(`rm -rf ${first.home}`);
    expect((await look(world.fleet.hosts[0]!)).stdout).toBe(before);
    expect(await proxiesIn(second.host, second.home)).toHaveLength(1);
    expect(await deleting.log('StopObproxy', 1)).toMatch(
      /not contacted, as asked: on the host remain .*by hand/,
    );
    expect(await world.store.obproxy.listExporters()).toEqual([]);
    const cluster = (await world.store.obproxy.findCluster(first.clusterId))!;
    expect(cluster.servers).toEqual([]);

    const gone = await ask(deleteObproxyCluster, cluster.id);
    await gone.upTo();
    expect(await world.store.obproxy.findCluster(cluster.id)).toBeUndefined();
    await expect(gone.run('Finish', { rollback: true })).rejects.toMatchObject({
      type: 'ObproxyClusterDeleted',
    });
  }, 180_000);

  test('the older delete takes a whole cluster; its undo says what cannot be brought back', async () => {
    const [first, second] = await twoProxies();
    const one = await ask(offlineObproxy, first.clusterId, undefined, {
      obproxyIds: String(second.serverId),
    });
    await one.upTo('UninstallObproxy');
    await one.undo();
    expect(await row(second)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL', work: null });
    const whole = await ask(deleteObproxyCluster, first.clusterId);
    await whole.upTo('UninstallObproxy');
    await whole.run('UninstallObproxy', { of: 0 });
    const undone = await failure(whole.run('UninstallObproxy', { of: 0, rollback: true }));
    expect(undone).toMatchObject({ type: 'ObproxyRemoved', nonRetryable: true });
    await whole.run('UninstallObproxy', { of: 1 });
    for (const activity of ['DeleteObproxyMetaInfo', 'OfflineObproxyExporter', 'UnReserveHost', 'Finish']) {
      await whole.run(activity);
    }
    await whole.end('SUCCESSFUL');
    expect(await world.store.obproxy.findCluster(first.clusterId)).toBeUndefined();
    for (const { host, home } of [first, second]) {
      expect(await proxiesIn(host, home)).toEqual([]);
      expect((await host.sh('rpm -q obproxy-ce')).exitCode).toBe(1);
    }
  }, 120_000);
});

/** A systemctl that knows one unit: enough to see in which order it is asked for what. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/srv/systemctl.log
case $1 in
  is-enabled) [ -e /srv/enabled ] && echo enabled || { echo disabled; exit 1; } ;;
  enable) touch /srv/enabled ;;
  disable) rm -f /srv/enabled ;;
  start) cd /home/admin/obproxy-4.3.1.0 && setsid runuser -u admin -- ./bin/obproxy </dev/null >/dev/null 2>&1 ;;
  stop) for entry in /proc/[0-9]*; do [ "$(cat $entry/comm 2>/dev/null)" = obproxy ] && kill "\${entry#/proc/}"; done; sleep 1 ;;
esac
exit 0
`;

/** The package's keeper, as far as it is seen from outside. */
const OBPROXYD = `#!/bin/bash
cd /home/admin/obproxy-4.3.1.0
while :; do
  found=
  for entry in /proc/[0-9]*; do
    [ "$(cat $entry/comm 2>/dev/null)" = obproxy ] && [ -e $entry/exe ] && found=yes
  done
  [ -n "$found" ] || ./bin/obproxy >/dev/null 2>&1
  sleep 0.2
done
`;

describeIf(fleetUnavailable(), 'The life of an OBProxy that was taken over', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    worker = world.newWorker();
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await world?.stop();
  }, 60_000);
  afterEach(clear, 60_000);

  async function adopt(
    before: (host: TestHost) => Promise<void> = async () => undefined,
  ): Promise<InstallTask> {
    const host = world.fleet.hosts[0]!;
    const { home } = await startByHand(host, {
      ...{ rpm: OBPROXY_4_3, sqlPort: 2883, exporterPort: 2884, rpcPort: 2885, password: 'x.11AAbb++' },
      source: { cluster: 'obcluster', rootServers: `${world.fleet.gateway}:${world.observer.port}` },
    });
    await before(host);
    const task = await world.install(0, { takeOver: { password: 'x.11AAbb++' } });
    await task.chain();
    await close(task);
    return { ...task, home };
  }

  /** Stopped and started again, its host has the very same keeper. */
  async function stoppedAndStarted(task: InstallTask): Promise<[LifeTask, LifeTask]> {
    const stopping = await stop(task);
    await stopping.upTo();
    expect(await row(task)).toMatchObject({ status: 'STOPPED' });
    await delay(1_000);
    expect(await proxiesIn(task.host, task.home)).toEqual([]);
    const starting = await start(task);
    await starting.upTo();
    expect(await row(task)).toMatchObject({ status: 'RUNNING' });
    expect(await proxiesIn(task.host, task.home)).toHaveLength(1);
    return [stopping, starting];
  }

  test('and has no keeper gets none; deleted, it leaves its home and its package', async () => {
    const task = await adopt();
    const [stopping, starting] = await stoppedAndStarted(task);
    expect(await stopping.log('StopObproxy')).toContain('Nobody keeps this proxy');
    expect(await starting.log('StartObproxyd')).toContain('Nobody starts this proxy again when it dies');
    await (await restart(task)).upTo();
    expect((await task.host.sh(`[ -e ${KEEPER_FILE} ]`)).exitCode).toBe(1);
    const files = `cd ${task.home} && find . -path ./log -prune -o -path ./.standin -prune -o -print | sort`;
    const before = (await task.host.sh(files)).stdout;
    const deleting = await erase([task]);
    await deleting.upTo();
    expect(await world.store.obproxy.findServer(task.serverId)).toBeUndefined();
    expect(await deleting.log('CleanObproxyFiles')).toContain('obflow did not install this proxy');
    expect((await task.host.sh(files)).stdout).toBe(before);
    expect((await task.host.sh('rpm -q obproxy-ce')).exitCode).toBe(0);
    expect((await task.host.sh('ls -A /var/lib/obflow')).stdout).toBe('');
  }, 180_000);

  test('and is kept by the obproxyd.sh of its home gets that back; one of another home is not touched', async () => {
    const task = await adopt(async (host) => {
      await host.sh(`
        cat >/home/admin/obproxy-4.3.1.0/bin/obproxyd.sh <<'END'
${OBPROXYD}
END
        chmod 755 /home/admin/obproxy-4.3.1.0/bin/obproxyd.sh
        mkdir -p /srv/second/bin && printf '#!/bin/bash\\nwhile :; do sleep 1; done\\n' >/srv/second/bin/obproxyd.sh && chmod 755 /srv/second/bin/obproxyd.sh
        cd /home/admin/obproxy-4.3.1.0
        setsid runuser -u admin -- bash /home/admin/obproxy-4.3.1.0/bin/obproxyd.sh -c checkalive </dev/null >/dev/null 2>&1 &
        setsid /srv/second/bin/obproxyd.sh </dev/null >/dev/null 2>&1 &`);
    });
    const keepers = async () =>
      (await task.host.sh('pgrep -fa obproxyd.sh | grep -v runuser | cut -d" " -f2-')).stdout;
    const before = await keepers();
    expect(before).toContain('obproxy-4.3.1.0/bin/obproxyd.sh -c checkalive');
    const stopping = await stop(task);
    await stopping.upTo();
    expect(await keepers()).toBe('/bin/bash /srv/second/bin/obproxyd.sh\n');
    expect(await proxiesIn(task.host, task.home)).toEqual([]);
    await (await start(task)).upTo();
    await until('the keeper', async () => (await keepers()) === before);
  }, 180_000);

  test('and is kept by a unit is stopped and started by it, and enabled again only if it was', async () => {
    const task = await adopt(async (host) => {
      await host.sh(`
        mkdir -p /run/systemd/system
        cat >/srv/systemctl <<'END'
${SYSTEMCTL}
END
        chmod 755 /srv/systemctl; touch /srv/enabled; rm -f /srv/systemctl.log
        mount --bind /srv/systemctl "$(readlink -f /usr/bin/systemctl)"`);
    });
    const server = await row(task);
    await world.store.obproxy.recordAdopted(task.serverId, {
      ...server,
      adopted: { ...server.adopted!, keeper: 'systemd', keeperDetail: 'unit myproxy.service' },
    });
    // The test host has no control groups of its own: the unit is told by the record when no process runs.
    await task.host.sh(`kill -9 ${(await proxiesIn(task.host, task.home)).join(' ')}`);
    await until('no obproxy', () => task.host.pids('obproxy').length === 0);
    // What a host is is asked once for each connection.
    await worker.stop();
    worker = world.newWorker();
    const stopping = await stop(task);
    await stopping.upTo();
    expect((await task.host.sh('ls /srv/enabled')).exitCode).not.toBe(0);
    const starting = await start(task);
    await starting.upTo();
    expect(await row(task)).toMatchObject({ status: 'RUNNING' });
    expect((await task.host.sh('ls /srv/enabled')).exitCode).toBe(0);
    const asked = (await task.host.sh('grep -v is-enabled /srv/systemctl.log')).stdout.trim().split('\n');
    expect(asked.slice(0, 2)).toEqual(['disable myproxy.service', 'stop myproxy.service']);
    expect(asked.slice(2, 4)).toEqual(['enable myproxy.service', 'start myproxy.service']);
  }, 180_000);
});
