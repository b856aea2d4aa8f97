/**
 * MaxSessions of 4 and less: an installation works, and a repaired sshd_config works at a person's retry.
 *
 * Source: CIS CentOS 8 5.2.19 "4 or less", lynis SSH-7408 "MaxSessions 10 -> 2"; nextcloud/vm#1873, AUHack/Omius#18,
 * stephrobert/pavois#142.
 */
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { failureWithout } from '../activities/failure';
import { startWorld, type World } from '../activities/world';
import { describeIf, longRunOnly } from '../support/skip';

describeIf(fleetUnavailable(), 'hosts with a small MaxSessions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 5 });
  });
  afterAll(() => world?.stop());

  const carries = async (sessions: number) => {
    await world.fleet.hosts[sessions - 1]!.configureSshd({ MaxSessions: String(sessions) });
    const task = await world.install(sessions - 1);
    await task.chain();
    expect(task.host.pids('obproxy')).toHaveLength(1);
    for (const type of ['StartObproxy', 'InstallRpmByPackageAndVersion'])
      await task.run(type, { rollback: true });
    expect(task.host.pids('obproxy')).toHaveLength(0);
  };

  test('MaxSessions 1 carries a whole installation, and undoing it', () => carries(1));
  describeIf(longRunOnly(), 'of more than one', () => {
    test.each([2, 3, 4])('MaxSessions %i carries a whole installation, and undoing it', carries);
  });

  test('no channel at all is told with its setting; the retry after a repair succeeds at once', async () => {
    const host = world.fleet.hosts[4];
    await host!.configureSshd({ MaxSessions: '0' });
    const worker = world.newWorker();
    const task = await world.install(4);
    const error = await failureWithout([], task.run('CheckCommand', {}, worker));
    expect(error.message).toContain('MaxSessions in /etc/ssh/sshd_config');
    await host!.configureSshd({});
    await task.run('CheckCommand', { run: 2 }, worker);
    await worker.stop();
  });
});
