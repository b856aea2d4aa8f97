import { randomBytes } from 'node:crypto';
import { type Host, type HostProcess, type Hosts, quote } from '../../hosts';
import { parseOsRelease } from '../../hosts/facts';
import { parseListeners } from '../../hosts/processes';
import { TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins } from './reach';

test('listeners of IPv4 and IPv6 on one port are one entry, strangers’ sockets have no pid', () => {
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
  const rows = [
    row('00000000:0B43', '0A', 11),
    row('00000000000000000000000000000000:0B43', '0A', 12),
    row('0100007F:0BB8', '0A', 13),
    row('0100007F:0016', '01', 14),
  ].join('\n');
  expect(parseListeners(rows, '7/fd/3 socket:[11]\n7/fd/4 socket:[12]\n8/fd/5 socket:[11]\n')).toEqual([
    { port: 2883, pid: 7 },
    { port: 2883, pid: 8 },
    { port: 3000, pid: undefined },
  ]);
});

test('os-release is read with and without quotes', () => {
  const read = parseOsRelease(
    `# c\nID="rocky"\nID_LIKE='rhel centos'\nVERSION_ID=8.9\nNAME="a \\"b\\" \\$c"\nbad line\n`,
  );
  expect(Object.fromEntries(read)).toEqual({
    ID: 'rocky',
    ID_LIKE: 'rhel centos',
    VERSION_ID: '8.9',
    NAME: 'a "b" $c',
  });
});

describeIf(fleetUnavailable(), 'processes of a real host', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  const start = (script: string) => test0.sh(`( ${script} ) >/dev/null 2>&1 </dev/null &`);
  const find = (what: string, fits: (process: HostProcess) => boolean) =>
    until(what, async () => (await host.processes()).find(fits));
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test('a signal reaches the very process that was seen, and no other that has its pid, name or folder', async () => {
    await start('cd / && exec sleep 311');
    const seen = await find('the process', ({ args }) => args[1] === '311');
    const alive = async () => (await host.processes()).some(({ pid, exe }) => pid === seen.pid && exe !== '');
    // What a reused pid looks like: everything but one thing fits.
    for (const other of [{ startTime: '1' }, { comm: 'obproxy' }, { cwd: '/srv' }]) {
      expect(await host.signal({ ...seen, ...other }, 'KILL')).toBe('another');
    }
    expect(await alive()).toBe(true);
    expect(await host.signal(seen, 'TERM')).toBe('sent');
    await until('it is gone', async () => !(await alive()));
    expect(await host.signal(seen, 'KILL')).toBe('gone');
  });

  test('names and arguments with blanks, parentheses and line breaks stay whole', async () => {
    const name = './a) R (b\nc';
    const args = [name, '-c', 'sleep 300; true', '', '0\n1'];
    await start(`mkdir -p "/opt/my home"; cd "/opt/my home"; cp "$(readlink -f /bin/sh)" ${quote(name)}
      exec runuser -u admin -- ${args.map(quote).join(' ')}`);
    const found = await find('the odd process', (process) => process.comm.startsWith('a) R'));
    expect(found).toMatchObject({
      comm: 'a) R (b\nc',
      args,
      user: 'admin',
      cwd: '/opt/my home',
      exe: '/opt/my home/a) R (b\nc',
    });
    expect(found.ppid).toBeGreaterThan(0);
    const stat = (await test0.sh(`cat /proc/${found.pid}/stat`)).stdout;
    expect(found.startTime).toBe(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19]);
    await test0.sh(`rm -rf "/opt/my home"`);
    const deleted = (await host.processes()).find((process) => process.pid === found.pid);
    expect(deleted?.exe).toBe('/opt/my home/a) R (b\nc');
    await test0.sh(`kill ${found.pid}; pkill -x sleep`);
  });

  test('looking does not see itself', async () => {
    const seen = await host.processes();
    expect(seen.filter((process) => /^(sh|grep|find|sed|getent)$/.test(process.comm))).toEqual([]);
    expect(seen.find((process) => process.pid === 1)).toMatchObject({ comm: 'sshd', ppid: 0, user: 'root' });
  });

  test('several hundred processes take one look', async () => {
    await start('for i in $(seq 300); do sleep 301 & done; wait');
    const sleepers = async () => (await host.processes()).filter((process) => process.args[1] === '301');
    await until('all of them', async () => (await sleepers()).length === 300);
    await test0.sh('pkill -x sleep');
  });

  test('a look of which a command was killed is no look, and may be tried again', async () => {
    await test0.sh('for i in $(seq 300); do sleep 307 </dev/null >/dev/null 2>&1 & done');
    const told = await until('a find was killed at work', async () => {
      const looked = host.processes().catch((error: unknown) => error);
      let over = false;
      let hit = false;
      void looked.then(() => {
        over = true;
      });
      while (!over && !hit) {
        hit = test0.killProcesses(({ comm }) => comm === 'find').length > 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const outcome = await looked;
      return hit && outcome instanceof Error ? outcome : undefined;
    });
    expect(told).toBeInstanceOf(TransientError);
    expect(told).toMatchObject({ type: 'CommandKilled' });
    await test0.sh('pkill -x sleep');
    await until('the sleeps are gone', () => test0.pids('sleep').length === 0);
  });

  test('listeners come with their owners', async () => {
    expect(await host.listeners()).toEqual([{ port: 22, pid: 1 }]);
    await start('exec nc -lk 2883');
    const all = await until('nc listens', async () => {
      const listeners = await host.listeners();
      return listeners.length > 1 && listeners;
    });
    expect(all).toEqual([
      { port: 22, pid: 1 },
      { port: 2883, pid: test0.pids('nc')[0] },
    ]);
    await test0.sh('pkill -x nc');
  });
});

