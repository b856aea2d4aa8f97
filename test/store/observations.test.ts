import type { RecordedLook } from '../../store/types';
import { addHost, addObCluster, addObproxyCluster, addServer, onEveryDatabase } from './databases';
import { plan } from './plan';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();

onEveryDatabase('Observed states', (on) => {
  async function given() {
    const store = await on.open();
    const clusterId = await addObproxyCluster(store);
    const hostId = await addHost(store);
    const id = await addServer(store, clusterId, hostId);
    // The task that made it has ended well.
    const { taskId } = (await store.obproxy.findServer(id))!;
    await store.tasks.add({ plan: plan(taskId), workflowType: 'addObproxy' });
    await store.work.settle({ kind: 'obproxyServer', id }, taskId, 'RUNNING');
    await store.obproxy.recordActive(id);
    await store.tasks.applyStateChange({
      ...{ taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
    return { store, hostId, id };
  }
  const look = (id: number, more: Partial<RecordedLook> = {}): RecordedLook => ({
    kind: 'obproxyServer',
    id,
    state: 'ALIVE',
    by: 'METRICS',
    reason: null,
    time: at(1),
    ...more,
  });

  test('What was seen stands beside the recorded status; who was alive once keeps when', async () => {
    const { store, hostId } = await given();
    const seen = (state: RecordedLook['state'], seconds: number): RecordedLook => ({
      ...{ kind: 'host', id: hostId, state, time: at(seconds) },
      ...(state === 'ALIVE' ? { by: 'SSH', reason: null } : { by: null, reason: 'no route' }),
    });
    await store.observations.record([seen('ALIVE', 1)]);
    await store.observations.record([seen('ALIVE', 2)]);
    expect((await store.observations.of('host', [hostId])).get(hostId)).toEqual({
      ...{ state: 'ALIVE', by: 'SSH', reason: null, since: at(1), lookTime: at(2), lastSeenTime: at(2) },
    });
    await store.observations.record([seen('UNKNOWN', 3)]);
    await store.observations.record([seen('UNKNOWN', 4)]);
    expect((await store.observations.of('host', [hostId])).get(hostId)).toEqual({
      ...{
        state: 'UNKNOWN',
        by: null,
        reason: 'no route',
        since: at(3),
        lookTime: at(4),
        lastSeenTime: at(2),
      },
    });
    expect(await store.observations.counts()).toContainEqual({
      ...{ kind: 'host', status: 'NEW', observed: 'UNKNOWN', count: 1 },
    });
  });

  test('Clusters and zones are counted by what they say of themselves, with nothing observed beside', async () => {
    const { store } = await given();
    const id = await addObCluster(store, 'counted', 77);
    await store.obClusters.recordStatus(id, 'UNAVAILABLE');
    const counts = await store.observations.counts();
    expect(counts).toContainEqual({ kind: 'obCluster', status: 'UNAVAILABLE', observed: '', count: 1 });
    expect(counts.filter(({ kind }) => kind === 'obZone')).toEqual([]);
  });

  test('A look changes a status only of what is still as it was looked at', async () => {
    const { store, id } = await given();
    const statusOf = async () => (await store.obproxy.findServer(id))?.status;
    const [proxy] = await store.observations.obproxies(id);
    expect(proxy).toMatchObject({ id, status: 'RUNNING', observed: undefined });
    const { lastActiveTime } = proxy!;
    const gone = (change: RecordedLook['change']) =>
      look(id, { state: 'GONE', by: 'SSH', reason: 'its process is gone', ...(change ? { change } : {}) });

    // A task has seen it at work since.
    const before = { from: 'RUNNING', to: 'UNAVAILABLE', lastActiveTime: at(0) };
    expect(await store.observations.record([gone(before)])).toEqual([]);
    expect(await statusOf()).toBe('RUNNING');

    const now = gone({ from: 'RUNNING', to: 'UNAVAILABLE', lastActiveTime });
    expect(await store.observations.record([now])).toEqual([now]);
    expect(await statusOf()).toBe('UNAVAILABLE');

    // A task has begun to work on it.
    const begun = { taskId: 9, status: 'STARTING', from: ['UNAVAILABLE'] } as const;
    await store.work.begin({ kind: 'obproxyServer', id }, begun);
    expect(await store.observations.obproxies()).toEqual([]);
    const back = look(id, { time: at(5), change: { from: 'STARTING', to: 'RUNNING', lastActiveTime } });
    expect(await store.observations.record([back])).toEqual([]);
    expect(await statusOf()).toBe('STARTING');
    expect((await store.observations.of('obproxyServer', [id])).get(id)).toMatchObject({ state: 'GONE' });
  });

  test('A look is for the recorded home of a proxy before any other', async () => {
    const { store, id } = await given();
    const home = async () => (await store.observations.obproxies(id))[0]?.home;
    expect(await home()).not.toBe('/elsewhere/obproxy');
    await store.obproxy.setHome(id, '/elsewhere/obproxy');
    expect(await home()).toBe('/elsewhere/obproxy');
  });

  test('The observed state goes with its object, and a look that comes too late makes none', async () => {
    const { store, id } = await given();
    await store.obproxy.deleteServer(id);
    await store.observations.record([look(id)]);
    expect(await store.observations.of('obproxyServer', [id])).toEqual(new Map());
  });

  test('One process of all has a lease; another takes it when it is given back or its time is over', async () => {
    const { store } = await given();
    const { leases } = store;
    expect(await leases.take('look', 'a', 60_000)).toBe(true);
    expect(await leases.take('look', 'b', 60_000)).toBe(false);
    expect(await leases.take('look', 'a', 60_000)).toBe(true);
    await leases.end('look', 'b');
    expect(await leases.take('look', 'b', 60_000)).toBe(false);
    await leases.end('look', 'a');
    expect(await leases.take('look', 'b', -1)).toBe(true);
    expect(await leases.take('look', 'c', 60_000)).toBe(true);
  });
});

onEveryDatabase('Shared locks', (on) => {
  test('Any number of tasks hold a resource together while none holds it alone', async () => {
    const { locks } = await on.open();
    expect(await locks.take(1, ['host:1', { shared: 'c' }], [])).toBeUndefined();
    expect(await locks.take(2, ['host:2', { shared: 'c' }], [])).toBeUndefined();
    expect(await locks.firstHeld([{ shared: 'c' }])).toBeUndefined();
    expect(await locks.firstHeld(['c'])).toEqual({ resource: 'c', taskId: 1 });
    expect(await locks.take(3, ['c'], [])).toEqual({ resource: 'c', taskId: 1 });
    expect(await locks.take(3, ['host:1', { shared: 'c' }], [])).toEqual({ resource: 'host:1', taskId: 1 });
    expect(await locks.heldBy(1)).toEqual([{ shared: 'c' }, 'host:1']);
    await locks.release(1);
    await locks.release(2);
    expect(await locks.take(3, ['c'], [])).toBeUndefined();
    expect(await locks.take(4, [{ shared: 'c' }], [])).toEqual({ resource: 'c', taskId: 3 });
  });

  test('A task that has shared a resource and wants it alone has it alone, and keeps it so', async () => {
    const { locks } = await on.open();
    await locks.take(1, [{ shared: 'c' }], []);
    await locks.take(1, ['c'], []);
    await locks.take(1, [{ shared: 'c' }], []);
    expect(await locks.heldBy(1)).toEqual(['c']);
    expect(await locks.firstHeld([{ shared: 'c' }])).toEqual({ resource: 'c', taskId: 1 });
  });
});
