/** Root servers of OBProxies that work by RS_LIST: told while they run, and when they start after servers have come and gone. */
import { KEEPER_DIR } from '../../activities/places';
import { quote } from '../../hosts/quote';
import { openSqlSession } from '../../oceanbase/sqlSession';
import { restartObproxy } from '../../operations/restartObproxy';
import { startObproxy } from '../../operations/startObproxy';
import { stopObproxy } from '../../operations/stopObproxy';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import type { SubtaskInput } from '../../workflows/plan';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';
import { request } from './lifeWorld';
import {
  effects,
  type InstallTask,
  PLANTED,
  quietEnvironment,
  startWorld,
  type Worker,
  type World,
} from './world';

/** A systemctl that knows one unit, which starts the proxy with the root servers of /srv/list where that is. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/srv/systemctl.log
case $1 in
  start)
    pgrep -x obproxy >/dev/null && exit
    cd /home/admin/obproxy-4.3.1.0 || exit
    [ ! -s /srv/list ] || set -- -r "$(cat /srv/list)"
    [ "$1" = -r ] || set --
    setsid runuser -u admin -- ./bin/obproxy "$@" </dev/null >/dev/null 2>&1 ;;
  stop)
    pkill -x obproxy
    while pgrep -x obproxy >/dev/null; do sleep 0.1; done ;;
esac
exit 0
`;

describeIf(fleetUnavailable(), 'An OBProxy that works by RS_LIST', () => {
  let world: World;
  let worker: Worker;
  let proxy: InstallTask;
  const observers: Observer[] = [];
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    worker = world.newWorker();
    proxy = await world.install(0);
    await proxy.chain();
    await world.store.tasks.applyStateChange({
      ...{ taskId: proxy.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
  }, 120_000);
  afterAll(async () => {
    await Promise.all(observers.map((observer) => observer.stop()));
    await worker?.stop();
    await world?.stop();
  }, 60_000);

  const row = async () => {
    const found = await world.store.obproxy.findServer(proxy.serverId);
    if (found === undefined) throw new Error('it is there');
    return found;
  };
  /** Another server has taken the place of those that there were; nobody has told the proxy. */
  async function anotherServer(): Promise<string> {
    const { gateway } = world.fleet;
    const observer = await startObserver({
      ...{ host: gateway, port: 0, clusterName: 'obcluster', obClusterId: 1 },
      users: { 'root@sys': PLANTED.root, 'proxyro@sys': PLANTED.proxyro },
    });
    const former = observers.length === 0 ? world.observer : observers.at(-1);
    observers.push(observer);
    await former?.stop();
    await world.store.obClusters.recordRootServers(world.obClusterId, [
      { ip: gateway, sqlPort: observer.port, rpcPort: 2882 },
    ]);
    return `${gateway}:${observer.port}`;
  }
  async function sync(run = 1): Promise<string> {
    const taskId = await world.store.sequences.next('task');
    const plan = {
      ...{ taskId, name: 'Add OB server', creator: { id: 100, name: 'admin' }, executor: '127.0.0.1' },
      ...{ createTime: new Date().toISOString(), traceId: 'test', concurrency: 10, nodes: [] },
      ...{ context: { stringMap: {}, listMap: {} }, firstSubtaskId: taskId * 100 },
    };
    await world.store.tasks.add({ plan, workflowType: 'addObserver' });
    const input: SubtaskInput = {
      ...{ taskId, subtaskId: taskId * 100, run, name: 'Sync cluster info', operation: 'EXECUTE' },
      ...{ traceId: 'test' },
      context: { stringMap: { cluster_id: String(world.obClusterId) }, listMap: {} },
    };
    await quietEnvironment().run(worker.activities.SyncClusterInfo!, input);
    return (await world.store.tasks.readLog(taskId, taskId * 100)).map(({ text }) => text).join('\n');
  }
  const begin = (entry: typeof stopObproxy, more: object = {}) =>
    request(
      world,
      worker,
      entry,
      { id: String(proxy.clusterId) },
      {
        ...{ obproxyServerIds: [proxy.serverId], ...more },
      },
    );
  const ask = async (entry: typeof stopObproxy, more: object = {}) => {
    const task = await begin(entry, more);
    await task.upTo('its end');
    return task.wholeLog();
  };
  const reaches = async () => {
    const session = await openSqlSession({
      to: { ip: proxy.host.ip, port: 2883, addresses: ANY_ADDRESS },
      ...{ user: 'root@sys#obcluster', password: PLANTED.root, timeoutMs: 10_000 },
    });
    await session.query('SELECT 1 AS one');
    session.close();
  };
  const seen = () => effects(proxy.host, proxy.home);

  test('stores the list that it is told, once, and what it was started with is remembered until it restarts', async () => {
    const former = `${world.fleet.gateway}:${world.observer.port}`;
    await reaches();
    const list = await anotherServer();
    const log = await sync();
    expect(log).toContain(`has the root servers ${list} from its next start on`);
    expect(log).toContain(`was started with the root servers ${former}, none of which is one now`);
    expect((await row()).parameterDrift).toEqual([
      { name: 'rootservice_list', value: former, expectedValue: list },
    ]);
    const again = await sync();
    expect(again).not.toContain('from its next start on');
    expect(again).toContain('restart it before');
    expect((await seen()).alters.rootservice_list).toBe(1);

    const { starts } = await seen();
    await ask(restartObproxy, { hotRestart: false });
    // The list that was stored is the one of now: it need not start once more.
    expect((await seen()).starts).toBe(starts + 1);
    expect((await row()).parameterDrift).toEqual([]);
    await reaches();
    expect(await sync()).not.toMatch(/restart it|next start/);
  }, 120_000);

  test('that stops, and is started when all servers that it knew have gone, starts by those of now', async () => {
    await ask(stopObproxy);
    const before = (await seen()).starts;
    const list = await anotherServer();
    expect(await sync()).not.toContain('rootservice_list');
    const log = await ask(startObproxy);
    expect(log).toContain(`has the root servers ${list} from its next start on`);
    expect(log).toContain('it is started once more');
    expect((await seen()).starts).toBe(before + 2);
    expect((await row()).parameterDrift).toEqual([]);
    await reaches();
  }, 120_000);

  test('and is kept by a unit of systemd, is started once more by that, and no oftener', async () => {
    /** Stops it, and has the note say who kept it: a test host has no systemd that could be found at work. */
    const stopped = async () => {
      await ask(stopObproxy);
      const note = `${KEEPER_DIR}/stopped.json`;
      const unit = '{"kind":"systemd","unit":"myproxy.service","enabled":false}';
      await proxy.host.sh(
        `rm -f /srv/systemctl.log; sed -i 's/"keepers":\\[[^]]*]/"keepers":[${unit}]/' ${note}`,
      );
      expect((await proxy.host.sh(`cat ${note}`)).stdout).toContain('myproxy.service');
    };
    const asked = async () => (await proxy.host.sh('head -n 3 /srv/systemctl.log')).stdout.split('\n');
    const once = ['start myproxy.service', 'stop myproxy.service', 'start myproxy.service', ''];
    await stopped();
    const planted = await proxy.host.sh(`
      mkdir -p /srv && printf '%s' ${quote(SYSTEMCTL)} >/srv/systemctl && chmod 755 /srv/systemctl &&
      mount --bind /srv/systemctl "$(readlink -f /usr/bin/systemctl)" && systemctl planted`);
    expect(planted).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await asked()).toEqual(['planted', '']);
    await proxy.host.sh('rm /srv/systemctl.log');
    try {
      const before = (await seen()).starts;
      const former = await anotherServer();
      const log = await ask(startObproxy);
      expect(log).toContain('it is started once more');
      expect(log).not.toContain('restart it before');
      expect(await asked()).toEqual(once);
      expect((await seen()).starts).toBe(before + 2);
      expect((await row()).parameterDrift).toEqual([]);
      await reaches();

      // This one hands it a list of its own at every start.
      await stopped();
      await proxy.host.sh(`echo ${former} >/srv/list`);
      await anotherServer();
      const task = await begin(startObproxy);
      await expect(task.upTo('its end')).rejects.toMatchObject({ type: 'ObproxyServesNobody' });
      expect(await task.wholeLog()).toContain(
        `was started with the root servers ${former}, none of which is one now`,
      );
      await task.end('FAILED');
      expect(await asked()).toEqual(once);
    } finally {
      await proxy.host.sh('umount "$(readlink -f /usr/bin/systemctl)"; rm -f /srv/list');
    }
  }, 120_000);

  test('that does not answer is a warning with what to do, and fails nothing', async () => {
    await proxy.host.sh('pkill -STOP -x obproxy; :');
    try {
      const log = await sync();
      expect(log).toContain('could not be told the root servers');
      expect(log).toContain('restart it by obflow, which tells it');
    } finally {
      await proxy.host.sh('pkill -CONT -x obproxy; :');
    }
  }, 60_000);
});
