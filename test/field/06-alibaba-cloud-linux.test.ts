/**
 * Systems that are an Enterprise Linux by another name, and those that are none: which packages they are refused.
 *
 * Source: oceanbase/oceanbase#674 (a user on 5.10.60-9.al8); OceanBase documentation, "Requirements for software and
 * hardware"; obd's _mirror.py, SUP_MAP.
 */
import { parseOsRelease } from '../../hosts/facts';
import { packageFit } from '../../oceanbase/packageFit';
import { fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { addressOf, hostsWithPins } from '../hosts/reach';
import { describeIf } from '../support/skip';

const RHEL = 'rhel fedora centos';
const verdictsOf = (osId: string, osLike: string, osMajor: string) =>
  ['el7', 'el8', 'el9'].map(
    (operatingSystem) =>
      packageFit(
        { architecture: 'x86_64', operatingSystem },
        { architecture: 'x86_64', osId, osLike, osMajor },
      )?.verdict ?? 'fits',
  );

describe('a package on', () => {
  test.each([
    ['Alibaba Cloud Linux 2', 'alinux', `${RHEL} anolis`, '2', ['fits', 'refuse', 'refuse']],
    ['Alibaba Cloud Linux 3', 'alinux', `${RHEL} anolis platform:al8`, '3', ['refuse', 'fits', 'refuse']],
    ['Alibaba Cloud Linux 4', 'alinux', `${RHEL} anolis`, '4', ['note', 'note', 'note']],
    ['AliOS 7', 'alios', RHEL, '7', ['fits', 'refuse', 'refuse']],
    ['TencentOS 2', 'tencentos', RHEL, '2', ['fits', 'refuse', 'refuse']],
    ['TencentOS 3', 'tencentos', `${RHEL} platform:el8`, '3', ['refuse', 'fits', 'refuse']],
    ['TencentOS 4', 'tencentos', RHEL, '4', ['note', 'note', 'note']],
    ['Amazon Linux 2', 'amzn', RHEL, '2', ['fits', 'refuse', 'refuse']],
    ['Amazon Linux 2023', 'amzn', 'fedora', '2023', ['note', 'note', 'note']],
    ['Kylin V10', 'kylin', '', '10', ['note', 'note', 'note']],
    ['openEuler 22.03', 'openeuler', '', '22', ['note', 'note', 'note']],
    ['openEuler that says it is like RHEL', 'openeuler', RHEL, '22', ['note', 'note', 'note']],
    ['UOS 20', 'uos', 'rhel fedora centos', '20', ['note', 'note', 'note']],
    ['Anolis 7', 'anolis', RHEL, '7', ['fits', 'refuse', 'refuse']],
    ['Anolis 8', 'anolis', `${RHEL} platform:an8`, '8', ['refuse', 'fits', 'refuse']],
    ['Anolis 23', 'anolis', RHEL, '23', ['note', 'note', 'note']],
    ['Rocky 9', 'rocky', `${RHEL} platform:el9`, '9', ['refuse', 'refuse', 'fits']],
    ['CentOS 7', 'centos', 'rhel fedora', '7', ['fits', 'refuse', 'refuse']],
    ['a stranger like RHEL with a number of its own', 'somelinux', RHEL, '3', ['note', 'note', 'note']],
    [
      'a stranger that names its platform',
      'somelinux',
      `${RHEL} platform:el8`,
      '3',
      ['refuse', 'fits', 'refuse'],
    ],
  ])('%s', (_, id, like, major, verdicts) => {
    expect(verdictsOf(id, like, major)).toEqual(verdicts);
  });

  test('a host that is refused one is told by which name it goes', () => {
    const host = { architecture: 'x86_64', osId: 'alinux', osLike: RHEL, osMajor: '3' };
    expect(packageFit({ architecture: 'x86_64', operatingSystem: 'el7' }, host)?.text.en).toBe(
      'the package is built for el7, the host runs alinux 3 (el8 by another name)',
    );
  });
});

describeIf(fleetUnavailable(), 'what a host says of its system', () => {
  test('is understood, PLATFORM_ID and versions that begin with V included', async () => {
    const fleet = await startFleet({
      hosts: 1,
      osRelease: { id: 'alinux', idLike: 'rhel fedora centos anolis', versionId: '3' },
    });
    const [host] = fleet.hosts;
    await host!.sh(`echo 'PLATFORM_ID="platform:al8"' >>/etc/os-release`);
    const hosts = hostsWithPins();
    const facts = await (await hosts.open(addressOf(fleet))).facts();
    expect(facts).toMatchObject({ osId: 'alinux', osMajor: '3' });
    expect(facts.osLike).toEqual(['rhel', 'fedora', 'centos', 'anolis', 'platform:al8']);
    await host!.sh(`printf 'ID="kylin"\\nVERSION_ID="V10"\\n' >/etc/os-release`);
    await hosts.close();
    const again = hostsWithPins();
    expect(await (await again.open(addressOf(fleet))).facts()).toMatchObject({
      osId: 'kylin',
      osMajor: '10',
    });
    await again.close();
    await fleet.stop();
    expect(parseOsRelease('ID=openEuler\n').get('ID')).toBe('openEuler');
  });
});
