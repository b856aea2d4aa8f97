/**
 * Login shells other than bash, and login scripts that put another shell in the place of the one that was asked for.
 *
 * Source: stablyai/orca#8701, jeanp413/open-remote-ssh#100, microsoft/vscode-remote-release#19 (csh takes no quoted text of
 * several lines); microsoft/vscode-remote-release#4090, #2027 (`exec zsh` in ~/.bashrc).
 */
import { existsSync } from 'node:fs';
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { startWorld, type World } from '../activities/world';
import { useLoginHost } from '../hosts/loginHost';
import { failureOf, inWords } from '../hosts/reach';
import { describeIf } from '../support/skip';

/** What csh makes of commands, whose quotes end with the line; the program itself is on few machines. */
const LINE_BY_LINE = `#!/bin/sh
[ "$1" = -c ] || exec sh "$@"
case $2 in *'
'*) echo "Unmatched '''." >&2; echo 'obflow-tunnel open'; exit 1 ;; esac
exec sh -c "$2"`;

const loginShell = (host: TestHost, shell: string) =>
  host.sh(`sed -i 's|^root:.*|root:x:0:0:root:/root:${shell}|' /etc/passwd`);

describeIf(fleetUnavailable(), 'a host whose login shell takes commands line by line, as csh does', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  });
  afterAll(() => world?.stop());

  test('gets its proxy, also where files and tunnels go through that shell', async () => {
    const host = world.fleet.hosts[0]!;
    await host.sh(`cat >/opt/line-shell <<'END'\n${LINE_BY_LINE}\nEND\nchmod 755 /opt/line-shell`);
    await loginShell(host, '/opt/line-shell');
    await host.configureSshd({ AllowTcpForwarding: 'no', Subsystem: 'other /bin/false' });
    const task = await world.install(0, { parameters: [{ name: 'syslog_level', value: 'WARN' }] });
    await task.chain();
    expect(host.pids('obproxy')).toHaveLength(1);
  });
});

describeIf(fleetUnavailable(), 'a login', () => {
  const { host: loginHost, reach } = useLoginHost(async (host) => {
    await loginShell(host, '/bin/bash');
    await host.sh('rm -f /root/.bashrc /opt/touched');
  });

  for (const shell of ['fish', 'zsh']) {
    const program = `/usr/bin/${shell}`;
    const missing = existsSync(program) ? undefined : `${shell} is missing: apt-get install ${shell}`;
    describeIf(missing, `by ${shell}`, () => {
      test('is one as any other', async () => {
        await loginShell(loginHost(), program);
        const host = await reach();
        expect((await host.sh('set -- a b; x="a b"; echo $x')).stdout).toBe('a b\n');
        expect(inWords(await host.firstContact()).filter(({ level }) => level === 'ERROR')).toEqual([]);
      });
    });
  }

  test('that ends up in another kind of shell is refused by its name, and no script runs in that', async () => {
    // The name is what tells them apart; this one would even do as it is told.
    await loginHost().sh("cp /bin/bash /opt/othersh; echo 'exec /opt/othersh' >/root/.bashrc");
    const host = await reach();
    const error = await failureOf(host.sh('touch /opt/touched'));
    expect(error).toMatchObject({ type: 'ShellRefused' });
    expect(error.message).toContain('othersh reads the commands there instead of sh. Take away');
    expect(error.message).toContain('~/.bashrc');
    expect((await loginHost().sh('ls /opt/touched')).exitCode).not.toBe(0);
    const [finding] = inWords(await host.firstContact());
    expect(finding).toMatchObject({ level: 'ERROR', check: 'shell' });
    expect(finding!.text).toContain('othersh reads the commands');
  });

  test('that ends up in a shell that reads scripts as sh does is one', async () => {
    await loginHost().sh("cp /bin/bash /opt/ksh; echo 'exec /opt/ksh' >/root/.bashrc");
    expect((await (await reach()).sh('echo in')).stdout).toBe('in\n');
  });
});
