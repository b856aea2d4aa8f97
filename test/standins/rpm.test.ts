/** The packages that carry the stand-in into test hosts. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { isPrivate } from '../../sandbox/standins/obproxy/logins';
import { buildObproxyRpm, buildOtherRpm, INSTALLS_LOG } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';

const run = promisify(execFile);
const missing =
  spawnSync('rpmbuild', ['--version']).error === undefined
    ? undefined
    : 'rpmbuild is missing: apt-get install -y --no-install-recommends rpm';

const query = async (file: string, ...what: string[]): Promise<string> =>
  (await run('rpm', ['-qp', '--nosignature', ...what, file])).stdout.trim();

describeIf(missing, 'The package of the stand-in', () => {
  test('is called as asked, belongs to admin, requires /bin/sh alone and wipes a live home before it puts files', async () => {
    const file = await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' });
    expect(file.endsWith('/obproxy-1.9.1.1-1919579.el7.x86_64.rpm')).toBe(true);
    const home = '/opt/taobao/install/obproxy-1.9.1.1';
    const files = await query(
      file,
      '--queryformat',
      '[%{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMODES:octal}\\n]',
    );
    expect(files.split('\n')).toEqual([
      `${home} admin:admin 40755`,
      `${home}/bin admin:admin 40755`,
      `${home}/bin/obproxy admin:admin 100755`,
      `${home}/bin/obproxyd.sh admin:admin 100755`,
    ]);
    const requires = (await query(file, '--requires')).split('\n');
    expect(requires.filter((line) => !line.startsWith('rpmlib('))).toEqual(['/bin/sh']);
    const preinstall = await query(file, '--queryformat', '%{PREIN}');
    for (const folder of ['log', 'bin', 'etc', '.conf']) expect(preinstall).toContain(`${home}/${folder}`);
    expect(preinstall).toContain(INSTALLS_LOG);
    expect(await query(file, '--queryformat', '%{SUMMARY}')).toContain('Stand-in');
  });

  test('of the community edition goes to /home/admin, and is built once', async () => {
    const wanted = { name: 'obproxy-ce', version: '4.3.1.0', release: '4.el8', arch: 'aarch64' } as const;
    const [first, second] = [await buildObproxyRpm(wanted), await buildObproxyRpm(wanted)];
    expect(second).toBe(first);
    expect(first.endsWith('/obproxy-ce-4.3.1.0-4.el8.aarch64.rpm')).toBe(true);
    expect(await query(first, '--queryformat', '%{ARCH} [%{FILENAMES} ]')).toMatch(
      /^aarch64 \/home\/admin\/obproxy-4\.3\.1\.0 /,
    );
  });

  test('that is no OBProxy can be had, too', async () => {
    const file = await buildOtherRpm({ name: 'jq', version: '1.6', release: '2.el7' });
    expect(await query(file, '--queryformat', '%{NAME}')).toBe('jq');
  });
});

test.each([
  ['127.0.0.1', true],
  ['192.168.7.1', true],
  ['::1', true],
  ['fd00::1', true],
  ['10.0.0.1', false],
  ['172.16.0.1', false],
  ['100.64.0.1', false],
  ['169.254.0.1', false],
  ['8.8.8.8', false],
])('From %s the administrator may log in: %s', (address, allowed) => {
  expect(isPrivate(address)).toBe(allowed);
});
