import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { type LifeWorld, startLifeWorld } from './serverLifeWorld';

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
