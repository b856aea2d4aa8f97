import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fleetsFolder } from '../../../sandbox/hosts/caretaker';
import { run } from '../../../sandbox/hosts/command';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../../sandbox/hosts/fleet';
import { describeIf } from '../../support/skip';
import { until } from '../../support/until';
import { asRoot, ssh } from './ssh';

/** Whether TCP to the port opens, is refused, or stays silent for half a second. */
function knock(ip: string, port: number): Promise<'open' | 'refused' | 'silent'> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: ip, port });
    const done = (answer: 'open' | 'refused' | 'silent') => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => done('silent'));
    socket.once('connect', () => done('open'));
    socket.once('error', () => done('refused'));
  });
}

describeIf(fleetUnavailable(), 'a fleet of three test hosts', () => {
  let fleet: Fleet;
  let [one, two, three]: TestHost[] = [];
  const host = (which: TestHost | undefined): TestHost => {
    if (which === undefined) throw new Error('no such host');
    return which;
  };

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 3, hide: (index) => (index === 2 ? ['nc'] : []) });
    [one, two, three] = fleet.hosts as TestHost[];
  });
  afterAll(() => fleet?.stop());

  test.each([
    ['root', '0'],
    ['admin', '500'],
  ])('%s logs in by key and by password, and not by a wrong one', async (username, uid) => {
    const byKey = await ssh(host(one), { username, privateKey: fleet.privateKey }, 'id -u');
    const byPassword = await ssh(host(one), { username, password: fleet.password }, 'id -u');
    expect([byKey.stdout, byPassword.stdout]).toEqual([uid, uid]);
    await expect(ssh(host(one), { username, password: 'wrong' }, 'id -u')).rejects.toMatchObject({
      level: 'client-authentication',
    });
  });

  test('each host has an address, a name, a key and a boot id of its own', async () => {
    const answers = await Promise.all(
      fleet.hosts.map((each) => asRoot(fleet, each, 'hostname; cat /proc/sys/kernel/random/boot_id')),
    );
    expect(answers.map((answer) => answer.stdout.split('\n')[0])).toEqual(['host1', 'host2', 'host3']);
    expect(new Set(answers.map((answer) => answer.stdout.split('\n')[1])).size).toBe(3);
    expect(new Set(fleet.hosts.map((each) => each.ip)).size).toBe(3);
    expect(new Set(fleet.hosts.map((each) => each.hostKey)).size).toBe(3);
  });

  test('a host looks like the el7 family, with rpm, nc, runuser and the node of this machine', async () => {
    const { stdout } = await asRoot(
      fleet,
      host(one),
      '. /etc/os-release; echo "$ID $VERSION_ID"; rpm -q sandbox-base; command -v nc; runuser -u admin -- id -un; /opt/.sandbox/bin/node -v',
    );
    expect(stdout.split('\n')).toEqual([
      'rocky 7.9',
      'sandbox-base-1-1.noarch',
      '/usr/bin/nc',
      'admin',
      process.version,
    ]);
  });

  test('rpm installs a package that needs a shell and the C library, on that host alone', async () => {
    const spec = `Name: thing
Version: 1
Release: 1
Summary: t
License: t
BuildArch: noarch
AutoReqProv: no
Requires: /bin/sh, /usr/bin/env, libc.so.6()(64bit)
%description
t
%install
mkdir -p %{buildroot}/opt/thing; echo hello >%{buildroot}/opt/thing/file
%post
echo "$1" >/opt/thing/post
%files
/opt/thing
`;
    const folder = path.join(host(one).rootDir, 'root');
    writeFileSync(path.join(folder, 'thing.spec'), spec);
    const built = await run('rpmbuild', [
      ...['-bb', '--quiet', '--define', `_topdir ${folder}/build`],
      path.join(folder, 'thing.spec'),
    ]);
    expect(built).toMatchObject({ exitCode: 0 });
    const installed = await asRoot(
      fleet,
      host(one),
      'rpm -i build/RPMS/noarch/thing-1-1.noarch.rpm; cat /opt/thing/*',
    );
    expect(installed).toEqual({ code: 0, stdout: 'hello\n1' });
    const asAdmin = await ssh(host(one), { username: 'admin', privateKey: fleet.privateKey }, 'rpm -q thing');
    expect(asAdmin.stdout).toBe('thing-1-1.noarch');
    const other = await asRoot(fleet, host(two), 'rpm -q thing; ls -A /opt');
    expect(other.stdout).toBe('package thing is not installed\n.sandbox');
  });

  test('processes of one host are unknown to another', async () => {
    await asRoot(
      fleet,
      host(one),
      'cp /usr/bin/sleep /tmp/mine; setsid /tmp/mine 1000 >/dev/null 2>&1 </dev/null & echo',
    );
    const [pid] = await until('the process', () => {
      const pids = host(one).pids('mine');
      return pids.length === 1 ? pids : undefined;
    });
    expect(host(two).pids('mine')).toEqual([]);
    expect((await host(one).sh(`kill -9 ${pid}`)).exitCode).toBe(0);
    await until('its end', () => host(one).pids('mine').length === 0);
  });

  test('hosts reach each other and this machine, and nothing else', async () => {
    const { stdout } = await host(one).sh(
      `nc -z -w1 ${host(two).ip} 22 && echo peer; ip route get 198.51.100.1 2>&1 || echo; ip route`,
    );
    expect(stdout).toMatch(/^peer\n/);
    expect(stdout).toContain('Network is unreachable');
    expect(stdout).not.toContain('default');
  });

  test('the root of a host can neither write to /usr nor change the kernel of this machine', async () => {
    const { stdout } = await host(one).sh(`
      touch /usr/x 2>&1
      setting=/proc/sys/vm/swappiness
      sh -c "cat $setting >$setting" 2>&1
      touch /opt/x && echo "but to /opt"`);
    expect(stdout.match(/Read-only file system/g)).toHaveLength(2);
    expect(stdout).toContain('but to /opt');
    expect(existsSync('/usr/x')).toBe(false);
  });

  test('a reboot keeps the disk and the key, and ends every process', async () => {
    const key = host(two).hostKey;
    const bootId = 'cat /proc/sys/kernel/random/boot_id';
    const before = await asRoot(fleet, host(two), `echo kept >/opt/kept; ${bootId}`);
    await host(two).sh(
      'cp /usr/bin/sleep /tmp/gone; setsid /tmp/gone 1000 >/dev/null 2>&1 </dev/null & echo',
    );
    await host(two).reboot();
    const after = await asRoot(fleet, host(two), `cat /opt/kept; rpm -q sandbox-base; ${bootId}`);
    expect(after.stdout).toMatch(/^kept\nsandbox-base-1-1.noarch\n/);
    expect(after.stdout).not.toContain(before.stdout);
    expect(host(two).pids('gone')).toEqual([]);
    expect(host(two).hostKey).toBe(key);
  });

  test('a host that is off is silent, knows no processes, and comes back', async () => {
    await host(two).powerOff();
    expect(await knock(host(two).ip, 22)).not.toBe('open');
    expect(host(two).pids('sshd')).toEqual([]);
    await expect(host(two).sh('true')).rejects.toThrow('host2 is off');
    await host(two).boot();
    expect((await asRoot(fleet, host(two), 'echo back')).stdout).toBe('back');
  });

  test('a cut host is silent while its processes run on, and answers again once healed', async () => {
    await host(two).cut();
    expect(await knock(host(two).ip, 22)).toBe('silent');
    expect((await host(two).sh('echo alive')).stdout).toBe('alive\n');
    await host(two).heal();
    expect((await asRoot(fleet, host(two), 'echo back')).stdout).toBe('back');
  });

  test('a frozen sshd lets clients connect and never speaks, until it is thawed', async () => {
    await host(two).freezeSshd();
    expect(await knock(host(two).ip, 22)).toBe('open');
    await expect(asRoot(fleet, host(two), 'true')).rejects.toThrow(/[Tt]imed out/);
    await host(two).thawSshd();
    expect((await asRoot(fleet, host(two), 'echo back')).stdout).toBe('back');
  });

  test('a replaced host key is another one, and the host answers by it', async () => {
    const before = host(two).hostKey;
    await host(two).replaceHostKey();
    expect(host(two).hostKey).not.toBe(before);
    expect((await asRoot(fleet, host(two), 'echo back')).stdout).toBe('back');
  });

  test('a hidden command is truly absent until it is restored, also over a reboot', async () => {
    const look = () =>
      asRoot(fleet, host(three), 'command -v nc || echo none; sh -c "command -v nc" || echo none');
    expect((await look()).stdout).toBe('none\nnone');
    await host(three).reboot();
    expect((await look()).stdout).toBe('none\nnone');
    await host(three).restoreCommand('nc');
    expect((await look()).stdout).toBe('/usr/bin/nc\n/usr/bin/nc');
    expect((await asRoot(fleet, host(one), 'command -v nc')).stdout).toBe('/usr/bin/nc');
  });
});

