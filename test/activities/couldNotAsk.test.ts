/** "It is not there" and "I could not look" are two answers: on the second nothing is made, wiped, or called undone. */
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';
import { failureWithout } from './failure';
import { type ObserverWorld, startObserverWorld } from './observerWorld';
import { startWorld, type World } from './world';

const INSTALL = 'InstallRpmByPackageAndVersion';
const MARK = '/var/lib/obflow/obproxy/package.json';

describeIf(fleetUnavailable(), 'An OBProxy host that cannot be looked at', () => {
  let world: World;
  let host: TestHost;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    host = world.fleet.hosts[0]!;
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  test('is not installed on: whether the home holds a configuration is not known', async () => {
    const task = await world.install(0);
    await host.sh(`ln -s ${task.home} ${task.home}`);
    expect(await failureWithout([], task.run(INSTALL))).toMatchObject({
      type: 'PathUnreadable',
      nonRetryable: true,
      message: expect.stringContaining('Too many levels of symbolic links'),
    });
    expect((await host.sh('rpm -q obproxy-ce')).stdout).toContain('not installed');
    await host.sh(`rm ${task.home}`);
    await task.run(INSTALL, { run: 2 });
    await task.run(INSTALL, { rollback: true });
    await world.store.obproxy.deleteServer(task.serverId);
  }, 60_000);

  test('is not called undone when the note of what was done there cannot be read', async () => {
    const task = await world.install(0);
    await task.run(INSTALL);
    for (const damage of [`: >${MARK}`, `echo '{"taskId":' >${MARK}`]) {
      await host.sh(`cp -p ${MARK} /tmp/mark; ${damage}`);
      expect(await failureWithout([], task.run(INSTALL, { rollback: true }))).toMatchObject({
        type: 'MarkUnreadable',
        nonRetryable: true,
        message: expect.stringContaining(MARK),
      });
      expect((await host.sh('rpm -q obproxy-ce')).exitCode).toBe(0);
      await host.sh(`mv /tmp/mark ${MARK}`);
    }
    await task.run(INSTALL, { rollback: true });
    expect((await host.sh('rpm -q obproxy-ce')).exitCode).not.toBe(0);
    await world.store.obproxy.deleteServer(task.serverId);
  }, 60_000);
});

describeIf(fleetUnavailable(), 'An OBServer host that cannot be looked at', () => {
  let world: ObserverWorld;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 1 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  test('gets no folders and no observer: whether another one is configured there is not known', async () => {
    const task = await world.add(0);
    const etc = `${OBSERVER_HOME}/etc`;
    const unreadable = { type: 'PathUnreadable', message: expect.stringContaining(etc) };
    const circle = `rm -rf ${etc}; ln -s ${etc} ${etc}`;
    await task.upTo('InstallRpm');
    await task.host.sh(circle);
    await expect(task.run('MakeDirForOb')).rejects.toMatchObject(unreadable);
    await task.host.sh(`rm ${etc}`);
    await task.run('MakeDirForOb', { run: 2 });
    await task.host.sh(circle);
    await expect(task.run('StartObServerProcessWithParam')).rejects.toMatchObject(unreadable);
    expect(task.host.pids('observer')).toEqual([]);
    await task.host.sh(`rm ${etc}`);
    await task.run('StartObServerProcessWithParam', { run: 2 });
  }, 60_000);
});
