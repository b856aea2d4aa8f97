import { once } from 'node:events';
import { createServer } from 'node:net';
import { createHosts } from '../../hosts';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins, startCaller } from './reach';

describeIf(fleetUnavailable(), 'connections to real hosts', () => {
  let fleet: Fleet;
  const open: { close(): Promise<void> }[] = [];
  const track = <T extends { close(): Promise<void> }>(hosts: T): T => {
    open.push(hosts);
    return hosts;
  };
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 2 });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((hosts) => hosts.close()));
  });
  afterAll(() => fleet?.stop());

  test('the key of the first contact is pinned and enforced from then on', async () => {
    const pins = new Map<number, string>();
    const first = track(hostsWithPins(pins));
    await first.open(addressOf(fleet, 1));
    expect(pins.get(2)).toBe(fleet.hosts[1]!.hostKey);

    const before = fleet.hosts[1]!.hostKey;
    await fleet.hosts[1]!.replaceHostKey();
    const after = fleet.hosts[1]!.hostKey;
    const second = track(hostsWithPins(pins));
    const error = await failureOf(second.open(addressOf(fleet, 1)));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ type: 'HostKeyChanged', code: 'CMP07002' });
    expect(error.message).toContain(before);
    expect(error.message).toContain(after);
    expect(error.message).toContain('obflow apply');
    expect(pins.get(2)).toBe(before);
  });

  test('a given key lets the right host in and asks nobody to pin', async () => {
    const hosts = track(
      createHosts({ pinHostKey: async () => Promise.reject(new Error('asked')), addresses: ANY_ADDRESS }),
    );
    const host = await hosts.open({ ...addressOf(fleet), hostKey: fleet.hosts[0]!.hostKey });
    expect((await host.sh('echo $((6*7))')).stdout).toBe('42\n');
  });

  test('an open connection does not outlive the trust in its key', async () => {
    const hosts = track(hostsWithPins());
    await hosts.open(addressOf(fleet));
    const other = `SHA256:${'A'.repeat(43)}`;
    const error = await failureOf(hosts.open({ ...addressOf(fleet), hostKey: other }));
    expect(error).toMatchObject({ type: 'HostKeyChanged' });
    expect(error.message).toContain(other);
  });

  test('a pinned key of another kind than the negotiated one is found', async () => {
    const host = fleet.hosts[0]!;
    const made = await host.sh(`
      [ -f /etc/ssh/ssh_host_rsa_key ] || ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key
      grep -q rsa_key /etc/ssh/sshd_config || sed -i '1i HostKey /etc/ssh/ssh_host_rsa_key' /etc/ssh/sshd_config
      rm -f /run/sshd.pid; kill -HUP 1
      ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub`);
    const rsa = /SHA256:\S+/.exec(made.stdout)![0];
    await until('sshd has reloaded', async () => (await host.sh('[ -s /run/sshd.pid ]')).exitCode === 0);
    const hosts = track(hostsWithPins());
    expect((await (await hosts.open({ ...addressOf(fleet), hostKey: rsa })).sh('echo in')).stdout).toBe(
      'in\n',
    );
    const wrong = await failureOf(hosts.open({ ...addressOf(fleet), hostKey: `SHA256:${'B'.repeat(43)}` }));
    expect(wrong).toMatchObject({ type: 'HostKeyChanged' });
    expect(wrong.message).toContain(host.hostKey);
  });

  test('when the key cannot be recorded nobody logs in, and that failure is told', async () => {
    const hosts = track(
      createHosts({ pinHostKey: () => Promise.reject(new Error('database away')), addresses: ANY_ADDRESS }),
    );
    expect((await failureOf(hosts.open(addressOf(fleet)))).message).toBe('database away');
  });

  test('a wrong password, a wrong user and a broken key are for a person to correct, and are not quoted', async () => {
    const hosts = track(hostsWithPins());
    const broken = fleet.privateKey.replace(/\n.{20}/, '\nAAAA');
    for (const auth of [
      { kind: 'password', password: 'sesame-1' },
      { kind: 'key', privateKey: 'no key' },
      { kind: 'key', privateKey: broken },
    ] as const) {
      const error = await failureOf(hosts.open({ ...addressOf(fleet), auth }));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ type: 'HostLoginRefused', code: 'CMP07002' });
      expect(error.message).not.toMatch(/sesame|AAAA|no key/);
    }
    expect(await failureOf(hosts.open(addressOf(fleet, 0, 'nobody')))).toMatchObject({
      type: 'HostLoginRefused',
    });
  });

  test('a password logs in too', async () => {
    const hosts = track(hostsWithPins());
    const host = await hosts.open({
      ...addressOf(fleet),
      auth: { kind: 'password', password: fleet.password },
    });
    expect((await host.sh('id -un')).stdout).toBe('root\n');
  });

  test('a closed port, a silent server and one that hangs up are worth another try', async () => {
    const hosts = track(hostsWithPins(undefined, { loginSeconds: 3 }));
    const closed = await failureOf(hosts.open({ ...addressOf(fleet), sshPort: 9 }));
    expect(closed).toBeInstanceOf(TransientError);
    expect(closed).toMatchObject({ type: 'HostUnreachable', code: 'CMP07004' });
    const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await until('listening', () => rude.listening);
    const { port } = rude.address() as { port: number };
    const hungUp = await failureOf(hosts.open({ ...addressOf(fleet), ip: '127.0.0.1', sshPort: port }));
    rude.close();
    expect(hungUp).toMatchObject({ type: 'HostUnreachable' });
    await fleet.hosts[0]!.freezeSshd();
    const silent = await failureOf(hosts.open(addressOf(fleet)));
    await fleet.hosts[0]!.thawSshd();
    expect(silent).toMatchObject({ type: 'HostUnreachable' });
  });

  test('sixty commands at once share one connection in spite of MaxSessions', async () => {
    const hosts = track(hostsWithPins());
    const opened = await Promise.all(Array.from({ length: 60 }, () => hosts.open(addressOf(fleet))));
    const answers = await Promise.all(
      opened.map((host, i) => host.sh(`echo ${i}; echo "$SSH_CONNECTION" >&2`)),
    );
    expect(answers.map((answer) => answer.stdout)).toEqual(opened.map((_, i) => `${i}\n`));
    expect(new Set(answers.map((answer) => answer.stderr)).size).toBe(1);
  });

  test('after a reboot the same host object connects again', async () => {
    const hosts = track(hostsWithPins());
    const host = await hosts.open(addressOf(fleet, 0));
    await host.sh('touch /run/before');
    const running = failureOf(host.sh('sleep 60', { timeoutMs: 50_000 }));
    await until('the command runs', () => fleet.hosts[0]!.pids('sleep').length > 0);
    await fleet.hosts[0]!.reboot();
    const lost = await running;
    expect(lost).toBeInstanceOf(TransientError);
    expect(lost).toMatchObject({ type: 'ConnectionLost' });
    expect((await host.sh('test -e /run/before')).exitCode).toBe(1);
  });

  test('a program that closes its connection to a host that vanished ends at once', async () => {
    const caller = await startCaller(
      `hosts.open(call).then(async (host) => {
        await host.sh('true');
        process.stdin.once('data', () => {
          process.stdin.destroy();
          hosts.close();
        });
        console.log('open');
      });`,
      addressOf(fleet, 1),
    );
    await once(caller.stdout, 'data');
    await fleet.hosts[1]!.powerOff();
    caller.stdin.write('close\n');
    const deadline = setTimeout(() => void caller.kill(), 5_000);
    expect(await caller.ended).toBe(0);
    clearTimeout(deadline);
  });

  test('after close nothing is opened any more', async () => {
    const hosts = hostsWithPins();
    const host = await hosts.open(addressOf(fleet));
    await hosts.close();
    await expect(host.sh('true')).rejects.toThrow('closed already');
  });
});
