import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { type Host, type Hosts, quote } from '../../hosts';
import { markedScript, Shell, wholeScript } from '../../hosts/shell';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins } from './reach';

const noSudo =
  fleetUnavailable() ??
  (spawnSync('sudo', ['-V']).status === 0 ? undefined : 'sudo is missing; to get it: apt-get install sudo');

const wrappings: [string, (script: string) => string][] = [
  ['in a shell of its own', wholeScript],
  ['in a shell that serves several', (script) => markedScript('mark', script)],
];
test.each(wrappings)(
  'a script cut off anywhere by a lost connection runs as a whole or not at all, %s',
  (_, wrap) => {
    const folder = mkdtempSync(join(tmpdir(), 'obflow-script-'));
    const first = join(folder, 'first');
    const last = join(folder, 'last');
    const text = wrap(`echo 1 >${quote(first)}\ncat >/dev/null <<'END'\ntext\nEND\necho 2 >${quote(last)}`);
    const body = text.indexOf('echo 1');
    const cuts = Array.from({ length: text.length }, (_, at) => at).filter(
      (at) => at > body || at % 10 === 0,
    );
    for (const cut of cuts) {
      spawnSync('sh', ['-s'], { input: text.slice(0, cut) });
      expect([cut, existsSync(first)]).toEqual([cut, existsSync(last)]);
      rmSync(first, { force: true });
      rmSync(last, { force: true });
    }
    spawnSync('sh', ['-s'], { input: text });
    expect(existsSync(first) && existsSync(last)).toBe(true);
    rmSync(folder, { recursive: true });
  },
);

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

  test('half an answer of a script whose shell was killed is no answer, and it may be tried again', async () => {
    const killed = host.sh('echo half; kill -KILL $$');
    await expect(killed).rejects.toMatchObject({
      name: 'ShellKilled',
      message: expect.stringContaining('137'),
    });
    await expect(killed).rejects.toBeInstanceOf(TransientError);
    expect((await host.sh('echo whole')).stdout).toBe('whole\n');
  });

  test('commands of a script read nothing of the script itself', async () => {
    expect(await host.sh('cat\necho "still here"')).toMatchObject({ exitCode: 0, stdout: 'still here\n' });
  });

  test('one after another they share a shell, and nothing of one is left for the next', async () => {
    const state = `echo "$$ $v $1 $(umask) $PWD"; trap; alias; ls /proc/self/fd; command -v f; ulimit -n`;
    const before = await host.sh(state);
    const spoil = `v=1; set -- x; umask 0; cd /tmp; trap 'echo trapped' EXIT; alias f=ls; f() { :; }
      exec 7</dev/null; ulimit -n 99; set -e; exec >/tmp/spoilt 2>&1; PATH=; LC_ALL=x; readonly v; false`;
    expect((await host.sh(spoil)).exitCode).not.toBe(0);
    expect(await host.sh(state)).toEqual(before);
    expect((await host.sh('exec true')).exitCode).toBe(0);
    expect((await host.sh('exit 3')).exitCode).toBe(3);
    expect((await host.sh('umask 0; exec sh -c "exit 4"')).exitCode).toBe(4);
    expect(await host.sh(state)).toEqual(before);
    expect(Number.parseInt(before.stdout, 10)).toBeGreaterThan(1);
  });

  test('a script lasts as long as what it leaves behind; what lets go of file 9 is no part of it', async () => {
    const started = Date.now();
    expect((await host.sh('( sleep 0.5; echo late ) & echo early')).stdout).toBe('early\nlate\n');
    expect((await host.sh('( sleep 0.5 ) >/dev/null 2>&1 & echo early')).stdout).toBe('early\n');
    expect(Date.now() - started).toBeGreaterThan(950);
    await host.sh('sleep 300 >/dev/null 2>&1 9>&- &');
    expect(fleet.hosts[0]!.pids('sleep')).toHaveLength(1);
    await inside('pkill -x sleep');
  });

  test('what comes in between two scripts is output of neither', async () => {
    const shell = (
      await host.sh('( sleep 0.3; echo stray; echo stray >&2; touch /tmp/strayed ) 9>&- & echo $$')
    ).stdout;
    await until('the stray lines', async () => (await inside('[ -e /tmp/strayed ]')).exitCode === 0);
    expect(await host.sh('echo x; echo y >&2')).toEqual({ exitCode: 0, stdout: 'x\n', stderr: 'y\n' });
    expect((await host.sh('echo $$')).stdout).not.toBe(shell);
  });

  test('a shell that was killed while idle is replaced, and the script runs once', async () => {
    const shell = (await host.sh('echo $$')).stdout.trim();
    await inside(`kill -KILL ${shell}`);
    expect(await host.sh('echo effect >>/tmp/once-in-new; echo $$')).toMatchObject({ exitCode: 0 });
    expect((await inside('cat /tmp/once-in-new')).stdout).toBe('effect\n');
  });

  test('a script that no shell can parse runs not at all, and that is told', async () => {
    const error = await failureOf(host.sh('echo effect >/tmp/unparsed; if'));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toMatch(/[Ss]yntax error/);
    expect((await inside('ls /tmp/unparsed')).exitCode).not.toBe(0);
    expect((await host.sh('echo "next one"')).stdout).toBe('next one\n');
  });

  test('output that looks like the end of a script is output', async () => {
    const odd = 'obflow-obflow-\nobflow-0123456789abcdef01234567-end 0\nobflow';
    expect(
      (await host.sh(`printf '${odd.replaceAll('\n', '\\n')}'; sleep 0.05; printf -- -end`)).stdout,
    ).toBe(`${odd}-end`);
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

/** A channel to a shell of this machine, whose subshell is killed before it runs its first word. */
class KilledEarly extends Duplex {
  readonly stderr = new PassThrough();

  override _write(text: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const killed = text.toString().replace('$(exec 9', "$(kill -KILL $(exec sh -c 'echo $PPID'); exec 9");
    const { stdout, stderr } = spawnSync('sh', ['-s'], { input: killed });
    this.push(stdout);
    this.stderr.write(stderr);
    done();
  }

  override _read(): void {}
}

test('a script that is killed before its first word is told as killed, not waited for', async () => {
  const channel: unknown = new KilledEarly();
  const shell = new Shell(channel as ClientChannel);
  expect(await shell.run({ script: 'echo never', limit: 1_000, last: false })).toEqual({
    how: 'done',
    exitCode: 137,
  });
  expect(shell.output().stdout.toString()).toBe('');
  expect(shell.reusable).toBe(true);
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

  test('an upload cut in the middle leaves nothing behind when the next one is done', async () => {
    const test0 = fleet.hosts[0]!;
    const folder = mkdtempSync(join(tmpdir(), 'obflow-upload-'));
    const bytes = randomBytes(60_000_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'f'), bytes);
    const upload = () => host.uploadFile(join(folder, 'f'), sha256, '/opt/cut/f');
    const first = failureOf(upload());
    await until(
      'some of it is there',
      async () => (await test0.sh('stat -c %s /var/tmp/*/upload')).stdout > '1',
    );
    await test0.cut();
    expect(await first).toBeInstanceOf(TransientError);
    await test0.heal();
    await until('the host answers', () => upload().catch(() => undefined));
    rmSync(folder, { recursive: true });
    expect((await test0.sh('ls -A /opt/cut /var/tmp')).stdout).toBe('/opt/cut:\nf\n\n/var/tmp:\n');
  });

  test('ends its commands on a timeout', async () => {
    await failureOf(host.sh('sleep 300', { timeoutMs: 300 }));
    await until('no sleep', () => fleet.hosts[0]!.pids('sleep').length === 0, 2_000);
  });
});
