import path from 'node:path';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { obeyed } from '../e2e/observerScene';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { withoutRoom } from './noRoom';
import { type LifeWorld, startLifeWorld } from './serverLifeWorld';

describeIf(fleetUnavailable(), 'The memory of a cluster that is to be stopped', () => {
  let world: LifeWorld;
  beforeAll(async () => {
    world = await startLifeWorld();
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  /** How often the first server was told to freeze: all are told by one statement. */
  const freezes = async () => (await obeyed(world.cluster, 'minorFreeze'))[world.address(0)] ?? 0;
  const file = (taskId: number) => `/var/lib/obflow/${taskId}/freeze.json`;
  const note = async (taskId: number) => JSON.parse((await world.host(0).sh(`cat ${file(taskId)}`)).stdout);
  const noted = (taskId: number, what: object) =>
    world.host(0).sh(`cat >${file(taskId)} <<'END'\n${JSON.stringify(what)}\nEND`);

  test('is frozen once, however often the attempt that has sent it is lost', async () => {
    const task = await world.task();
    const prepare = (run: number) => task.run('PrepareStopObCluster', 'all', { run });
    await prepare(1);
    expect(await freezes()).toBe(1);
    const { frozenAt, sent } = await note(task.taskId);
    expect(sent).toBe(true);
    // Again, as after a crash behind it, and as after one between the statement and the note of its answer.
    await prepare(2);
    await noted(task.taskId, { frozenAt });
    await prepare(3);
    expect(await freezes()).toBe(1);
    expect(await task.log('PrepareStopObCluster', 'all')).toContain('has sent MINOR FREEZE');
    // One that was noted and never sent: the servers are asked first, then it is sent.
    await noted(task.taskId, { frozenAt: frozenAt + 3_600 });
    await prepare(4);
    expect(await freezes()).toBe(2);
    await task.run('PrepareStopObCluster', 'all', { rollback: true });
    expect((await world.host(0).sh(`ls -d ${path.dirname(file(task.taskId))}`)).exitCode).not.toBe(0);
    await task.ends(true);
  }, 120_000);

  test('is not frozen without a note of it: a retry would not know that it was', async () => {
    const task = await world.task();
    const before = await freezes();
    await withoutRoom(world.host(0), path.dirname(file(task.taskId)), async () => {
      await expect(task.run('PrepareStopObCluster', 'all')).rejects.toMatchObject({
        ...{ type: 'FileOperationFailed', nonRetryable: true, message: expect.stringContaining('100%') },
      });
    });
    expect(await freezes()).toBe(before);
    await task.run('PrepareStopObCluster', 'all', { run: 2 });
    expect(await freezes()).toBe(before + 1);
    await task.run('PrepareStopObCluster', 'all', { rollback: true });
    await task.ends(true);
  }, 60_000);

  test('is waited for when the freeze shows late, and not frozen again meanwhile', async () => {
    await world.cluster.sql('ALTER SYSTEM SET _standin_freeze_delay = 2000');
    const task = await world.task();
    const before = await freezes();
    await task.run('PrepareStopObCluster', 'all');
    const { frozenAt } = await note(task.taskId);
    await noted(task.taskId, { frozenAt });
    await task.run('PrepareStopObCluster', 'all', { run: 2 });
    expect(await freezes()).toBe(before + 1);
    await world.cluster.sql('ALTER SYSTEM SET _standin_freeze_delay = 0');
    await task.run('PrepareStopObCluster', 'all', { rollback: true });
    await task.ends(true);
  }, 120_000);
});

describeIf(fleetUnavailable(), 'A cluster all of whose processes have ended', () => {
  let world: LifeWorld;
  beforeAll(async () => {
    world = await startLifeWorld();
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  const pids = (server: number) => world.host(server).pids('observer');
  const startByHand = (server: number) =>
    world
      .host(server)
      .sh(`cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`);
  const endAll = async () => {
    for (const server of [0, 1, 2]) world.host(server).killProcesses(({ comm }) => comm === 'observer');
    await until('nothing runs', () => [0, 1, 2].every((server) => pids(server).length === 0));
  };

  test('answers nobody until a majority runs, and is accessible when all answer, with what was stopped before', async () => {
    await world.cluster.sql(`ALTER SYSTEM STOP SERVER '${world.address(1)}'`);
    await world.cluster.sql("ALTER SYSTEM STOP ZONE 'zone2'");
    await endAll();
    const task = await world.task();
    const look = () => failureWithout([], task.run('WaitObServerAccessible', 'all'));
    await startByHand(2);
    await until('one runs', () => pids(2).length === 1);
    expect(await look()).toMatchObject({
      type: 'NotYet',
      message: expect.stringMatching(/^0 of 3 observers answer SQL; until a majority runs .*(8001|4012)/),
    });
    await startByHand(0);
    expect(await look()).toMatchObject({
      type: 'NotYet',
      message: expect.stringMatching(
        new RegExp(`^2 of 3 observers answer SQL, a majority\\. Not yet: ${world.host(1).ip}:2881`),
      ),
    });
    await startByHand(1);
    await task.run('WaitObServerAccessible', 'all');
    expect(await task.log('WaitObServerAccessible', 'all')).toMatch(/All 3 observers answer SQL/);
    const stopped = await world.cluster.sql(
      'SELECT SVR_IP AS ip FROM oceanbase.DBA_OB_SERVERS WHERE STOP_TIME IS NOT NULL',
    );
    const inactive = await world.cluster.sql(
      "SELECT ZONE AS zone FROM oceanbase.DBA_OB_ZONES WHERE STATUS = 'INACTIVE'",
    );
    expect([stopped, inactive]).toEqual([[{ ip: world.host(1).ip }], [{ zone: 'zone2' }]]);
    // What "Start server" and "Start zone" are for after a cluster was stopped.
    await task.run('StartObServer', 1);
    await task.run('StartObZone', 1);
    expect(await task.log('StartObZone', 1)).toContain("ALTER SYSTEM START ZONE 'zone2'");
    await task.ends(false);
  }, 120_000);

  test('is not waited for when a process that was started has ended', async () => {
    world.host(1).killProcesses(({ comm }) => comm === 'observer');
    await world.store.obServers.recordHome(await world.serverId(1), OBSERVER_HOME);
    const task = await world.task();
    expect(await failureWithout([], task.run('WaitObServerAccessible', 'all'))).toMatchObject({
      type: 'ObserverNotActive',
      message: expect.stringMatching(/its process is gone.*observer\.log/s),
    });
    await task.ends(true);
    await startByHand(1);
    const again = await world.task();
    await again.run('WaitObServerAccessible', 'all');
    await again.ends(false);
  }, 120_000);

  test('is not waited for when it refuses the login', async () => {
    const task = await world.task();
    await world.cluster.sql("ALTER USER root IDENTIFIED BY 'another.PW.1'");
    try {
      expect(await failureWithout(['another.PW.1'], task.run('WaitObServerAccessible', 'all'))).toMatchObject(
        { type: 'ObClusterRefused', message: expect.stringMatching(/OBE11101.*1045/s) },
      );
    } finally {
      await task.ends(true);
    }
  }, 120_000);
});
