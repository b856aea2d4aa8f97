import { DuplicateError, InUseError, type SeenObServer } from '../../store/types';
import { addHost, addObCluster, addObproxyCluster, addServer, onEveryDatabase, packageOf } from './databases';
import { plan } from './plan';

const seen = (ip: string, more: Partial<SeenObServer> = {}): SeenObServer => ({
  zone: 'zone1',
  ip,
  rpcPort: 2882,
  sqlPort: 2881,
  status: 'RUNNING',
  innerStatus: 'ACTIVE',
  withRootserver: false,
  startTime: '2026-01-01T00:00:00.000Z',
  stopTime: null,
  buildVersion: '4.2.1.2_1',
  ...more,
});
const zone = (name: string, innerStatus = 'ACTIVE') => ({ name, region: 'hz', idc: 'hz1', innerStatus });

onEveryDatabase('Observers', (on) => {
  async function given() {
    const store = await on.open();
    const clusterId = await addObCluster(store);
    const hostId = await addHost(store);
    const { ip } = (await store.hosts.find(hostId))!;
    const part = await store.packages.add(packageOf('4.2.1'));
    const add = () =>
      store.obServers.add({
        clusterId,
        zone: 'zone1',
        hostId,
        ip,
        rpcPort: 2882,
        sqlPort: 2881,
        packageId: part.id,
        startupParameters: [{ name: 'memory_limit', value: '8G' }],
        taskId: 7,
      });
    return { store, clusterId, hostId, ip, part, add };
  }

  test('What the cluster says is written; a server that a task makes stays CREATING until the task says otherwise', async () => {
    const { store, clusterId, hostId, ip, add } = await given();
    const { obServers } = store;
    const id = await add();
    await expect(add()).rejects.toThrow(DuplicateError);
    await obServers.record(clusterId, {
      servers: [seen(ip), seen('10.9.9.9')],
      zones: [zone('zone1'), zone('zone2', 'INACTIVE')],
    });
    expect(await obServers.find(id)).toMatchObject({ status: 'CREATING', innerStatus: 'ACTIVE', hostId });
    expect((await obServers.ofCluster(clusterId)).map((row) => [row.ip, row.status, row.hostId])).toEqual([
      [ip, 'CREATING', hostId],
      ['10.9.9.9', 'RUNNING', null],
    ]);
    expect(await obServers.updateStatus(id, ['CREATING'], 'DELETING')).toBe(true);
    expect(await obServers.updateStatus(id, ['CREATING'], 'RUNNING')).toBe(false);
    await store.work.settle({ kind: 'obServer', id }, 7, 'RUNNING');
    await obServers.recordSeen(id, seen(ip, { buildVersion: '4.2.1.3_1' }));
    expect(await obServers.find(id)).toMatchObject({ status: 'RUNNING', buildVersion: '4.2.1.3_1' });
    await store.tasks.add({ plan: plan(7), workflowType: 'addObserver' });
    await store.tasks.applyStateChange({
      ...{ taskId: 7, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });

    await obServers.record(clusterId, { servers: [seen(ip, { status: 'STOPPED' })], zones: [zone('zone1')] });
    expect((await obServers.ofCluster(clusterId)).map((row) => [row.ip, row.status])).toEqual([
      [ip, 'STOPPED'],
    ]);
    expect((await obServers.zones(clusterId)).map(({ name }) => name)).toEqual(['zone1']);
  });

  test('A task that came to nothing holds nothing: no lock, no host, no record of a server that never was', async () => {
    const { store, clusterId, hostId, add } = await given();
    const { tasks, locks, obServers, obproxy } = store;
    await tasks.add({ plan: plan(7), workflowType: 'addObserver' });
    await locks.take(7, ['ob_cluster:1'], []);
    await obServers.reserveHost(hostId, 7);
    await add();
    const proxies = await addObproxyCluster(store);
    const [made, running] = [await addHost(store, 8), await addHost(store, 9)];
    const half = await addServer(store, proxies, made, undefined, 7);
    const whole = await addServer(store, proxies, running, undefined, 7);
    await store.work.settle({ kind: 'obproxyServer', id: whole }, 7, 'RUNNING');

    const waiting = {
      taskId: 7,
      status: 'FAILED',
      operation: 'EXECUTE',
      closed: false,
      sequence: 1,
    } as const;
    await tasks.applyStateChange(waiting);
    expect(await obServers.reservedBy(hostId)).toBe(7);
    expect(await obproxy.findServer(half)).toBeDefined();

    await tasks.applyStateChange({ ...waiting, closed: true, sequence: 2 });
    expect(await locks.holder('ob_cluster:1')).toBeUndefined();
    expect(await obServers.reservedBy(hostId)).toBeUndefined();
    expect(await obServers.ofCluster(clusterId)).toEqual([]);
    expect(await obproxy.findServer(half)).toBeUndefined();
    expect(await obproxy.findServer(whole)).toBeDefined();
  });

  test('A package that an observer was made from is in use', async () => {
    const { store, part, add } = await given();
    const id = await add();
    expect(await store.packages.observers(part.id)).toEqual([id]);
    await expect(store.packages.delete(part.id)).rejects.toThrow(InUseError);
    await store.obServers.delete(id);
    await store.packages.delete(part.id);
  });

  test('Of many who reserve a host one gets it', async () => {
    const { store, hostId } = await given();
    const { obServers } = store;
    const holders = await Promise.all([1, 2, 3, 4].map((task) => obServers.reserveHost(hostId, task)));
    expect(new Set(holders).size).toBe(1);
    expect(await obServers.releaseHost(hostId, 99)).toBe(false);
    expect(await obServers.reservedBy(hostId)).toBe(holders[0]);
    expect(await obServers.releaseHost(hostId, holders[0]!)).toBe(true);
    expect(await obServers.reservedBy(hostId)).toBeUndefined();
  });

  test('One at a time has the turn at a cluster; who dies loses it when its time is over', async () => {
    const { store, clusterId } = await given();
    const { obServers } = store;
    const taken = await Promise.all(
      ['a', 'b', 'c'].map((holder) => obServers.takeTurn(clusterId, holder, 60_000)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    const holder = ['a', 'b', 'c'][taken.indexOf(true)]!;
    expect(await obServers.takeTurn(clusterId, holder, 60_000)).toBe(true);
    expect(await obServers.takeTurn(clusterId, 'd', 60_000)).toBe(false);
    await obServers.endTurn(clusterId, 'd');
    expect(await obServers.takeTurn(clusterId, 'd', 60_000)).toBe(false);
    expect(await obServers.takeTurn(clusterId, holder, -1)).toBe(true);
    expect(await obServers.takeTurn(clusterId, 'd', 60_000)).toBe(true);
    await obServers.endTurn(clusterId, 'd');
    expect(await obServers.takeTurn(clusterId, 'a', 60_000)).toBe(true);
  });
});
