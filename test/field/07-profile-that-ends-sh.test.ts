/**
 * Profiles that end a POSIX shell, or replace it: commands that are there are found all the same.
 *
 * Source: alivx/CIS-Ubuntu-20.04-Ansible#36, ansible-lockdown/UBUNTU20-CIS#70, plus3it/ash-linux-formula#304 (TMOUT
 * readonly twice); gma/bundler-exec#30 (a function name with a hyphen); session recording by `exec script`.
 */
import type { Host, Hosts } from '../../hosts';
import { findCommands } from '../../hosts/commands';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { addressOf, hostsWithPins } from '../hosts/reach';
import { describeIf } from '../support/skip';

const LOOP =
  'export PATH=/opt/tools/bin:$PATH\nfor i in /etc/profile.d/*.sh; do [ -r "$i" ] && . "$i"; done\n';
const TMOUT = 'TMOUT=900\nreadonly TMOUT\nexport TMOUT\n';

describeIf(fleetUnavailable(), 'a profile', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    await test0.sh('mkdir -p /etc/profile.d /opt/tools/bin; ln -s /usr/bin/true /opt/tools/bin/own-tool');
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test.each([
    ['that is harmless', LOOP, ''],
    ['that makes a variable readonly twice', `${LOOP}${TMOUT}`, TMOUT],
    ['with a function name that sh cannot take', LOOP, 'my-function() { :; }\n'],
    ['that exits', `${LOOP}exit 1\n`, ''],
    ['that is no shell at all', `${LOOP}if then ((\n`, ''],
    ['that prints', `${LOOP}echo welcome; echo warning >&2\n`, ''],
    ['that reads a terminal', `${LOOP}read answer\n`, ''],
  ])('%s adds what it puts into PATH', async (_, profile, part) => {
    await test0.sh(
      `cat >/etc/profile <<'END'\n${profile}END\ncat >/etc/profile.d/part.sh <<'END'\n${part}END`,
    );
    const found = await findCommands(host, 'admin', ['nc', 'own-tool', 'no-such-tool']);
    expect(Object.fromEntries(found)).toEqual({
      nc: '/usr/bin/nc',
      'own-tool': '/opt/tools/bin/own-tool',
      'no-such-tool': '',
    });
  });

  test.each([
    ['that replaces the shell', 'exec script -q /dev/null\n'],
    ['that replaces the shell for ever', 'exec sleep 300\n'],
    ['that kills it', 'kill -KILL $$\n'],
  ])(
    '%s takes nothing away',
    async (_, profile) => {
      await test0.sh(`printf '${profile.trim()}\\n' >/etc/profile; : >/etc/profile.d/part.sh`);
      const found = await findCommands(host, 'admin', ['nc', 'no-such-tool']);
      expect(Object.fromEntries(found)).toEqual({ nc: '/usr/bin/nc', 'no-such-tool': '' });
    },
    90_000,
  );
});
