import type { ObjectWork, StatusOf, Store, WorkKind, WorkObject } from '../../store/types';
import { addHost, addObCluster, addObproxyCluster, addServer, onEveryDatabase, packageOf } from './databases';
import { plan } from './plan';

/** The statuses of an operation that stops what exists. */
const STOP = { status: 'STOPPING', from: ['RUNNING'] } as const;
const ENDING = { operation: 'EXECUTE', closed: true, sequence: 9 } as const;

onEveryDatabase('Work on objects', (on) => {
  /** One existing object of each kind, all of them RUNNING, and a task 7 that may work on them. */
  async function given() {
    const store = await on.open();
    const clusterId = await addObCluster(store);
    const hostId = await addHost(store);
    const part = await store.packages.add(packageOf('4.2.1'));
    const serverId = await store.obServers.add({
      ...{ clusterId, zone: 'zone1', hostId, ip: '10.1.1.1', rpcPort: 2882, sqlPort: 2881 },
      ...{ packageId: part.id, startupParameters: [], taskId: 1 },
    });
    const seen = { zone: 'zone1', ip: '10.1.1.1', rpcPort: 2882, sqlPort: 2881 };
    await store.obServers.record(clusterId, {
      servers: [
        {
          ...{ ...seen, status: 'RUNNING', innerStatus: 'ACTIVE', withRootserver: true },
          ...{ startTime: null, stopTime: null, buildVersion: '4.2.1.2' },
        },
      ],
      zones: [{ name: 'zone1', region: 'hz', idc: 'hz1', innerStatus: 'ACTIVE' }],
    });
    const proxyId = await addServer(store, await addObproxyCluster(store), hostId, undefined, 1);
    const objects: { readonly [K in WorkKind]: WorkObject<K> } = {
      obproxyServer: { kind: 'obproxyServer', id: proxyId },
      obServer: { kind: 'obServer', id: serverId },
      obZone: { kind: 'obZone', clusterId, name: 'zone1' },
      obCluster: { kind: 'obCluster', id: clusterId },
    };
    for (const object of Object.values(objects)) await store.work.settle(object, 1, 'RUNNING');
    await store.tasks.add({ plan: plan(1), workflowType: 'addObserver' });
    await store.tasks.applyStateChange({ taskId: 1, status: 'SUCCESSFUL', ...ENDING });
    await store.tasks.add({ plan: plan(7), workflowType: 'addObserver' });
    return { store, objects, all: Object.values(objects) as WorkObject[], clusterId, serverId, proxyId };
  }

  async function statusOf(store: Store, object: WorkObject): Promise<string> {
    const found = await store.work.find(object);
    if (found === undefined) return 'gone';
    return found.work === null ? found.status : `${found.status} by ${found.work.taskId}`;
  }

  const statuses = (store: Store, all: readonly WorkObject[]) =>
    Promise.all(all.map((object) => statusOf(store, object)));

  /** The three ways in which a task comes to nothing. */
  const endings = {
    abandoned: (store: Store) => store.tasks.applyStateChange({ taskId: 7, status: 'FAILED', ...ENDING }),
    terminated: (store: Store) =>
      store.tasks.archive(7, {
        ...{ document: {}, status: 'FAILED', operation: 'EXECUTE', finishTime: new Date().toISOString() },
      }),
    'rolled back': (store: Store) =>
      store.tasks.applyStateChange({ taskId: 7, status: 'SUCCESSFUL', ...ENDING, operation: 'ROLLBACK' }),
  };

  test('A task begins it once, keeps what was, and others learn who has it or why it cannot be had', async () => {
    const { store, all, objects } = await given();
    for (const object of all) {
      expect(await store.work.begin(object, { taskId: 7, ...STOP })).toEqual({ former: 'RUNNING' });
      expect(await store.work.begin(object, { taskId: 7, ...STOP })).toEqual({ former: 'RUNNING' });
      expect(await store.work.begin(object, { taskId: 8, ...STOP })).toEqual({
        refused: { status: 'STOPPING', taskId: 7 },
      });
      expect((await store.work.find(object))?.work).toEqual({
        taskId: 7,
        status: 'STOPPING',
        formerStatus: 'RUNNING',
        endStatus: null,
      } satisfies ObjectWork<StatusOf[WorkKind]>);
      expect(await store.work.restore(object, 7)).toBe('RUNNING');
      const refused = await store.work.begin(object, { taskId: 8, status: 'STARTING', from: ['STOPPED'] });
      expect(refused).toEqual({ refused: { status: 'RUNNING', taskId: null } });
    }
    expect(await store.work.begin({ ...objects.obServer, id: 999 }, { taskId: 7, ...STOP })).toBeUndefined();
    expect(await store.obproxy.findServer(objects.obproxyServer.id)).toMatchObject({
      operateStatus: 'NORMAL',
    });
  });

  test.each(Object.entries(endings))(
    'What a task that is %s has not settled is what it was, or what the task has said; nothing of it goes',
    async (_how, end) => {
      const { store, all, objects } = await given();
      for (const object of all) await store.work.begin(object, { taskId: 7, ...STOP });
      expect(await store.work.endAs(objects.obServer, 7, 'UNAVAILABLE')).toBe(true);
      expect(await store.work.endAs(objects.obproxyServer, 7, 'UNAVAILABLE')).toBe(true);
      expect(await store.work.endAs(objects.obZone, 8, 'STOPPED')).toBe(false);
      expect(await store.obproxy.findServer(objects.obproxyServer.id)).toMatchObject({
        status: 'STOPPING',
        operateStatus: 'OPERATING',
      });
      await end(store);
      expect(await statuses(store, all)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'RUNNING', 'RUNNING']);
      expect(await store.obproxy.findServer(objects.obproxyServer.id)).toMatchObject({
        operateStatus: 'NORMAL',
      });
    },
  );

  test.each(Object.entries(endings))(
    'What a task that is %s has made and not settled goes; what it has settled stays as it is',
    async (_how, end) => {
      const { store, objects } = await given();
      const [one, other] = [await addHost(store, 8), await addHost(store, 9)];
      const proxies = (await store.obproxy.findServer(objects.obproxyServer.id))?.clusterId ?? 0;
      const half = await addServer(store, proxies, one, undefined, 7);
      const whole = await addServer(store, proxies, other, undefined, 7);
      await store.work.settle({ kind: 'obproxyServer', id: whole }, 7, 'RUNNING');
      await store.work.begin(objects.obServer, { taskId: 7, ...STOP });
      await store.work.settle(objects.obServer, 7, 'STOPPED');
      await end(store);
      expect(await store.obproxy.findServer(half)).toBeUndefined();
      expect(await store.obproxy.findServer(whole)).toMatchObject({ status: 'RUNNING', work: null });
      expect(await statusOf(store, objects.obServer)).toBe('STOPPED');
    },
  );

  test('A task that ended well leaves what it has settled, and no marks; what it has not is what it declared', async () => {
    const { store, all, objects } = await given();
    for (const object of all) await store.work.begin(object, { taskId: 7, ...STOP });
    for (const object of all.slice(0, 2)) await store.work.settle(object, 7, 'STOPPED');
    // The Update subtasks of the others were skipped.
    await store.work.endAs(objects.obCluster, 7, 'UNAVAILABLE');
    await store.tasks.applyStateChange({ taskId: 7, status: 'SUCCESSFUL', ...ENDING });
    expect(await statuses(store, all)).toEqual(['STOPPED', 'STOPPED', 'STOPPING', 'UNAVAILABLE']);
  });

  test('The undo of an Update shows the working status again, that of a Prepare the former one', async () => {
    const { store, all } = await given();
    for (const object of all) {
      await store.work.begin(object, { taskId: 7, ...STOP });
      expect(await store.work.settle(object, 8, 'RUNNING')).toEqual({ taskId: 7 });
      expect(await store.work.settle(object, 7, 'STOPPED')).toBeUndefined();
      expect(await statusOf(store, object)).toBe('STOPPED by 7');
      expect(await store.work.unsettle(object, 8)).toBe(false);
      expect(await store.work.unsettle(object, 7)).toBe(true);
      expect(await statusOf(store, object)).toBe('STOPPING by 7');
      expect(await store.work.restore(object, 8)).toBeUndefined();
      expect(await store.work.restore(object, 7)).toBe('RUNNING');
      expect(await statusOf(store, object)).toBe('RUNNING');
    }
  });

  test('A look at the cluster changes no status of what a task works on, and takes none of it away', async () => {
    const { store, objects, clusterId } = await given();
    const { obServer, obZone, obCluster } = objects;
    for (const object of [obServer, obZone, obCluster] as WorkObject[]) {
      await store.work.begin(object, { taskId: 7, ...STOP });
    }
    const inactive = { name: 'zone1', region: 'hz', idc: 'hz1', innerStatus: 'INACTIVE' };
    await store.obServers.record(clusterId, { servers: [], zones: [inactive] });
    await store.obClusters.recordStatus(clusterId, 'UNAVAILABLE');
    expect(await statuses(store, [obServer, obZone, obCluster])).toEqual([
      'STOPPING by 7',
      'STOPPING by 7',
      'STOPPING by 7',
    ]);
    await store.obServers.record(clusterId, { servers: [], zones: [] });
    expect(await store.obServers.zones(clusterId)).toHaveLength(1);

    await store.tasks.applyStateChange({ taskId: 7, status: 'FAILED', ...ENDING });
    await store.obServers.record(clusterId, { servers: [], zones: [inactive] });
    await store.obClusters.recordStatus(clusterId, 'UNAVAILABLE');
    expect(await statuses(store, [obServer, obZone, obCluster])).toEqual(['gone', 'STOPPED', 'UNAVAILABLE']);
  });
});
