/** What must never happen when a server is deleted: each of these tests tries it. */
import { cpus, totalmem } from 'node:os';
import { countedRoom } from '../../operations/newServerRoom';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { obeyed } from '../e2e/observerScene';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { type AddTask, type ObserverWorld, startObserverWorld } from './observerWorld';

describeIf(fleetUnavailable(), 'A server that obflow has added and that is deleted', () => {
  let world: ObserverWorld;
  let task: AddTask;
  let deleter: AddTask;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 2 });
    await set('SET _standin_tenants = 1');
    task = await world.add(0);
    await task.upTo('UpdateObServerStatus');
    await world.store.tasks.applyStateChange({
      ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
    await takeAllUnits();
    deleter = await world.add(1);
    await world.store.obServers.delete(deleter.serverId);
  }, 180_000);
  afterAll(() => world?.stop(), 60_000);

  const set = (sql: string) => world.cluster.sql(`ALTER SYSTEM ${sql}`);
  /** The server that was added gets all units, and with them the root service; the first one stays, without any. */
  async function takeAllUnits(): Promise<void> {
    const first = `'${world.fleet.hosts[0]?.ip}:2882'`;
    await set('SET _standin_delete_delay = 600000');
    await set('SET _standin_unit_move_delay = 0');
    await set(`DELETE SERVER ${first}`);
    await until('it has moved', async () => {
      const units = await world.cluster
        .sql('SELECT DISTINCT SVR_IP AS ip, MIGRATE_FROM_SVR_IP AS origin FROM oceanbase.DBA_OB_UNITS')
        .catch(() => []);
      return units.length === 1 && units[0]?.ip === task.host.ip && units[0].origin === null;
    });
    await set(`CANCEL DELETE SERVER ${first}`);
    await set('SET _standin_delete_delay = 200');
  }

  const run = (type: string, by: 'server_ids' | 'host_ids', how: { run?: number; rollback?: boolean } = {}) =>
    deleter.run(type, {
      ...how,
      input: {
        element: { key: by, value: String(by === 'server_ids' ? task.serverId : task.hostId) },
        context: {
          stringMap: { cluster_id: String(world.clusterId) },
          listMap: { server_ids: [String(task.serverId)], host_ids: [String(task.hostId)] },
        },
      },
    });
  const address = () => `${task.host.ip}:2882`;
  const data = async () => (await task.host.sh('ls /data/1/obacts /data/log1/obacts')).stdout;
  /** Counted where the root service is, which moves. */
  const counted = async (what: 'deleteServer' | 'cancelDeleteServer') => {
    const { stdout } = await task.host.sh(`cat ${OBSERVER_HOME}/.standin/counters.json`);
    const here = (JSON.parse(stdout) as ObserverCountsFile)[what][address()] ?? 0;
    return here + ((await obeyed(world.cluster, what))[address()] ?? 0);
  };

  test('a server in its place is counted with what its host has, where hosts are judged by their size', async () => {
    const cluster = await world.store.obClusters.find(world.clusterId);
    const host = await world.store.hosts.find(task.hostId);
    if (cluster === undefined || host === undefined) throw new Error('the world has both');
    const scope = {
      ...{ store: world.store, openHost: world.openHost, publicUrl: 'http://127.0.0.1:1' },
      addresses: ANY_ADDRESS,
    };
    const counted = (hostRequirements: 'production' | 'small', of = host) =>
      countedRoom({ ...scope, hostRequirements }, { cluster, host: of, parameters: [] });
    const { room, warnings } = await counted('production');
    expect(warnings).toEqual([]);
    expect(room.cpu).toBeGreaterThanOrEqual(cpus().length);
    // 80 percent of it, as the cluster says nothing else.
    expect(room.memory / totalmem()).toBeCloseTo(0.8, 2);
    expect(room.logDisk).toBeGreaterThan(0);
    expect((await counted('small')).warnings).toHaveLength(1);
    const closed = await world.store.hosts.put({
      ...{ ip: world.fleet.gateway, sshPort: 1, name: null, credentialId: host.credentialId, hostKey: null },
      ...{ idcName: 'idc1', regionName: 'region1' },
    });
    const away = await counted('production', { ...host, id: closed.id });
    expect([away.room.memory, away.warnings.length]).toEqual([Infinity, 1]);
  }, 60_000);

  test('its files are not touched while the cluster lists it, nor while a unit is on its way from it', async () => {
    await run('PrepareDeleteObServer', 'server_ids');
    const before = { pids: task.host.pids('observer'), files: await data() };
    const untouched = async () => ({ pids: task.host.pids('observer'), files: await data() });
    await expect(run('CleanObServer', 'host_ids')).rejects.toMatchObject({ type: 'StillInCluster' });
    expect(await untouched()).toEqual(before);
    await set('SET _standin_unit_move_delay = 600000');
    await run('DeleteObServer', 'server_ids');
    // Again, as after a lost answer: it is not sent again.
    await run('DeleteObServer', 'server_ids', { run: 2 });
    expect(await counted('deleteServer')).toBe(1);
    await expect(run('WaitObServerDelete', 'server_ids')).rejects.toMatchObject({
      type: 'NotYet',
      message: expect.stringContaining('2 units are left on them'),
    });
    await expect(run('CleanObServer', 'host_ids', { run: 2 })).rejects.toMatchObject({
      type: 'StillInCluster',
    });
    expect(await untouched()).toEqual(before);
  }, 120_000);

  test('a deletion that somebody cancels is not taken for done; it is begun again on request, and undone once', async () => {
    await set(`CANCEL DELETE SERVER '${address()}'`);
    await expect(run('WaitObServerDelete', 'server_ids', { run: 2 })).rejects.toMatchObject({
      type: 'DeletionCancelled',
    });
    await run('DeleteObServer', 'server_ids', { run: 3 });
    expect(await counted('deleteServer')).toBe(2);
    await run('DeleteObServer', 'server_ids', { rollback: true });
    await run('DeleteObServer', 'server_ids', { rollback: true, run: 2 });
    expect(await counted('cancelDeleteServer')).toBe(2);
    await run('PrepareDeleteObServer', 'server_ids', { rollback: true });
    expect((await world.store.obServers.find(task.serverId))?.status).toBe('RUNNING');
  }, 120_000);

  test('no room for its unit is said before anything is sent', async () => {
    await set('SET _standin_memory_gib = 9');
    await expect(run('PrepareDeleteObServer', 'server_ids', { run: 2 })).rejects.toMatchObject({
      ...{ type: 'DeletionUnsafe', message: expect.stringContaining('OBE19011') },
    });
    expect((await world.store.obServers.find(task.serverId))?.work).toBeNull();
    await set('SET _standin_memory_gib = 64');
  }, 60_000);

  test('its files stay while its process is started again by somebody; then all of it goes, and twice is once', async () => {
    await set('SET _standin_unit_move_delay = 100');
    await run('PrepareDeleteObServer', 'server_ids', { run: 3 });
    await run('DeleteObServer', 'server_ids', { run: 4 });
    await run('WaitObServerDelete', 'server_ids', { run: 3 });
    expect((await world.store.obServers.find(task.serverId))?.work?.endStatus).toBe('DELETED');
    await expect(run('DeleteObServer', 'server_ids', { rollback: true, run: 3 })).rejects.toMatchObject({
      type: 'ServerLeft',
    });
    await task.host.sh(
      `touch /tmp/keeper; setsid sh -c 'cd ${OBSERVER_HOME} && for i in $(seq 300); do pgrep -x observer >/dev/null || runuser -u admin -- ./bin/observer; sleep 0.1; [ -e /tmp/keeper ] || exit; done' >/dev/null 2>&1 </dev/null & sleep 0`,
    );
    await expect(run('CleanObServer', 'host_ids', { run: 3 })).rejects.toMatchObject({
      type: 'RestartedByOthers',
    });
    expect(await data()).toContain('sstable');
    await task.host.sh('rm /tmp/keeper');
    await until(
      'the keeper has gone',
      async () => (await task.host.sh('pgrep -f "[.]/bin/observer; sleep"')).exitCode !== 0,
    );
    await run('CleanObServer', 'host_ids', { run: 4 });
    await run('CleanObServer', 'host_ids', { run: 5 });
    expect(task.host.pids('observer')).toEqual([]);
    const left = await task.host.sh(
      'rpm -q oceanbase-ce; ls -d /data/1/* /data/log1/* /var/lib/obflow/observer 2>/dev/null; true',
    );
    expect(left.stdout.trim()).toBe('package oceanbase-ce is not installed');
    await run('DeleteObServerInfo', 'server_ids');
    await run('DeleteObServerInfo', 'server_ids', { run: 2 });
    expect(await world.store.obServers.find(task.serverId)).toBeUndefined();
    await expect(run('DeleteObServerInfo', 'server_ids', { rollback: true })).rejects.toMatchObject({
      type: 'ServerForgotten',
    });
  }, 180_000);
});
