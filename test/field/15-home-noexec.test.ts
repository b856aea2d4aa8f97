/**
 * /home mounted noexec, where obproxy-ce has its home: said before anything is installed.
 *
 * Source: STIG RHEL-08-010590; CIS 1.1.3 for /tmp.
 */
import { nearestMount } from '../../hosts/mounts';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { failureWithout } from '../activities/failure';
import { startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';

describeIf(fleetUnavailable(), 'file systems mounted noexec', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
  });
  afterAll(() => world?.stop());

  test.each(['PrepareCreateObproxy', 'InstallRpmByPackageAndVersion'])(
    '/home ends %s before a change',
    async (type) => {
      const [host] = world.fleet.hosts;
      await host!.sh(
        `mountpoint -q /home || { cp -a /home /home.was; mount -t tmpfs -o noexec obflow /home; cp -a /home.was/admin /home/; }`,
      );
      const task = await world.install(0);
      const error = await failureWithout([], task.run(type));
      expect(error.message).toContain('/home is mounted noexec');
      expect(error.message).toContain('mount -o remount,exec /home');
      expect((await host!.sh('rpm -q obproxy-ce')).stdout).toContain('not installed');
      await world.store.obproxy.deleteServer(task.serverId);
    },
  );

  test('/tmp and /var/tmp are in nobody’s way', async () => {
    const host = world.fleet.hosts[1]!;
    await host.sh('for d in /tmp /var/tmp; do mount -t tmpfs -o noexec,mode=1777 obflow $d; done');
    const task = await world.install(1);
    await task.chain();
    expect(host.pids('obproxy')).toHaveLength(1);
  });
});

test('the file system of a path is that of the longest mount point above it, the last of several', () => {
  const mounts = [
    'a / ext4 rw 0 0',
    'b /home xfs rw,noexec 0 0',
    'c /home/with\\040blank ext4 rw 0 0',
    'd /home xfs rw 0 0',
    'e /homes ext4 rw,noexec 0 0',
  ].join('\n');
  expect(nearestMount('/home/admin', mounts)).toEqual({ point: '/home', type: 'xfs', options: ['rw'] });
  expect(nearestMount('/home/with blank/x', mounts)?.point).toBe('/home/with blank');
  expect(nearestMount('/homestead', mounts)?.point).toBe('/');
  expect(nearestMount('/homes', mounts)?.options).toContain('noexec');
});
