/**
 * sudo as security guides and distributions set it up: what leaves a way is gone, what leaves none is named by its setting.
 *
 * Source: CIS Distribution Independent Linux 5.2.2, 5.2.3 (use_pty, log files), el6's `Defaults requiretty`
 * (ansible/ansible#2213), STIG's NOEXEC tags.
 */
import { existsSync } from 'node:fs';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { startWorld, type World } from '../activities/world';
import { addressOf, failureOf, inWords } from '../hosts/reach';
import { describeIf } from '../support/skip';

const ALL = 'admin ALL=(ALL) NOPASSWD: ALL';
const noSudo = existsSync('/usr/bin/sudo') ? undefined : 'sudo is missing: apt-get install sudo';

describeIf(noSudo ?? fleetUnavailable(), 'a login by way of sudo', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    const { ip, sshPort } = world.fleet.hosts[0]!;
    const { id: credentialId } = await world.store.credentials.put({
      ...{ name: 'sudo', kind: 'SSH_KEY', username: 'admin', secret: world.fleet.privateKey },
    });
    await world.store.hosts.put({
      ...{ ip, sshPort, name: null, credentialId, hostKey: null, idcName: 'idc1', regionName: 'region1' },
    });
  });
  afterAll(() => world?.stop());

  const sudoers = (...lines: string[]) =>
    world.fleet.hosts[0]!.sh(
      `cat >/etc/sudoers <<'END'\n${lines.join('\n')}\nroot ALL=(ALL) ALL\nEND\nchmod 440 /etc/sudoers`,
    );

  test('with every setting that leaves a way installs a proxy, and undoes it', async () => {
    await sudoers(
      ...['use_pty', 'log_output', 'lecture=always', 'insults', 'umask=0077', 'umask_override'].map(
        (setting) => `Defaults ${setting}`,
      ),
      'Defaults secure_path=/bin',
      ALL,
    );
    const worker = world.newWorker();
    const task = await world.install(0);
    const host = world.fleet.hosts[0]!;
    const steps = ['PrepareCreateObproxy', 'CheckCommand', 'InstallRpmByPackageAndVersion', 'StartObproxy'];
    for (const type of steps) await task.run(type, {}, worker);
    expect(host.pids('obproxy')).toHaveLength(1);
    for (const type of steps.reverse()) await task.run(type, { rollback: true }, worker);
    expect((await host.sh('rpm -q obproxy-ce')).stdout).toContain('not installed');
    await worker.stop();
  });

  test.each([
    ['asks for a terminal', ['Defaults requiretty', ALL], /must have a tty.*!requiretty in \/etc\/sudoers/],
    [
      'allows single commands only',
      ['admin ALL=(root) NOPASSWD: /usr/bin/rpm'],
      /a password is required.*NOPASSWD/,
    ],
    [
      'lets no command start another',
      ['Defaults noexec', ALL],
      /Permission denied.*noexec in \/etc\/sudoers/,
    ],
  ])('that %s is told so by doctor, in its own words', async (_, lines, text) => {
    await sudoers(...lines);
    const worker = world.newWorker();
    const opened = await worker.hosts.open(addressOf(world.fleet, 0, 'admin'));
    const [found] = inWords(await opened.firstContact());
    expect(found).toMatchObject({ level: 'ERROR' });
    expect(`${found!.text} ${found!.next}`).toMatch(text);
    await worker.stop();
  });

  test('that ends what takes long is named beside a lack of memory', async () => {
    await sudoers('Defaults command_timeout=2', ALL);
    const worker = world.newWorker();
    const opened = await worker.hosts.open(addressOf(world.fleet, 0, 'admin'));
    const error = await failureOf(opened.sh('sleep 20'));
    expect(error.message).toMatch(/was killed.*command_timeout in \/etc\/sudoers/);
    await worker.stop();
  });
});