describeIf(fleetUnavailable(), 'fleets side by side', () => {
  test('have ranges of their own, and the end of one leaves no trace and the other untouched', async () => {
    const [first, second] = await Promise.all([startFleet({ hosts: 2 }), startFleet({ hosts: 1 })]);
    const traces = async (fleet: Fleet) => {
      const prefix = fleet.gateway.replace(/\.1$/, '.');
      const [links, routes] = await Promise.all([
        run('ip', ['-4', 'addr']),
        run('ip', ['route', 'show', 'table', 'all']),
      ]);
      const processes = readdirSync('/proc').filter((pid) => {
        try {
          return /^\d+$/.test(pid) && fleet.hosts.some((each) => cmdline(pid).includes(each.rootDir));
        } catch {
          return false;
        }
      });
      return {
        network: `${links.stdout}${routes.stdout}`.includes(prefix),
        processes: processes.length > 0,
        folder: existsSync(path.dirname(fleet.privateKeyFile)),
      };
    };
    try {
      expect(first.subnet).not.toBe(second.subnet);
      expect(await traces(first)).toEqual({ network: true, processes: true, folder: true });
      await first.stop();
      expect(await traces(first)).toEqual({ network: false, processes: false, folder: false });
      expect((await asRoot(second, second.hosts[0] as TestHost, 'echo here')).stdout).toBe('here');
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });

  test('a start that fails leaves nothing behind', async () => {
    const seen: string[] = [];
    const failing = startFleet({
      hosts: 2,
      hide: (index) => {
        // The folder of this fleet: the newest when the second host is about to be made.
        seen.push(...readdirSync(fleetsFolder()).filter((name) => ownedByThisProcess(name)));
        if (index === 1) throw new Error('no such host, says the test');
        return [];
      },
    });
    await expect(failing).rejects.toThrow('says the test');
    expect(seen.length).toBeGreaterThan(0);
    for (const name of seen) {
      expect(existsSync(path.join(fleetsFolder(), name))).toBe(false);
    }
  });
});

function cmdline(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function ownedByThisProcess(name: string): boolean {
  try {
    const owner = readFileSync(path.join(fleetsFolder(), name, 'owner.json'), 'utf8');
    return (JSON.parse(owner) as { pid: number }).pid === process.pid;
  } catch {
    return false;
  }
}
