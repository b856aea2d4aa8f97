/** SSH servers and accounts as hardened hosts have them: obflow works with what there is, or says what stands in the way. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContactFinding, Host, Hosts } from '../../hosts';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins, inWords } from './reach';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describeIf(fleetUnavailable(), 'a hardened host', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let work: string;
  const opened: Hosts[] = [];
  const newHosts = (options?: { loginSeconds?: number }) => {
    const hosts = hostsWithPins(undefined, options);
    opened.push(hosts);
    return hosts;
  };
  const reach = (username = 'root', options?: { loginSeconds?: number }): Promise<Host> =>
    newHosts(options).open(addressOf(fleet, 0, username));
  const findings = async (host: Host) =>
    Object.fromEntries(
      inWords(await host.firstContact()).map((finding) => [finding.check, finding]),
    ) as Record<ContactFinding['check'], ReturnType<typeof inWords>[number]>;
  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'obflow-hardened-'));
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
    await test0.configureSshd({});
    await test0.sh('rm -f /root/.bashrc /etc/pam.d/sshd /etc/nologin');
  });
  afterAll(async () => {
    await fleet?.stop();
    rmSync(work, { recursive: true });
  });

  describe.each([1, 2, 3, 4])('with MaxSessions %i', (sessions) => {
    test('does everything that others do, side by side', async () => {
      await test0.configureSshd({ MaxSessions: String(sessions) });
      const host = await reach();
      const bytes = randomBytes(2_000_000);
      const file = join(work, 'f');
      writeFileSync(file, bytes);
      const done = await Promise.all([
        ...Array.from({ length: 12 }, async (_, i) => (await host.sh(`echo ${i}`)).stdout),
        host.sh('id -un', { user: 'admin' }).then(({ stdout }) => stdout),
        host
          .uploadFile(file, sha256(bytes), `/opt/upload${sessions}`)
          .then(({ uploaded }) => String(uploaded)),
        host
          .once({ taskId: 1, subtaskId: sessions, run: 1, name: 'once' }, 'sleep 1; echo once')
          .then((result) => result.output),
        host
          .once({ taskId: 1, subtaskId: sessions, run: 1, name: 'twice' }, 'sleep 1; echo twice')
          .then((result) => result.output),
        host.processes().then((all) => String(all.length > 0)),
      ]);
      expect(done).toEqual([
        ...Array.from({ length: 12 }, (_, i) => `${i}\n`),
        ...['admin\n', 'true', 'once\n', 'twice\n', 'true'],
      ]);
      expect(readFileSync(join(test0.rootDir, `/opt/upload${sessions}`)).equals(bytes)).toBe(true);
    });

    test('ends what is out of time', async () => {
      await test0.configureSshd({ MaxSessions: String(sessions) });
      const host = await reach();
      expect(await failureOf(host.sh('sleep 300 & sleep 300', { timeoutMs: 500 }))).toMatchObject({
        type: 'ScriptTimeout',
      });
      await until('nothing sleeps', () => test0.pids('sleep').length === 0);
      expect((await host.sh('echo on')).stdout).toBe('on\n');
    });

    test('has a tunnel through a shell beside scripts where forwarding is forbidden as well', async () => {
      await test0.configureSshd({ MaxSessions: String(sessions), AllowTcpForwarding: 'no' });
      const host = await reach();
      const streams = await Promise.all([1, 2, 3].map(() => host.tunnel(22)));
      expect((await host.sh('echo beside')).stdout).toBe('beside\n');
      for (const stream of streams) {
        const greeting = await new Promise((resolve) => stream.once('data', (text) => resolve(String(text))));
        expect(greeting).toMatch(/^SSH-2.0/);
        stream.destroy();
      }
    });

    test('is told, with the setting and the file', async () => {
      await test0.configureSshd({ MaxSessions: String(sessions) });
      const { channels } = await findings(await reach());
      expect(channels).toMatchObject({
        level: 'WARN',
        text: expect.stringContaining(`than ${sessions} channel`),
      });
      expect(channels.next).toContain(`MaxSessions ${sessions} in /etc/ssh/sshd_config, line 1`);
    });
  });

  test('MaxSessions 0 is refused with its name, and a repair works at the next try', async () => {
    await test0.configureSshd({ MaxSessions: '0' });
    const hosts = newHosts();
    const host = await hosts.open(addressOf(fleet));
    const error = await failureOf(host.sh('true'));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ type: 'ChannelRefused' });
    expect(error.message).toContain('MaxSessions in /etc/ssh/sshd_config');
    await test0.configureSshd({ MaxSessions: '10' });
    expect((await host.sh('echo in')).stdout).toBe('in\n');
  });

  test('a healthy one has nothing to say', async () => {
    const all = await (await reach()).firstContact({
      user: 'admin',
      programs: ['/home/admin/obproxy-4.3.1.0'],
    });
    expect(all.filter(({ level }) => level !== 'INFO')).toEqual([]);
    expect(all.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['shell', 'channels', 'files', 'tunnel', 'exec', 'clock', 'rpm']),
    );
  });

  describe.each([
    ['no SFTP subsystem', { Subsystem: 'other /bin/false' }, ''],
    ['an SFTP server that is not there', { Subsystem: 'sftp /usr/lib/nothing' }, ''],
    [
      'an SFTP server behind a login script that prints',
      { Subsystem: 'sftp /usr/lib/openssh/sftp-server' },
      'echo Welcome',
    ],
    [
      'both, and one channel',
      { Subsystem: 'sftp /usr/lib/openssh/sftp-server', MaxSessions: '1' },
      'echo Welcome',
    ],
  ])('with %s', (_, settings, bashrc) => {
    test('files go through the shell, whole or not at all', async () => {
      await test0.configureSshd(settings as Record<string, string>);
      if (bashrc !== '') await test0.sh(`echo '${bashrc}' >/root/.bashrc`);
      const host = await reach();
      for (const size of [0, 1, 3_000_000]) {
        const bytes = randomBytes(size);
        const file = join(work, 'shell');
        writeFileSync(file, bytes);
        const path = `/opt/a b/it's ${size}`;
        expect(await host.uploadFile(file, sha256(bytes), path, { mode: '0640', owner: 'admin' })).toEqual({
          uploaded: true,
        });
        expect(readFileSync(join(test0.rootDir, path)).equals(bytes)).toBe(true);
        expect(await host.uploadFile('/nowhere', sha256(bytes), path, { mode: '0640' })).toEqual({
          uploaded: false,
        });
      }
      expect((await test0.sh(`stat -c '%a %U' "/opt/a b/it's 1"`)).stdout).toBe('640 admin\n');
      const other = await failureOf(host.uploadFile(join(work, 'shell'), 'a'.repeat(64), '/opt/a b/other'));
      expect(other).toBeInstanceOf(TransientError);
      await host.writeFile('/opt/a b/small', 'x', { mode: '0600' });
      expect(await host.readFile('/opt/a b/small')).toBe('x');
      expect((await test0.sh('ls -A "/opt/a b"; rm -r "/opt/a b"')).stdout).toBe(
        "it's 0\nit's 1\nit's 3000000\nsmall\n",
      );
    });

    test('and that is told, with what to change', async () => {
      await test0.configureSshd(settings as Record<string, string>);
      if (bashrc !== '') await test0.sh(`echo '${bashrc}' >/root/.bashrc`);
      const { files } = await findings(await reach());
      expect(files.level).toBe('WARN');
      expect(files.next).toContain('/etc/ssh/sshd_config');
      if (bashrc !== '') expect(files.next).toContain('.bashrc');
    });
  });

  test('an upload through the shell can be given up, and leaves nothing', async () => {
    await test0.configureSshd({ Subsystem: 'other /bin/false' });
    const host = await reach();
    const bytes = randomBytes(60_000_000);
    const file = join(work, 'large');
    writeFileSync(file, bytes);
    const abort = new AbortController();
    const uploading = failureOf(
      host.uploadFile(file, sha256(bytes), '/opt/given-up/f', { signal: abort.signal }),
    );
    await until(
      'some of it is there',
      async () => (await test0.sh('stat -c %s /opt/given-up/.obflow-*.part')).stdout > '1',
    );
    abort.abort(new Error('cancelled'));
    expect((await uploading).message).toBe('cancelled');
    expect((await test0.sh('ls -A /opt/given-up')).stdout).toBe('');
  });

  describe('a login that comes to no shell', () => {
    test.each([
      [
        'a forced command that talks',
        'ForceCommand',
        `echo 'Please login as the user "ec2-user"'`,
        'ec2-user',
        'ForceCommand in /etc/ssh/sshd_config',
      ],
      [
        'a forced command that says nothing',
        'ForceCommand',
        '/bin/false',
        'no shell answered',
        'ForceCommand in /etc/ssh/sshd_config',
      ],
    ])('%s is for a person, and its words stand first', async (_, setting, value, said, next) => {
      await test0.configureSshd({ [setting]: value });
      const error = await failureOf((await reach()).sh('true'));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ type: 'ShellRefused' });
      expect(error.message).toContain(said);
      expect(error.message).toContain(next);
    });

    test('a forced command that talks and stays is no slow host', async () => {
      await test0.configureSshd({ ForceCommand: `echo 'Choose: 1) logs 2) quit'; sleep 60` });
      const error = await failureOf((await reach()).sh('true', { timeoutMs: 2_000 }));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error.message).toContain('Choose: 1) logs');
    });

    test('a login script that ends the shell is named', async () => {
      await test0.sh(`echo 'echo "maintenance until Monday"; exit 3' >/root/.bashrc`);
      const [finding] = inWords(await (await reach()).firstContact());
      expect(finding).toMatchObject({ level: 'ERROR', check: 'shell' });
      expect(finding!.text).toMatch(/^the host says "maintenance until Monday"/);
      expect(finding!.next).toContain('.bashrc');
    });

    test('an expired password is told in the words of the host', async () => {
      await test0.sh(
        `cp /etc/shadow /etc/shadow.was; sed -i 's/^\\(root:[^:]*\\):[0-9]*:/\\1:0:/' /etc/shadow`,
      );
      try {
        const auth = { kind: 'password', password: fleet.password } as const;
        const host = await newHosts().open({ ...addressOf(fleet), auth });
        const error = await failureOf(host.sh('true'));
        expect(error).toBeInstanceOf(PermanentError);
        expect(error.message).toMatch(/the host says "WARNING: Your password has expired/);
        expect(error.message).toContain('chage -M -1');
      } finally {
        await test0.sh('mv /etc/shadow.was /etc/shadow');
      }
    });
  });

  describe('behind PAM', () => {
    const pam = async (lines: string) => {
      await test0.sh(`cat >/etc/pam.d/sshd <<'END'\n${lines}\nEND`);
      await test0.configureSshd({ UsePAM: 'yes', KbdInteractiveAuthentication: 'yes' });
    };
    const REST = 'auth required pam_unix.so\nsession required pam_permit.so\npassword required pam_unix.so';

    test('an account that it refuses is for a person, and what it says stands first', async () => {
      await test0.sh('echo "Accounts are closed until the audit ends (ticket 4711)" >/etc/closed.txt');
      await pam(`account optional pam_echo.so file=/etc/closed.txt\naccount required pam_deny.so\n${REST}`);
      const error = await failureOf(reach('admin'));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error).toMatchObject({ type: 'HostLoginRefused', code: 'CMP07002' });
      expect(error.message).toContain(
        'the host says "Accounts are closed until the audit ends (ticket 4711)"',
      );
      expect(error.message).toContain('/var/log/secure');
      await pam(`account required pam_permit.so\n${REST}`);
      expect((await (await reach()).sh('echo in')).stdout).toBe('in\n');
    });

    test('an account that it refuses without a word is no network trouble', async () => {
      await pam(`account required pam_deny.so\n${REST}`);
      const error = await failureOf(reach());
      expect(error).toBeInstanceOf(PermanentError);
      expect(error.message).toContain('PAM');
    });

    test('a host that is still starting is waited for', async () => {
      await test0.sh(
        'echo "System is booting up. Unprivileged users are not permitted to log in yet." >/etc/nologin',
      );
      await pam(`account required pam_nologin.so\n${REST}`);
      const error = await failureOf(reach('admin'));
      expect(error).toBeInstanceOf(TransientError);
      expect(error.message).toContain('System is booting up');
    });

    test('a password is no answer to a question for a new one', async () => {
      await test0.sh(
        `cp /etc/shadow /etc/shadow.was; sed -i 's/^\\(root:[^:]*\\):[0-9]*:/\\1:0:/' /etc/shadow`,
      );
      try {
        await pam(`account required pam_unix.so\n${REST}`);
        await test0.configureSshd({
          ...{ UsePAM: 'yes', KbdInteractiveAuthentication: 'yes', PasswordAuthentication: 'no' },
        });
        const before = (await test0.sh('cat /etc/shadow')).stdout;
        const error = await failureOf(
          newHosts()
            .open({ ...addressOf(fleet), auth: { kind: 'password', password: fleet.password } })
            .then((host) => host.sh('true')),
        );
        expect(error).toBeInstanceOf(PermanentError);
        expect(error.message).toMatch(/password/i);
        expect(error.message).toContain('chage -M -1');
        expect(error.message).not.toContain(fleet.password);
        expect((await test0.sh('cat /etc/shadow')).stdout).toBe(before);
      } finally {
        await test0.sh('mv /etc/shadow.was /etc/shadow');
      }
    });

    test('a slow login is waited for as long as the setting says, which is named', async () => {
      await pam(`account required pam_exec.so /usr/bin/sleep 4\n${REST}`);
      const error = await failureOf(reach('root', { loginSeconds: 2 }));
      expect(error).toBeInstanceOf(TransientError);
      expect(error.message).toContain('OBFLOW_SSH_LOGIN_SECONDS (2)');
      expect(error.message).toContain('UseDNS');
      expect((await (await reach()).sh('echo in')).stdout).toBe('in\n');
    });
  });

  test('a refused login says what the host takes, and its notice', async () => {
    await test0.sh('echo "Authorized use only" >/etc/issue.net');
    await test0.configureSshd({ Banner: '/etc/issue.net', PasswordAuthentication: 'no' });
    const error = await failureOf(
      newHosts().open({ ...addressOf(fleet), auth: { kind: 'password', password: fleet.password } }),
    );
    expect(error).toMatchObject({ type: 'HostLoginRefused' });
    expect(error.message).toContain('the host says "Authorized use only"');
    expect(error.message).toContain('it takes publickey');
    expect(error.message).toContain('PasswordAuthentication yes');
    expect((await (await reach()).sh('echo in')).stdout).toBe('in\n');
  });

  test('a person who asks again gets a new connection, and what runs on the old one runs on', async () => {
    const hosts = newHosts();
    await test0.configureSshd({ AllowTcpForwarding: 'no', MaxSessions: '2' });
    const host = await hosts.open(addressOf(fleet));
    await host.firstContact();
    const before = (await host.sh('echo $SSH_CONNECTION')).stdout.trim();
    const running = host.sh('sleep 8; echo "done $SSH_CONNECTION, $$"');
    await test0.configureSshd({});
    const again = await hosts.open(addressOf(fleet), { renew: true });
    const after = (await again.sh('echo $SSH_CONNECTION')).stdout.trim();
    expect(after).not.toBe(before);
    expect((await again.firstContact()).filter(({ level }) => level !== 'INFO')).toEqual([]);
    const [done, shell] = (await running).stdout.trim().split(', ');
    expect(done).toBe(`done ${before}`);
    await until('the old connection and its shells are gone', async () => {
      const { stdout } = await again.sh(`[ -d /proc/${shell} ] || echo gone`);
      return stdout === 'gone\n';
    });
  });

  test('a retry on a fresh and untroubled connection keeps it', async () => {
    const hosts = newHosts();
    const host = await hosts.open(addressOf(fleet));
    const before = (await host.sh('echo $SSH_CONNECTION')).stdout;
    const again = await hosts.open(addressOf(fleet), { renew: true });
    expect((await again.sh('echo $SSH_CONNECTION')).stdout).toBe(before);
  });

  test('waiting for a login ends when it is cancelled', async () => {
    await test0.freezeSshd();
    try {
      const abort = new AbortController();
      const opening = failureOf(newHosts().open(addressOf(fleet), { signal: abort.signal }));
      abort.abort(new Error('cancelled'));
      expect((await opening).message).toBe('cancelled');
    } finally {
      await test0.thawSshd();
    }
  });

  test('noexec is told where programs will lie, read-only folders, and a clock that is wrong', async () => {
    await test0.sh('mkdir -p /home/admin; mount -t tmpfs -o noexec tmpfs /home');
    const host = await reach();
    expect((await host.mountOf('/home/admin/obproxy-4.3.1.0/bin/obproxy')).options).toContain('noexec');
    const exec = inWords(await host.firstContact({ programs: ['/home/admin/obproxy-4.3.1.0'] })).find(
      ({ check }) => check === 'exec',
    );
    expect(exec).toMatchObject({ level: 'ERROR', text: expect.stringContaining('/home is mounted noexec') });
    expect(exec!.next).toContain('/etc/fstab');
    await test0.sh('umount /home; mount --bind /var/tmp /var/tmp; mount -o remount,ro,bind /var/tmp');
    expect(await findings(host)).toMatchObject({});
    expect(inWords(await host.firstContact()).find(({ check }) => check === 'files')).toMatchObject({
      level: 'ERROR',
      text: '/var/tmp cannot be written',
    });
    await test0.sh('umount /var/tmp');
    const [now] = [Date.now()];
    const clock = inWords(await host.firstContact({ clockMs: -now })).find(({ check }) => check === 'clock');
    expect(clock).toMatchObject({ level: 'ERROR', next: expect.stringContaining('chrony') });
  });
});
