import type { Host, Hosts } from '../../hosts';
import { lookAtPath, lookAtPaths } from '../../hosts/paths';
import { uidCommand } from '../../hosts/userName';
import { PermanentError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { addressOf, failureOf, hostsWithPins } from './reach';

/** A host whose PATH leads nowhere. */
const withoutCommands = (host: Host): Pick<Host, 'sh' | 'ip'> => ({
  ip: host.ip,
  sh: (script, options) => host.sh(`PATH=/nowhere\n${script}`, options),
});

describeIf(fleetUnavailable(), 'what stands at a path of a host', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
    await test0.sh(`mkdir -p /srv/full /srv/empty "/srv/it's odd" /srv/closed/inside; echo 12345 >/srv/file; : >/srv/none
      touch /srv/full/.hidden /srv/full/a /srv/full/b; chown -R admin: /srv/empty; chmod 700 /srv/closed
      ln -s full /srv/to-full; ln -s nowhere /srv/dangling; ln -s circle /srv/circle`);
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test('is told in one look, with links followed, in the order asked for', async () => {
    const paths = [
      'file',
      'none',
      'full',
      'empty',
      "it's odd",
      'to-full',
      'dangling',
      'absent',
      'file/below',
    ];
    const looks = await lookAtPaths(
      host,
      paths.map((path) => `/srv/${path}`),
      { entries: 2 },
    );
    expect(looks.map(({ kind }) => kind)).toEqual([
      ...['file', 'file', 'folder', 'folder', 'folder', 'folder', 'link', 'absent', 'absent'],
    ]);
    expect(looks[0]).toMatchObject({ size: 6, owner: 'root', entries: [] });
    expect(looks[1]?.size).toBe(0);
    expect([looks[2]?.entries, looks[5]?.entries]).toEqual([
      ['.hidden', 'a'],
      ['.hidden', 'a'],
    ]);
    expect(looks[3]).toMatchObject({ owner: 'admin', entries: [] });
    expect((await lookAtPath(host, '/srv/full')).entries).toEqual([]);
  });

  test.each([
    ['links in a circle', '/srv/circle', {}, /Too many levels of symbolic links/],
    ['what is below such links', '/srv/circle/etc', {}, /Too many levels of symbolic links/],
    [
      'what is in a folder that the user may not enter',
      '/srv/closed/inside',
      { user: 'admin' },
      /Permission denied/,
    ],
    [
      'the names in a folder that the user may not list',
      '/srv/closed',
      { user: 'admin', entries: 1 },
      /Permission denied/,
    ],
  ])(
    'is not known of %s, which is an error with the words of the host',
    async (_what, path, options, said) => {
      const error = await failureOf(lookAtPaths(host, ['/srv/file', path], options));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ type: 'PathUnreadable', code: 'CMP07050' });
      expect(error.message).toContain(path);
      expect(error.message).toMatch(said);
    },
  );

  test('is not known when a command is missing on the host', async () => {
    for (const path of ['/srv/file', '/srv/absent']) {
      const error = await failureOf(lookAtPath(withoutCommands(host), path));
      expect(error).toMatchObject({ type: 'PathUnreadable', message: expect.stringMatching(/not found/) });
    }
  });

  test('an account is missing only when the host says so', async () => {
    const said = async (asked: Pick<Host, 'sh'>, user: string) =>
      (await asked.sh(uidCommand(user))).stdout.trim();
    expect(await said(host, 'root')).toBe('0');
    expect(await said(host, 'admin')).toMatch(/^\d+$/);
    expect(await said(host, 'nobody-here')).toBe('missing');
    expect(
      await said(
        { sh: (script) => host.sh(`id() { echo 'id: cannot ask the directory' >&2; return 1; }\n${script}`) },
        'admin',
      ),
    ).toBe('id: cannot ask the directory');
  });
});