describeIf(fleetUnavailable(), 'tunnels to a real host', () => {
  let fleet: Fleet;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });
  const serve = (address: string) =>
    fleet.hosts[0]!.sh(`cat >/opt/server.js <<'END'
require('net').createServer((s) => s.end('from ' + s.remoteAddress)).listen(3306, '${address}');
END
setsid /opt/.sandbox/bin/node /opt/server.js >/dev/null 2>&1 </dev/null &`);
  const readAll = async () => {
    const stream = await host.tunnel(3306);
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text;
  };
  const listening = () =>
    until('port 3306', async () => (await host.listeners()).some((each) => each.port === 3306));

  test('reach a port of the loopback address only', async () => {
    const closed = await failureOf(host.tunnel(3306));
    expect(closed).toMatchObject({ type: 'PortClosed' });
    await serve('127.0.0.1');
    await listening();
    expect(await readAll()).toBe('from 127.0.0.1');
    await expect(host.tunnel(70_000)).rejects.toThrow(RangeError);
  });

  test('go through a shell where sshd forbids forwarding, also past a login script that prints', async () => {
    const test0 = fleet.hosts[0]!;
    await test0.sh(`pkill -f server.js; echo 'echo Welcome; echo to; echo this >&2' >/root/.bashrc`);
    for (const settings of [
      { AllowTcpForwarding: 'no' },
      { DisableForwarding: 'yes' },
      { PermitOpen: 'none' },
    ]) {
      await test0.configureSshd(settings as Record<string, string>);
      await hosts.close();
      hosts = hostsWithPins();
      host = await hosts.open(addressOf(fleet));
      const closed = await failureOf(host.tunnel(3306));
      expect(closed).toMatchObject({ type: 'PortClosed' });
      expect(closed.message).toContain('a shell of the host');
    }
    await serve('127.0.0.1');
    await listening();
    expect(await Promise.all([readAll(), readAll(), readAll()])).toEqual(Array(3).fill('from 127.0.0.1'));
    await test0.sh('rm /root/.bashrc');
  });

  test('carry any bytes both ways through a shell, and end when either side does', async () => {
    const test0 = fleet.hosts[0]!;
    await test0.sh(`cat >/opt/echo.js <<'END'
require('net').createServer((s) => s.pipe(s)).listen(3307, '127.0.0.1');
END
setsid /opt/.sandbox/bin/node /opt/echo.js >/dev/null 2>&1 </dev/null &`);
    await until('port 3307', async () => (await host.listeners()).some((each) => each.port === 3307));
    const stream = await host.tunnel(3307);
    const bytes = randomBytes(3_000_000);
    const back: Buffer[] = [];
    const whole = new Promise<void>((resolve) => {
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        back.push(chunk);
        size += chunk.length;
        if (size >= bytes.length) resolve();
      });
    });
    stream.write(bytes);
    await whole;
    expect(Buffer.concat(back).equals(bytes)).toBe(true);
    const ended = new Promise((resolve) => stream.once('close', resolve));
    await test0.sh('pkill -f echo.js');
    await ended;
    await until('no cat is left', () => test0.pids('cat').length === 0);
  });

  test('that are given up end the connection to the service, and leave nothing on the host', async () => {
    const test0 = fleet.hosts[0]!;
    await test0.sh(`cat >/opt/hold.js <<'END'
require('net').createServer((s) => { s.on('error', () => {}); s.on('close', () => require('fs').appendFileSync('/opt/closed', 'x')); s.resume(); }).listen(3308, '127.0.0.1');
END
setsid /opt/.sandbox/bin/node /opt/hold.js >/dev/null 2>&1 </dev/null &`);
    await until('port 3308', async () => (await host.listeners()).some((each) => each.port === 3308));
    (await host.tunnel(3308)).destroy();
    await until('the service is told', async () => (await test0.sh('cat /opt/closed')).stdout === 'x');
    await until('no cat is left', () => test0.pids('cat').length === 0);
    await test0.sh('pkill -f hold.js');
  });

  test('go through nc where the host’s bash cannot, and directly where there is no nc either', async () => {
    const test0 = fleet.hosts[0]!;
    await test0.sh("sed -i 's#/root:/bin/bash#/root:/bin/sh#' /etc/passwd");
    await test0.hideCommand('bash');
    await hosts.close();
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
    const stream = await host.tunnel(22);
    expect(await new Promise((resolve) => stream.once('data', (text) => resolve(String(text))))).toMatch(
      /^SSH/,
    );
    expect(test0.pids('nc')).toHaveLength(1);
    stream.destroy();
    await until('no nc is left', () => test0.pids('nc').length === 0);
    await test0.sh('pkill -f server.js; true');
    await test0.hideCommand('nc');
    const closed = await failureOf(host.tunnel(3306));
    expect(closed).toMatchObject({ type: 'PortClosed' });
    await serve('0.0.0.0');
    await listening();
    expect(await readAll()).toBe(`from ${fleet.gateway}`);
    await test0.restoreCommand('nc');
    await test0.restoreCommand('bash');
  });
});
