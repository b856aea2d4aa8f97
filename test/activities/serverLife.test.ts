import { type AddressInfo, connect, createServer } from 'node:net';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { obeyed } from '../e2e/observerScene';
import { describeIf } from '../support/skip';
import { startTcpProxy } from '../support/tcpProxy';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { withoutRoom } from './noRoom';
import { type LifeTask, type LifeWorld, startLifeWorld } from './serverLifeWorld';

const STOPPED = { target_server_status: 'STOPPED' };

describeIf(fleetUnavailable(), 'An OBServer that was there before obflow', () => {
  let world: LifeWorld;
  beforeAll(async () => {
    world = await startLifeWorld();
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  const alter = (sql: string, at = 0) => world.cluster.sql(`ALTER SYSTEM ${sql}`, at);
  const counted = async (what: 'stopServer' | 'startServer' | 'minorFreeze', server: number) =>
    (await obeyed(world.cluster, what))[world.address(server)] ?? 0;
  const pids = (server: number) => world.host(server).pids('observer');
  const stopTime = async (server: number, at = 0) =>
    (
      await world.cluster.sql(
        `SELECT STOP_TIME FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '${world.host(server).ip}'`,
        at,
      )
    )[0]?.STOP_TIME ?? null;

  const innerStatus = async (server: number) =>
    (
      await world.cluster.sql(
        `SELECT STATUS FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '${world.host(server).ip}'`,
      )
    )[0]?.STATUS;

  async function start(server: number): Promise<void> {
    const task = await world.task();
    for (const type of [
      'PrepareStartObServer',
      'StartObServerProcess',
      'WaitObServerActive',
      'StartObServer',
    ])
      await task.run(type, server);
    await task.run('UpdateObServerStatus', server);
    await task.run('UpdateObClusterStatus', server);
    await task.ends(false);
    await inSync(server);
  }
  /** The others bear a stop again. */
  const inSync = (server: number) =>
    until('it serves', async () => {
      const [row] = await world.cluster.sql(
        `SELECT STATUS, STOP_TIME, START_SERVICE_TIME FROM oceanbase.DBA_OB_SERVERS
         WHERE SVR_IP = '${world.host(server).ip}'`,
        (server + 1) % 3,
      );
      return row?.STATUS === 'ACTIVE' && row.STOP_TIME === null && row.START_SERVICE_TIME !== null;
    });
  const undo = async (task: LifeTask, server: number, types: readonly string[]) => {
    for (const type of types) await task.run(type, server, { rollback: true });
    await task.ends(true);
    await inSync(server);
  };

  /** The notes about its process are gone: an undo of the steps before would leave it as it is, and be called done. */
  const cannotBeUndone = (task: LifeTask, server: number) =>
    expect(task.run('UpdateObClusterStatus', server, { rollback: true })).rejects.toMatchObject({
      type: 'ServerNotesForgotten',
    });

  test('is stopped and started by steps that may all be repeated, and nothing is done twice', async () => {
    const task = await world.task();
    await task.run('PrepareStopObServer', 1);
    expect(await world.status(1)).toBe('STOPPING');
    // Its home was seen at work: afterwards nobody could tell.
    const row = await world.store.obServers.find(await world.serverId(1));
    expect(row?.home).toBe(OBSERVER_HOME);
    for (const run of [1, 2]) await task.run('StopObServer', 1, { run });
    expect(await counted('stopServer', 1)).toBe(1);
    for (const run of [1, 2]) await task.run('StopObServerProcess', 1, { run });
    expect(pids(1)).toEqual([]);
    expect(await counted('minorFreeze', 1)).toBe(1);
    for (const run of [1, 2]) await task.run('WaitObServerStop', 1, { run });
    await task.run('UpdateObServerStatus', 1, { values: STOPPED });
    await task.run('UpdateObZoneStatus', 1, { values: { target_zone_status: 'RUNNING' } });
    await task.run('UpdateObClusterStatus', 1);
    await cannotBeUndone(task, 1);
    expect(await world.status(1)).toBe('STOPPED');
    await task.run('UpdateObClusterStatus', 1, { run: 2 });
    await task.ends(false);
    expect(await world.status(1)).toBe('STOPPED');

    const later = await world.task();
    await later.run('PrepareStartObServer', 1);
    for (const run of [1, 2]) await later.run('StartObServerProcess', 1, { run });
    const [pid] = pids(1);
    for (const type of ['WaitObServerActive', 'StartObServer'])
      for (const run of [1, 2]) await later.run(type, 1, { run });
    await later.run('StartObServerProcess', 1, { run: 3 });
    expect(pids(1)).toEqual([pid]);
    expect(await counted('startServer', 1)).toBe(1);
    await later.run('UpdateObServerStatus', 1);
    // What the cluster says of a server is as old as its lease.
    world.host(1).killProcesses(({ comm }) => comm === 'observer');
    await until('its lease is over', async () => (await innerStatus(1)) === 'INACTIVE');
    await expect(later.run('UpdateObClusterStatus', 1)).rejects.toMatchObject({
      ...{ type: 'ServersLost', nonRetryable: false, message: expect.stringContaining(world.address(1)) },
    });
    await later.run('StartObServerProcess', 1, { run: 4 });
    await inSync(1);
    await later.run('UpdateObClusterStatus', 1, { run: 2 });
    await cannotBeUndone(later, 1);
    await later.ends(false);
    expect(await world.status(1)).toBe('RUNNING');
    await inSync(1);
  }, 120_000);

  test('a STOP SERVER whose answer is lost is asked about, not repeated, and so is one that OceanBase ends by 4012', async () => {
    const [root] = world.rootServers;
    if (root === undefined) throw new Error('a cluster has a root server');
    await alter('SET _standin_stop_answer_delay = 3000');
    const before = await counted('stopServer', 2);
    const task = await world.task();
    await task.run('PrepareStopObServer', 2);
    const proxy = await startTcpProxy({ host: root.ip, port: root.sqlPort });
    try {
      const [ip = '', port] = proxy.address.split(':');
      await world.reachedAt([{ ip, sqlPort: Number(port), rpcPort: 2882 }]);
      const stopping = failureWithout([], task.run('StopObServer', 2));
      await until('the cluster has obeyed', async () => (await counted('stopServer', 2)) === before + 1);
      await proxy.stop();
      expect(await stopping).toMatchObject({ type: 'ObClusterUnreachable', nonRetryable: false });
    } finally {
      await proxy.stop();
      await world.reachedAt(world.rootServers);
      await alter('SET _standin_stop_answer_delay = 0', 1);
    }
    await task.run('StopObServer', 2);
    expect(await counted('stopServer', 2)).toBe(before + 1);
    await undo(task, 2, ['StopObServer', 'PrepareStopObServer']);
    expect(await stopTime(2)).toBeNull();
    expect(await world.status(2)).toBe('RUNNING');
  }, 120_000);

  test('a stop is refused by us before OceanBase is asked; forced, it interrupts and says so', async () => {
    await alter(`SET _standin_behind = '${world.address(0)}'`, 1);
    const before = await counted('stopServer', 2);
    const task = await world.task();
    await expect(task.run('PrepareStopObServer', 2)).rejects.toMatchObject({
      type: 'StopUnsafe',
      nonRetryable: true,
      message: expect.stringMatching(
        new RegExp(`OBE11070.*tenant sys, LS 1: 1 of 3 replicas.*behind: ${world.address(0)}`),
      ),
    });
    expect(await world.status(2)).toBe('RUNNING');
    // Whoever gets past it meets OceanBase's own check, for which waiting is the cure within the timeout.
    await expect(task.run('StopObServer', 2)).rejects.toMatchObject({
      type: 'ObClusterRefuses',
      nonRetryable: false,
    });
    await expect(task.run('StopObServerProcess', 2)).rejects.toMatchObject({ type: 'StillInService' });
    expect(pids(2)).toHaveLength(1);
    expect(await counted('stopServer', 2)).toBe(before);
    await task.ends(true);

    const forced = await world.task();
    const values = { force: 'true', freeze_server: 'false' };
    await forced.run('PrepareStopObServer', 2, { values });
    expect(await forced.log('PrepareStopObServer', 2)).toMatch(/Although tenant sys.*the request says force/);
    await forced.run('StopObServer', 2, { values });
    expect(await forced.log('StopObServer', 2)).toMatch(/OceanBase refuses .*4179.*which interrupts clients/);
    expect(await stopTime(2)).toBeNull();
    await forced.run('StopObServerProcess', 2, { values });
    expect(pids(2)).toEqual([]);
    expect(await counted('stopServer', 2)).toBe(before);
    await alter("SET _standin_behind = ''", 1);
    await undo(forced, 2, ['StopObServerProcess', 'StopObServer', 'PrepareStopObServer']);
    expect(pids(2)).toHaveLength(1);
    expect(await world.status(2)).toBe('RUNNING');
  }, 120_000);

  test('what could not be started again is not stopped: files of root, a missing program, a foreign port', async () => {
    const { host } = { host: world.host(1) };
    const restart = async () => {
      const task = await world.task();
      const failure = await failureWithout([], task.run('PrepareRestartObServer', 1));
      await task.ends(true);
      return failure;
    };
    await host.sh(`touch ${OBSERVER_HOME}/log/left.by.root`);
    expect(await restart()).toMatchObject({
      type: 'HomeUnfit',
      message: expect.stringMatching(/log\/left\.by\.root in .* is not of admin.*chown -R admin/),
    });
    await host.sh(`rm ${OBSERVER_HOME}/log/left.by.root; chmod 644 ${OBSERVER_HOME}/bin/observer`);
    expect(await restart()).toMatchObject({ message: expect.stringContaining('bin/observer is missing') });
    await host.sh(`chmod 755 ${OBSERVER_HOME}/bin/observer`);
    await alter("SET server_permanent_offline_time = '60s'");
    expect(await restart()).toMatchObject({ type: 'OfflineTimeTooShort' });
    await alter("SET server_permanent_offline_time = '3600s'");
    expect(pids(1)).toHaveLength(1);
    expect(await world.status(1)).toBe('RUNNING');
  }, 120_000);

  test('an observer that somebody starts again is not called stopped', async () => {
    const { host } = { host: world.host(1) };
    const task = await world.task();
    for (const type of ['PrepareStopObServer', 'StopObServer']) await task.run(type, 1);
    const stopping = failureWithout([], task.run('StopObServerProcess', 1));
    await until('its process is gone', () => pids(1).length === 0);
    await host.sh(
      `cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`,
    );
    expect(await stopping).toMatchObject({
      type: 'RestartedByOthers',
      message: expect.stringMatching(/OBE19005.*Stop whoever keeps it/),
    });
    await until('one observer', () => pids(1).length === 1);
    await undo(task, 1, ['StopObServerProcess', 'StopObServer', 'PrepareStopObServer']);
    expect(await stopTime(1)).toBeNull();
  }, 120_000);

  test('undone from its last step a stop leaves a server that serves, and a start one that is stopped', async () => {
    const stop = await world.task();
    const steps = ['PrepareStopObServer', 'StopObServer', 'StopObServerProcess', 'WaitObServerStop'];
    for (const type of steps) await stop.run(type, 1);
    await stop.run('UpdateObServerStatus', 1, { values: STOPPED });
    expect(await world.status(1)).toBe('STOPPED');
    await undo(stop, 1, ['UpdateObServerStatus', ...[...steps].reverse()]);
    expect(pids(1)).toHaveLength(1);
    expect(await world.status(1)).toBe('RUNNING');
    expect((await world.host(1).sh('stat -c %U /proc/$(pgrep -x observer)')).stdout).toBe('admin\n');

    const again = await world.task();
    for (const type of steps) await again.run(type, 1);
    await again.run('UpdateObServerStatus', 1, { values: STOPPED });
    await again.run('UpdateObClusterStatus', 1);
    await again.ends(false);
    const begun = await world.task();
    const starts = ['PrepareStartObServer', 'StartObServerProcess', 'WaitObServerActive', 'StartObServer'];
    for (const type of starts) await begun.run(type, 1);
    for (const type of [...starts].reverse()) await begun.run(type, 1, { rollback: true });
    await begun.ends(true);
    expect(pids(1)).toEqual([]);
    expect(await stopTime(1)).not.toBeNull();
    expect(await world.status(1)).toBe('STOPPED');
    expect((await world.host(1).sh('ls /var/lib/obflow 2>/dev/null')).stdout).toBe('');
    await start(1);
  }, 180_000);

  test('a process that this task cannot note is not ended; after the retry, the undo of the restart leaves it running', async () => {
    const task = await world.task();
    for (const type of ['PrepareRestartObServer', 'StopObServer']) await task.run(type, 1);
    const before = pids(1);
    await withoutRoom(world.host(1), `/var/lib/obflow/${task.taskId}`, async () => {
      await expect(task.run('StopObServerProcess', 1)).rejects.toMatchObject({
        ...{ type: 'FileOperationFailed', nonRetryable: true, message: expect.stringContaining('100%') },
      });
    });
    expect(pids(1)).toEqual(before);
    await task.run('StopObServerProcess', 1, { run: 2 });
    expect(pids(1)).toEqual([]);
    await task.run('StartObServerProcess', 1);
    const after = pids(1);
    expect(after).toHaveLength(1);
    await undo(task, 1, [
      'StartObServerProcess',
      'StopObServerProcess',
      'StopObServer',
      'PrepareRestartObServer',
    ]);
    expect(pids(1)).toEqual(after);
    expect(await stopTime(1)).toBeNull();
    expect(await world.status(1)).toBe('RUNNING');
  }, 120_000);

  test('its process is noted before it is told to end, also when the cluster cannot be asked for a freeze', async () => {
    const values = { force: 'true' };
    const task = await world.task();
    for (const type of ['PrepareStopObServer', 'StopObServer']) await task.run(type, 1, { values });
    const [root] = world.rootServers;
    if (root === undefined) throw new Error('a cluster has a root server');
    // Whoever asks first is let through; all later ones hear nothing.
    let sessions = 0;
    const relay = createServer((inner) => {
      sessions += 1;
      if (sessions > 1) return inner.destroy();
      const outer = connect(root.sqlPort, root.ip);
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const)
        one.on('error', () => other.destroy()).pipe(other);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port } = relay.address() as AddressInfo;
    await world.reachedAt([{ ip: '127.0.0.1', sqlPort: port, rpcPort: 2882 }]);
    try {
      // It does not end while it stands still, as one does that writes its memory down.
      await world.host(1).sh('kill -STOP $(pgrep -x observer)');
      const stopping = task.run('StopObServerProcess', 1, { values });
      await until(
        'the note stands beside the living process',
        async () => {
          const { stdout } = await world.host(1).sh(`cat /var/lib/obflow/${task.taskId}/observer-*.json`);
          return stdout !== '' && pids(1).length === 1;
        },
        15_000,
      );
      await world.host(1).sh('kill -CONT $(pgrep -x observer)');
      await stopping;
      expect(await task.log('StopObServerProcess', 1)).toContain('Could not freeze its memory');
      expect(sessions).toBeGreaterThan(1);
    } finally {
      await world.host(1).sh('kill -CONT $(pgrep -x observer)');
      relay.close();
      await world.reachedAt(world.rootServers);
    }
    await undo(task, 1, ['StopObServerProcess', 'StopObServer', 'PrepareStopObServer']);
    expect(pids(1)).toHaveLength(1);
  }, 120_000);

  test('a restart is over when the cluster has seen the new process, not the old one', async () => {
    const task = await world.task();
    for (const type of ['PrepareRestartObServer', 'StopObServer', 'StopObServerProcess'])
      await task.run(type, 1);
    const note = await world.host(1).sh(`cat /var/lib/obflow/${task.taskId}/observer-*.json`);
    expect(JSON.parse(note.stdout)).toMatchObject({ stopped: true, servingSince: expect.any(String) });
    // Within its lease the cluster still calls the old one ACTIVE, and nothing runs.
    const early = await failureWithout([], task.run('WaitObServerActive', 1));
    expect(['NotYet', 'ObserverNotActive']).toContain(early.type);
    await task.run('StartObServerProcess', 1);
    await task.run('WaitObServerActive', 1, { run: 2 });
    await task.run('StartObServer', 1);
    await task.run('SetObServerProcessOomScoreAdj', 1);
    // A host that is a container may not lower it.
    expect(await task.log('SetObServerProcessOomScoreAdj', 1)).toMatch(
      /\/proc\/\d+\/oom_score_adj(: -500| cannot be written)/,
    );
    await task.run('UpdateObServerStatus', 1);
    await task.run('UpdateObClusterStatus', 1);
    await task.ends(false);
    await inSync(1);
  }, 120_000);

  test('a server that has just come back is waited for by the last step, not refused', async () => {
    const task = await world.task();
    for (const type of ['PrepareRestartObServer', 'StopObServer', 'StopObServerProcess'])
      await task.run(type, 1);
    for (const type of ['StartObServerProcess', 'WaitObServerActive', 'StartObServer'])
      await task.run(type, 1);
    await world.cluster.sql('ALTER SYSTEM SET _standin_service_delay = 3000');
    try {
      world.host(1).killProcesses(({ comm }) => comm === 'observer');
      await until('it has ended', () => pids(1).length === 0);
      await world
        .host(1)
        .sh(`cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`);
      await until('the cluster sees it start', async () => {
        const [row] = await world.cluster.sql(
          `SELECT STATUS, START_SERVICE_TIME FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '${world.host(1).ip}'`,
        );
        return row?.STATUS === 'ACTIVE' && row.START_SERVICE_TIME === null;
      });
      await task.run('UpdateObServerStatus', 1);
    } finally {
      await world.cluster.sql('ALTER SYSTEM SET _standin_service_delay = 0');
    }
    expect(await world.status(1)).toBe('RUNNING');
    await task.run('UpdateObClusterStatus', 1);
    await task.ends(false);
    await inSync(1);
  }, 120_000);

  test('a task that is ended half-way says what the server is then', async () => {
    const task = await world.task();
    await task.run('PrepareStopObServer', 1);
    await task.run('StopObServer', 1);
    await task.ends(true);
    expect(await world.status(1)).toBe('STOPPED');
    await start(1);
    const early = await world.task();
    await early.run('PrepareStopObServer', 1);
    await early.ends(true);
    expect(await world.status(1)).toBe('RUNNING');
  }, 120_000);

  test('a server whose home nobody has ever seen is not guessed at', async () => {
    const id = await world.serverId(2);
    world.host(2).killProcesses(({ comm }) => comm === 'observer');
    await until('INACTIVE', async () => {
      const [row] = await world.cluster.sql(
        `SELECT STATUS FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '${world.host(2).ip}'`,
        1,
      );
      return row?.STATUS === 'INACTIVE';
    });
    const known = (await world.store.obServers.find(id))?.home;
    await world.store.obServers.updateStatus(id, ['RUNNING'], 'UNAVAILABLE');
    await world.store.obServers.recordHome(id, '/nowhere');
    const task = await world.task();
    await expect(task.run('PrepareStartObServer', 2)).rejects.toMatchObject({
      message: expect.stringContaining('/nowhere'),
    });
    await task.ends(true);
    if (known != null) await world.store.obServers.recordHome(id, known);
    else await world.store.obServers.recordHome(id, OBSERVER_HOME);
    await start(2);
  }, 120_000);
});
