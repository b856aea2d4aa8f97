/** What "Stop cluster" and "Stop zone" end with, on work that was begun by hand: no operation has these chains yet. */
import { createServer, type Socket } from 'node:net';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { WorkObject } from '../../store/types';
import { describeIf } from '../support/skip';
import { type AddTask, type ObserverWorld, startObserverWorld } from './observerWorld';

describeIf(fleetUnavailable(), 'The status of what a task has stopped', () => {
  let world: ObserverWorld;
  let task: AddTask;
  let runs = 0;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 1 });
    task = await world.add(0);
    await task.run('SyncClusterInfo');
    await world.cluster.sql('ALTER SYSTEM ADD ZONE zone9');
    await task.run('SyncClusterInfo', { run: 2 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  /** Runs an Update subtask of the task with these keys, as the plan of a stopping chain would have them. */
  function update(
    type: 'UpdateObZoneStatus' | 'UpdateObClusterStatus',
    strings: Record<string, string>,
    { zones = [] as readonly string[], rollback = false } = {},
  ) {
    runs += 1;
    const stringMap = { cluster_id: String(world.clusterId), ...strings };
    const listMap = { host_ids: [String(task.hostId)], zone_names: zones };
    return task.run(type, { rollback, run: runs, input: { context: { stringMap, listMap } } });
  }

  const zone = (name: string): WorkObject<'obZone'> => ({ kind: 'obZone', clusterId: world.clusterId, name });
  const cluster = (): WorkObject<'obCluster'> => ({ kind: 'obCluster', id: world.clusterId });
  const statusOf = async (object: WorkObject) => (await world.store.work.find(object))?.status;

  /** What a Prepare subtask would have done. */
  async function begun(object: WorkObject<'obZone'> | WorkObject<'obCluster'>): Promise<void> {
    const work = { taskId: task.taskId, status: 'STOPPING', from: ['RUNNING', 'STOPPED'] } as const;
    expect(await world.store.work.begin(object, work)).toHaveProperty('former');
    expect(await statusOf(object)).toBe('STOPPING');
  }

  test('a zone is STOPPED when the cluster has stopped it, and STOPPING again when that is undone', async () => {
    await begun(zone('zone9'));
    const target = { target_zone_status: 'STOPPED' };
    await update('UpdateObZoneStatus', target, { zones: ['zone9'] });
    expect(await statusOf(zone('zone9'))).toBe('STOPPED');
    expect(await world.store.obServers.zones(world.clusterId)).toContainEqual(
      expect.objectContaining({ name: 'zone9', innerStatus: 'INACTIVE' }),
    );
    await update('UpdateObZoneStatus', target, { zones: ['zone9'], rollback: true });
    expect(await statusOf(zone('zone9'))).toBe('STOPPING');
    await world.store.work.restore(zone('zone9'), task.taskId);
  });

  test('a zone that the cluster shows otherwise than the task wants stays in work, and the error says how it is', async () => {
    await begun(zone('zone1'));
    await expect(
      update('UpdateObZoneStatus', { target_zone_status: 'STOPPED' }, { zones: ['zone1'] }),
    ).rejects.toMatchObject({
      type: 'ZoneStatusDiffers',
      nonRetryable: true,
      message: expect.stringMatching(/^OBE18004: .*zone1 on obacts: it is ACTIVE\. It was to be STOPPED/),
    });
    expect(await statusOf(zone('zone1'))).toBe('STOPPING');
    await world.store.work.restore(zone('zone1'), task.taskId);
    expect(await statusOf(zone('zone1'))).toBe('RUNNING');
  });

  test('a zone that somebody has deleted is named', async () => {
    await expect(
      update('UpdateObZoneStatus', { target_zone_status: 'STOPPED' }, { zones: ['zone7'] }),
    ).rejects.toMatchObject({ type: 'ZoneMissing', message: expect.stringMatching(/^OBE18002: .*zone7/) });
  });

  test('a cluster whose servers serve is not STOPPED: the error counts them, and the work stays', async () => {
    await begun(cluster());
    await expect(update('UpdateObClusterStatus', { target_cluster_status: 'STOPPED' })).rejects.toMatchObject(
      {
        type: 'ClusterStillServes',
        nonRetryable: true,
        message: expect.stringMatching(/^OBE11007: .*on obacts: 1 of its servers serve\. Stop them/),
      },
    );
    expect(await statusOf(cluster())).toBe('STOPPING');
  });

  test('a cluster that only does not answer may serve: it is not STOPPED, and is asked again', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const sqlPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
    try {
      await world.reachedAt([
        { ip: '127.0.0.1', sqlPort: 1, rpcPort: 2 },
        { ip: '127.0.0.1', sqlPort, rpcPort: 2 },
      ]);
      await expect(
        update('UpdateObClusterStatus', { target_cluster_status: 'STOPPED' }),
      ).rejects.toMatchObject({ type: 'ObClusterUnreachable', nonRetryable: false });
      expect(await statusOf(cluster())).toBe('STOPPING');
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await world.reachedAt(world.rootServers);
    }
  }, 30_000);

  test('a cluster on whose root servers nothing listens is STOPPED, and STOPPING again when that is undone', async () => {
    await world.reachedAt([{ ip: '127.0.0.1', sqlPort: 1, rpcPort: 2 }]);
    try {
      const target = { target_cluster_status: 'STOPPED' };
      await update('UpdateObClusterStatus', target);
      expect(await statusOf(cluster())).toBe('STOPPED');
      // A task that wants anything else cannot take that for an answer.
      await expect(update('UpdateObClusterStatus', {})).rejects.toMatchObject({
        type: 'ObClusterUnreachable',
      });
      await update('UpdateObClusterStatus', target, { rollback: true });
      expect(await statusOf(cluster())).toBe('STOPPING');
      await world.store.work.restore(cluster(), task.taskId);
      expect(await statusOf(cluster())).toBe('RUNNING');
    } finally {
      await world.reachedAt(world.rootServers);
    }
  });
});
