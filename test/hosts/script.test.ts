import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, type Hosts, quote } from '../../hosts';
import { wholeScript } from '../../hosts/script';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins } from './reach';

const noSudo =
  fleetUnavailable() ??
  (spawnSync('sudo', ['-V']).status === 0 ? undefined : 'sudo is missing; to get it: apt-get install sudo');

test('a script cut off anywhere by a lost connection runs as a whole or not at all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'obflow-script-'));
  const first = join(folder, 'first');
  const last = join(folder, 'last');
  const text = wholeScript(
    `echo 1 >${quote(first)}\ncat >/dev/null <<'END'\ntext\nEND\necho 2 >${quote(last)}`,
  );
  const cuts = Array.from({ length: text.length }, (_, at) => at).filter((at) => at > 150 || at % 10 === 0);
  for (const cut of cuts) {
    spawnSync('sh', ['-s'], { input: text.slice(0, cut) });
    expect([cut, existsSync(first)]).toEqual([cut, existsSync(last)]);
    rmSync(first, { force: true });
    rmSync(last, { force: true });
  }
  spawnSync('sh', ['-s'], { input: text });
  expect(existsSync(first) && existsSync(last)).toBe(true);
  rmSync(folder, { recursive: true });
});

describeIf(fleetUnavailable(), 'scripts on a real host', () => {
  let fleet: Fleet;
  let hosts: Hosts;
  let host: Host;
  const inside = (script: string) => fleet.hosts[0]!.sh(script);
  /** The host's init may take a moment to bury what was killed. */
  const gone = (comm: string) => until(`no ${comm}`, () => fleet.hosts[0]!.pids(comm).length === 0, 2_000);
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test('exit code, output and errors come back apart and complete', async () => {
    expect(await host.sh('echo out; echo err >&2; exit 7')).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const long = await host.sh('seq 1 100000; seq 1 20000 >&2');
    expect(long.stdout.split('\n')).toHaveLength(100_001);
    expect(long.stderr.split('\n')).toHaveLength(20_001);
    expect((await host.sh('printf "a\\tünï 中文"')).stdout).toBe('a\tünï 中文');
  });

  test('a script killed by a signal has the shell’s code for it', async () => {
    expect((await host.sh('kill -TERM $$')).exitCode).toBe(143);
  });

  test('commands of a script read nothing of the script itself', async () => {
    expect(await host.sh('cat\necho "still here"')).toMatchObject({ exitCode: 0, stdout: 'still here\n' });
  });

  test('noise of a login shell is no output', async () => {
    await inside('printf "echo welcome; echo warning >&2\\n" >/root/.bashrc');
    expect(await host.sh('echo x; echo y >&2')).toEqual({ exitCode: 0, stdout: 'x\n', stderr: 'y\n' });
    await inside('rm /root/.bashrc');
  });

  test('a script and its secrets stand in no argument list and no environment', async () => {
    const running = host.sh('p="planted-secret-1"; sleep 30; echo "$p"', { timeoutMs: 40_000 });
    await until('it runs', () => fleet.hosts[0]!.pids('sleep').length > 0);
    const seen = await inside(`cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -ac 'plante[d]-secret'`);
    expect(seen.stdout.trim()).toBe('0');
    await inside('pkill -x sleep');
    expect((await running).stdout).toBe('planted-secret-1\n');
  });

  test('a timeout and an abort end the remote processes', async () => {
    const tree = 'sleep 300 & (sleep 300; true) | cat; wait';
    const slow = await failureOf(host.sh(tree, { timeoutMs: 300 }));
    expect(slow).toBeInstanceOf(TransientError);
    expect(slow).toMatchObject({ type: 'ScriptTimeout' });
    await gone('sleep');

    const abort = new AbortController();
    const aborted = failureOf(host.sh(tree, { signal: abort.signal }));
    await until('it runs', () => fleet.hosts[0]!.pids('sleep').length === 2);
    abort.abort(new Error('cancelled by an operator'));
    expect((await aborted).message).toBe('cancelled by an operator');
    await gone('sleep');
    // Given up before the host could say which process it is.
    for (const timeoutMs of [1, 3, 6, 10]) await failureOf(host.sh('sleep 300', { timeoutMs }));
    await gone('sleep');
    const late = AbortSignal.abort(new Error('too late'));
    expect((await failureOf(host.sh('true', { signal: late }))).message).toBe('too late');
  });

  test('output without end is cut and its command stopped', async () => {
    const flood = await host.sh('yes flood');
    expect(flood.exitCode).toBe(137);
    expect(flood.stdout.length).toBe(1024 * 1024);
    await gone('yes');
  });

  test('another user runs it as himself; one who does not exist is named', async () => {
    const who = await host.sh('id -un; pwd; echo ~; echo "$HOME"', { user: 'admin' });
    expect(who.stdout).toBe('admin\n/\n/home/admin\n/home/admin\n');
    const error = await failureOf(host.sh('true', { user: 'stranger' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ type: 'ShellRefused', code: 'CMP07037' });
    expect(error.message).toContain('stranger');
    await expect(host.sh('true', { user: 'a; reboot' })).rejects.toThrow(RangeError);
  });

  test('a login without sudo is told to allow it', async () => {
    await inside('echo "root ALL=(ALL) ALL" >/etc/sudoers; chmod 440 /etc/sudoers');
    const error = await failureOf((await hosts.open(addressOf(fleet, 0, 'admin'))).sh('true'));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ type: 'ShellRefused', code: 'CMP07002' });
  });
});

describeIf(noSudo, 'a login that is not root', () => {
  let fleet: Fleet;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    await fleet.hosts[0]!.sh(
      'echo "admin ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers; echo "root ALL=(ALL) ALL" >>/etc/sudoers; chmod 440 /etc/sudoers',
    );
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet, 0, 'admin'));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test('works as root by sudo, and as itself where asked', async () => {
    expect((await host.sh('id -un')).stdout).toBe('root\n');
    expect((await host.sh('id -un', { user: 'admin' })).stdout).toBe('admin\n');
    expect((await host.sh('id -un', { user: 'nobody' })).stdout).toBe('nobody\n');
  });

  test('runs commands once, sees all processes, writes root’s files', async () => {
    const id = { taskId: 1, subtaskId: 1, run: 1, name: 'sudo' };
    expect(await host.once(id, 'id -un', { user: 'nobody' })).toMatchObject({
      outcome: 'exited',
      output: 'nobody\n',
    });
    expect((await host.processes()).find((process) => process.pid === 1)?.exe).toMatch(/sshd$/);
    await host.writeFile('/etc/obflow-test', 'x', { mode: '0600' });
    expect((await host.sh('stat -c "%U %a" /etc/obflow-test')).stdout).toBe('root 600\n');
  });

  test('lets root place what it uploads, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'obflow-upload-'));
    const bytes = randomBytes(1_000_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'f'), bytes);
    expect(await host.uploadFile(join(folder, 'f'), sha256, '/opt/admin/f')).toEqual({ uploaded: true });
    rmSync(folder, { recursive: true });
    const seen = await host.sh(
      'stat -c "%a %U" /opt/admin/f; sha256sum /opt/admin/f; ls -A /opt/admin /var/tmp',
    );
    expect(seen.stdout).toBe(`644 root\n${sha256}  /opt/admin/f\n/opt/admin:\nf\n\n/var/tmp:\n`);
  });

  test('ends its commands on a timeout', async () => {
    await failureOf(host.sh('sleep 300', { timeoutMs: 300 }));
    await until('no sleep', () => fleet.hosts[0]!.pids('sleep').length === 0, 2_000);
  });
});
