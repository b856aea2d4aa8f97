/**
 * An rpm database that cannot be read: rpm says "is not installed" and exits 1, as it does when a package is not there.
 *
 * Source: RedHatInsights/insights-core#2651 (false "not installed"), adoptium/infrastructure#1868, securityonion#163
 * (BDB0113).
 */
import type { Hosts } from '../../hosts';
import { PermanentError } from '../../runtime/errors';
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { failureWithout } from '../activities/failure';
import { OBPROXY_4_3, startWorld, type World } from '../activities/world';
import { addressOf, failureOf, hostsWithPins, inWords } from '../hosts/reach';
import { describeIf } from '../support/skip';

const NAME = 'InstallRpmByPackageAndVersion';
const FORMER = { ...OBPROXY_4_3, version: '4.2.3.0', release: '1.el7' };

describeIf(fleetUnavailable(), 'an rpm database that cannot be read', () => {
  let world: World;
  let test0: TestHost;
  let hosts: Hosts;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    test0 = world.fleet.hosts[0]!;
    hosts = hostsWithPins();
  });
  afterAll(async () => {
    await hosts?.close();
    await world?.stop();
  });
  const broken = async <T>(damage: string, work: () => Promise<T>): Promise<T> => {
    await test0.sh(`cp -a /var/lib/rpm /var/lib/rpm.was; ${damage}`);
    try {
      return await work();
    } finally {
      await test0.sh('rm -rf /var/lib/rpm; mv /var/lib/rpm.was /var/lib/rpm');
    }
  };
  const GARBAGE =
    'rm -f /var/lib/rpm/*-wal /var/lib/rpm/*-shm; head -c 8192 /dev/urandom >/var/lib/rpm/rpmdb.sqlite';

  test.each([
    ['holds rubbish', GARBAGE],
    ['is a folder', 'rm -rf /var/lib/rpm/rpmdb.sqlite*; mkdir /var/lib/rpm/rpmdb.sqlite'],
    ['lies in no folder', 'rm -rf /var/lib/rpm; touch /var/lib/rpm'],
    ['is gone, and rpm makes an empty one', 'rm -rf /var/lib/rpm/rpmdb.sqlite*'],
  ])('that %s is no answer about a package', async (_, damage) => {
    const host = await hosts.open(addressOf(world.fleet));
    await test0.sh('mkdir -p /srv; touch /srv/own-program');
    expect(await host.rpmQuery('obproxy-ce')).toEqual([]);
    expect(await host.rpmOwner('/srv/own-program')).toBeUndefined();
    expect(await host.rpmOwner('/srv/gone')).toBeUndefined();
    await broken(damage, async () => {
      // Nor about whose file something is: a proxy that is taken over would count as one that no package brought.
      for (const asked of [host.rpmQuery('obproxy-ce'), host.rpmOwner('/srv/own-program')]) {
        const error = await failureOf(asked);
        expect(error).toBeInstanceOf(PermanentError);
        expect(error).toMatchObject({ type: 'RpmQueryFailed' });
        expect(error.message).toContain('rpm --rebuilddb');
      }
      const rpm = inWords(await host.firstContact()).find(({ check }) => check === 'rpm');
      expect(rpm).toMatchObject({ level: 'ERROR', next: expect.stringContaining('/var/lib/rpm') });
    });
    expect(await host.rpmQuery('obproxy-ce')).toEqual([]);
  });

  test('undoing an installation fails until it can be read, and then removes the package', async () => {
    const task = await world.install(0);
    await task.run(NAME);
    const host = await hosts.open(addressOf(world.fleet));
    expect(await host.rpmOwner(`${task.home}/bin/obproxy`)).toMatchObject({ name: 'obproxy-ce' });
    await broken(GARBAGE, async () => {
      expect(await failureWithout([], task.run(NAME, { rollback: true }))).toMatchObject({
        type: 'RpmQueryFailed',
      });
      expect((await test0.sh(`[ -d ${task.home} ]`)).exitCode).toBe(0);
    });
    await task.run(NAME, { rollback: true });
    expect((await test0.sh('rpm -q obproxy-ce')).stdout).toContain('not installed');
    await world.store.obproxy.deleteServer(task.serverId);
  });

  test('what was installed before is put back, although the first attempt could not see it', async () => {
    await world.package(FORMER);
    const before = await world.install(0, { rpm: FORMER });
    await before.run(NAME);
    await world.store.obproxy.deleteServer(before.serverId);
    const task = await world.install(0);
    await broken(GARBAGE, async () => {
      expect(await failureWithout([], task.run(NAME))).toMatchObject({ type: 'RpmQueryFailed' });
    });
    await task.run(NAME, { run: 2 });
    expect((await test0.sh('rpm -q obproxy-ce')).stdout).toContain('4.3.1.0');
    await task.run(NAME, { rollback: true });
    expect((await test0.sh('rpm -q obproxy-ce')).stdout).toContain('4.2.3.0');
  });
});
