import { createLogger } from '../../runtime/logger';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { Observation } from '../../store/types';
import { BackgroundLook } from '../../worker/look';
import { type InstallTask, startWorld, type Worker, type World } from '../activities/world';
import { describeIf } from '../support/skip';
import { until } from '../support/until';

const KEEPER_PID = '/var/lib/obflow/obproxy/keeper.pid';

describeIf(fleetUnavailable(), 'The background look', () => {
  let world: World;
  let worker: Worker;
  let task: InstallTask;
  const looks: BackgroundLook[] = [];

  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    worker = world.newWorker();
    task = await world.install(0);
    await task.chain();
    await end(task);
  });
  afterEach(async () => {
    for (const look of looks.splice(0)) await look.stop();
  });
  afterAll(async () => {
    await worker?.stop();
    await world?.stop();
  });

  function look(identity = 'one'): BackgroundLook {
    const { store, config } = world;
    const started = new BackgroundLook({
      ...{ store, hosts: worker.hosts, identity, logger: createLogger('test', 'silent') },
      config: { ...config, lookSeconds: 1 },
    });
    looks.push(started);
    return started;
  }

  /** As the workflow does when the last subtask has ended. */
  const end = ({ taskId }: InstallTask) =>
    world.store.tasks.applyStateChange({
      ...{ taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
  const proxy = async () => (await world.store.obproxy.findServer(task.serverId))!;
  const observed = async (): Promise<Observation | undefined> =>
    (await world.store.observations.of('obproxyServer', [task.serverId])).get(task.serverId);
  const becomes = (status: string, state: Observation['state']) =>
    until(`the proxy to be ${status} and ${state}`, async () => {
      const seen = await observed();
      return (await proxy()).status === status && seen?.state === state && seen;
    });
  const changes = async () => {
    const { contents } = await world.store.audit.list({}, { page: 1, size: 100 });
    return contents.filter(({ method }) => method === 'LOOK').map(({ path, why }) => `${path} ${why}`);
  };
  const kill = () =>
    task.host.sh(
      `kill $(cat ${KEEPER_PID}); ${task.host
        .pids('obproxy')
        .map((pid) => `kill -9 ${pid}`)
        .join('; ')}`,
    );
  const start = () => task.run('StartObproxy', { run: 2 });

  test('says within two looks that a proxy is gone and repairs nothing; it comes back by itself', async () => {
    const before = (await proxy()).lastActiveTime;
    look();
    expect(await becomes('RUNNING', 'ALIVE')).toMatchObject({ by: 'METRICS', reason: null });
    await until('the proxy to be seen at work', async () => (await proxy()).lastActiveTime !== before);

    await kill();
    const gone = await becomes('UNAVAILABLE', 'GONE');
    expect(gone).toMatchObject({ by: 'SSH', reason: 'its process is gone' });
    expect(gone.lastSeenTime).not.toBeNull();
    expect(task.host.pids('obproxy')).toEqual([]);

    await start();
    const back = await becomes('RUNNING', 'ALIVE');
    expect(Date.parse(back.since)).toBeGreaterThan(Date.parse(gone.since));
    const path = `/api/v2/obproxy/clusters/${task.clusterId}/obproxies/${task.serverId}`;
    const [last, ...earlier] = await changes();
    expect(earlier).toEqual([`${path} RUNNING → UNAVAILABLE: its process is gone`]);
    // A look that begins before its ports are open, and asks the host after that, has seen both.
    expect(last?.replace(/answers on its host alone.*/, 'answers on its host')).toMatch(
      / UNAVAILABLE → RUNNING: (seen at work \(METRICS\)|it answers on its host)$/,
    );
    expect(last?.startsWith(path)).toBe(true);
  });

  test('tells a process that does not answer from one that is gone', async () => {
    look();
    await becomes('RUNNING', 'ALIVE');
    const [pid] = task.host.pids('obproxy');
    await task.host.sh(`kill -STOP ${pid}`);
    try {
      const silent = await becomes('UNAVAILABLE', 'SILENT');
      expect(silent.reason).toContain(`pid ${pid}`);
    } finally {
      await task.host.sh(`kill -CONT ${pid}`);
    }
    await becomes('RUNNING', 'ALIVE');
  });

  test('leaves alone what a task works on', async () => {
    const object = { kind: 'obproxyServer', id: task.serverId } as const;
    const { store } = world;
    const seen = await observed();
    await store.work.begin(object, { taskId: 999_999, status: 'STOPPING', from: ['RUNNING'] });
    await kill();
    look();
    const [, other] = world.hostIds;
    // Two rounds have been made when the other host is seen twice: hosts come last and every fourth time.
    const hostSeen = async () => (await store.observations.of('host', [other!])).get(other!)?.lookTime;
    const first = await until('a round', hostSeen);
    await until('a later round', async () => (await hostSeen()) !== first);
    expect((await proxy()).status).toBe('STOPPING');
    expect(await observed()).toEqual(seen);
    await store.work.restore(object, 999_999);
    await becomes('UNAVAILABLE', 'GONE');
    await start();
    await becomes('RUNNING', 'ALIVE');
  });

  test('does not take a host that cannot be asked for a process that is gone', async () => {
    const [hostId] = world.hostIds;
    const host = async () => (await world.store.hosts.find(hostId!))?.status;
    look();
    await until('the host to be AVAILABLE', async () => (await host()) === 'AVAILABLE');
    await task.host.cut();
    try {
      const unknown = await becomes('RUNNING', 'UNKNOWN');
      expect(unknown.reason).toMatch(/could not be asked for the process/);
      await until('the host to be OFFLINE', async () => (await host()) === 'OFFLINE');
    } finally {
      await task.host.heal();
    }
    await becomes('RUNNING', 'ALIVE');
    await until('the host to be AVAILABLE again', async () => (await host()) === 'AVAILABLE');
  });

  test('is made by one worker of all, and by another when that one ends', async () => {
    const first = look('first');
    const lookTime = async () => (await observed())?.lookTime;
    const holds = async (who: string) => !(await world.store.leases.take('look', `not ${who}`, 1));
    await until('the first to look', () => holds('first'));
    look('second');
    const before = await lookTime();
    await until('the first to look again', async () => (await lookTime()) !== before);
    await first.stop();
    const then = await lookTime();
    await until('the second to look', async () => (await lookTime()) !== then);
    expect(await world.store.leases.take('look', 'third', 1)).toBe(false);
  });

  test('asks a cluster for its OBServers, and says when it cannot be asked', async () => {
    look();
    const status = async () => (await world.store.obClusters.find(world.obClusterId))?.status;
    const seen = async () => {
      const servers = await world.store.obServers.ofCluster(world.obClusterId);
      const ids = servers.map(({ id }) => id);
      return [...(await world.store.observations.of('obServer', ids)).values()];
    };
    await until('the OBServers to be seen', async () =>
      (await seen()).some(({ state }) => state === 'ALIVE'),
    );
    expect(await status()).toBe('RUNNING');
    await world.observer.stop();
    await until('the cluster to be UNAVAILABLE', async () => (await status()) === 'UNAVAILABLE');
    const [server] = await until('its servers to be UNKNOWN', async () => {
      const all = await seen();
      return all.every(({ state }) => state === 'UNKNOWN') && all;
    });
    expect(server?.reason).toContain('its cluster could not be asked');
  });
});
