import { readFileSync } from 'node:fs';
import { type CommandId, type Host, type Hosts, quote } from '../../hosts';
import { TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins, startCaller } from './reach';

let next = 1;
const id = (name = 'command'): CommandId => ({ taskId: 7, subtaskId: next++, run: 1, name });
const folder = (of: CommandId) => `/var/lib/obflow/${of.taskId}/${of.subtaskId}/${of.run}/${of.name}`;

/** Closed connections that the system still tries to deliver (FIN_WAIT1, and CLOSING), as lines of /proc/net/tcp. */
function undeliveredTo(ip: string): string[] {
  const address = Buffer.from(ip.split('.').map(Number)).readUInt32LE().toString(16).toUpperCase();
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => new RegExp(` ${address.padStart(8, '0')}:[0-9A-F]{4} (04|0B) `).test(line));
}

describeIf(fleetUnavailable(), 'a command that must take effect once', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  /** Lines of a file on the host, past SSH. */
  const lines = async (file: string) =>
    (await test0.sh(`cat ${quote(file)} 2>/dev/null; true`)).stdout.split('\n').filter(Boolean);
  const began = (file: string) => until(`${file} on the host`, async () => (await lines(file)).length > 0);
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

  test('runs, and a repeated call only tells what came of it', async () => {
    const command = id();
    const script = 'echo effect >>/tmp/repeat; echo "to err" >&2; exit 4';
    const first = await host.once(command, script);
    expect(first).toEqual({ outcome: 'exited', exitCode: 4, output: 'to err\n', alreadyStarted: false });
    expect(await host.once(command, script)).toEqual({ ...first, alreadyStarted: true });
    expect(await lines('/tmp/repeat')).toEqual(['effect']);
  });

  test('another run or another name is another command', async () => {
    const command = id();
    for (const other of [command, { ...command, run: 2 }, { ...command, name: 'second' }]) {
      await host.once(other, 'echo effect >>/tmp/others');
    }
    expect(await lines('/tmp/others')).toHaveLength(3);
  });

  test('hands on complete lines while it runs', async () => {
    const seen: string[] = [];
    const running = host.once(
      id(),
      'echo one; printf "tw"; until [ -e /tmp/go ]; do sleep 0.05; done; echo o; printf "ünd\\nlast"',
      { onOutput: (text) => seen.push(text) },
    );
    await until('the first line', () => seen.length > 0);
    expect(seen).toEqual(['one']);
    await test0.sh('touch /tmp/go');
    expect(await running).toMatchObject({ output: 'one\ntwo\nünd\nlast' });
    expect(seen.join('\n').split('\n')).toEqual(['one', 'two', 'ünd', 'last']);
  });

  test('of a flood of output the beginning and the end are kept', async () => {
    const result = await host.once(id(), 'seq 1 400000; echo the end');
    expect(result).toMatchObject({ outcome: 'exited', exitCode: 0 });
    expect(result.output.startsWith('1\n2\n')).toBe(true);
    expect(result.output).toMatch(/\n… \d+ bytes left out …\n(.*\n)+400000\nthe end\n$/);
    expect(result.output.length).toBeLessThan(1.1 * 1024 * 1024);
  });

  test('runs as another user, with that user’s rights only', async () => {
    const result = await host.once(id(), 'id -un; cat /etc/shadow', { user: 'admin' });
    expect(result).toMatchObject({ outcome: 'exited', exitCode: 1 });
    expect(result.output).toMatch(/^admin\n.*Permission denied\n$/);
  });

  test('two callers at once: one effect, both get the result', async () => {
    const other = hostsWithPins();
    const second = await other.open(addressOf(fleet));
    for (let round = 0; round < 5; round += 1) {
      const command = id();
      const file = `/tmp/race-${command.subtaskId}`;
      const results = await Promise.all(
        [host, second, host, second].map((each) =>
          each.once(command, `echo x >>${file}; sleep 0.05; echo done`),
        ),
      );
      expect(await lines(file)).toEqual(['x']);
      expect(results.map((result) => result.output)).toEqual(Array(4).fill('done\n'));
      const mine = results.filter((result) => result.outcome === 'exited' && !result.alreadyStarted);
      expect(mine).toHaveLength(1);
    }
    await other.close();
  });

  test('the network cut in the middle: after it heals the next call has the one result', async () => {
    const command = id();
    const script =
      'echo effect >>/tmp/cut; until [ -e /tmp/cut-go ]; do sleep 0.05; done; echo result; exit 3';
    const first = failureOf(host.once(command, script, { timeoutMs: 60_000 }));
    await began('/tmp/cut');
    await test0.cut();
    const lost = await first;
    expect(lost).toBeInstanceOf(TransientError);
    expect(lost).toMatchObject({ type: 'ConnectionLost' });
    // What was not delivered is forgotten: nothing that was given up arrives when the network is back.
    expect(undeliveredTo(test0.ip)).toEqual([]);
    await test0.sh('touch /tmp/cut-go');
    await test0.heal();
    const result = await until('the host answers', async () =>
      host.once(command, script).catch(() => undefined),
    );
    expect(result).toEqual({ outcome: 'exited', exitCode: 3, output: 'result\n', alreadyStarted: true });
    expect(await lines('/tmp/cut')).toEqual(['effect']);
  });

  test('the caller killed between launch and wait: the command ends by itself and is found', async () => {
    const command = id();
    const script = 'echo effect >>/tmp/orphan; sleep 0.3; echo result';
    const caller = await startCaller(
      'hosts.open(call.address).then((host) => host.once(call.command, call.script));',
      { address: addressOf(fleet), command, script },
    );
    await began('/tmp/orphan');
    await caller.kill();
    expect(await host.once(command, script)).toEqual({
      outcome: 'exited',
      exitCode: 0,
      output: 'result\n',
      alreadyStarted: true,
    });
    expect(await lines('/tmp/orphan')).toEqual(['effect']);
  });

  test('a reboot in the middle is told as interrupted, and nothing runs again', async () => {
    const command = id();
    const script = 'echo effect >>/opt/reboot; sleep 300';
    const first = failureOf(host.once(command, script, { timeoutMs: 60_000 }));
    await began('/opt/reboot');
    await test0.reboot();
    expect(await first).toBeInstanceOf(TransientError);
    expect(await host.once(command, script)).toMatchObject({ outcome: 'interrupted' });
    expect(await lines('/opt/reboot')).toEqual(['effect']);
  });

  test('everything of it killed is told as interrupted, with its output so far', async () => {
    const command = id();
    const running = host.once(command, 'echo "so far"; echo $$ >/tmp/killed; sleep 300', {
      timeoutMs: 60_000,
    });
    await began('/tmp/killed');
    await test0.sh(`pkill -KILL -s "$(ps -o sid= -p "$(cat /tmp/killed)" | tr -d ' ')"`);
    expect(await running).toEqual({ outcome: 'interrupted', output: 'so far\n' });
  });

  test('only its runner killed: it counts as running until its work ends, then as interrupted', async () => {
    const command = id();
    const options = { timeoutMs: 1_000 };
    const script = 'echo effect >>/tmp/runner; until [ -e /tmp/runner-go ]; do sleep 0.05; done';
    const first = failureOf(host.once(command, script, { timeoutMs: 2_500 }));
    await began('/tmp/runner');
    await test0.sh(`kill -KILL "$(readlink ${folder(command)}/claim | cut -d. -f1)"`);
    expect(await first).toMatchObject({ type: 'CommandStillRunning' });
    await test0.sh('touch /tmp/runner-go');
    expect(await host.once(command, script, options)).toMatchObject({ outcome: 'interrupted' });
    expect(await lines('/tmp/runner')).toEqual(['effect']);
  });

  test('the time limit and the signal bound the waiting, not the command', async () => {
    const command = id();
    const script = 'until [ -e /tmp/limit-go ]; do sleep 0.05; done; echo late';
    const late = await failureOf(host.once(command, script, { timeoutMs: 200 }));
    expect(late).toBeInstanceOf(TransientError);
    expect(late).toMatchObject({ type: 'CommandStillRunning' });
    const abort = new AbortController();
    const waiting = failureOf(host.once(command, script, { signal: abort.signal }));
    abort.abort(new Error('the worker stops'));
    expect((await waiting).message).toBe('the worker stops');
    await test0.sh('touch /tmp/limit-go');
    expect(await host.once(command, script)).toMatchObject({ output: 'late\n', alreadyStarted: true });
  });

  test('stopping ends a whole tree of processes, also a deaf one', async () => {
    const command = id();
    const script = `sleep 301 & (sleep 302; true) & sh -c 'trap "" TERM; sleep 303; sleep 304' & echo up >/tmp/tree; wait`;
    const running = host.once(command, script, { timeoutMs: 60_000 });
    await began('/tmp/tree');
    await until('the tree', () => test0.pids('sleep').length === 3);
    await host.stopOnce(command);
    await until('no sleep (init buries the dead)', () => test0.pids('sleep').length === 0, 2_000);
    expect(await running).toMatchObject({ outcome: 'interrupted' });
    await host.stopOnce(command);
    expect(await host.once(command, script)).toMatchObject({ outcome: 'interrupted' });
  });

  test('the commands of a subtask are stopped together, in whatever run, but those that undo', async () => {
    const first = id();
    const { taskId, subtaskId } = first;
    const hang = (mark: string) => `echo up >/tmp/together-${mark}; sleep 305`;
    const other = { ...first, run: first.run + 1, name: 'again' };
    const undo = { ...first, name: 'rollback-1' };
    const ended = { ...first, name: 'ended' };
    expect(await host.once(ended, 'exit 4')).toMatchObject({ exitCode: 4 });
    const running = [first, other, undo].map((one, at) =>
      host.once(one, hang(`${at}`), { timeoutMs: 60_000 }),
    );
    for (const at of [0, 1, 2]) await began(`/tmp/together-${at}`);
    const stopped = await host.stopSubtask({ taskId, subtaskId, but: 'rollback' });
    expect(stopped.sort()).toEqual([first.name, other.name].sort());
    expect(await Promise.all(running.slice(0, 2))).toEqual(
      [1, 2].map(() => ({ outcome: 'interrupted', output: '' })),
    );
    expect(await host.once(ended, 'exit 5')).toMatchObject({ exitCode: 4 });
    // By its argument: those who wait for a command sleep, too.
    await until(
      'only the undo sleeps',
      async () => (await test0.sh("pgrep -cfx 'sleep 305'")).stdout === '1\n',
    );
    expect(await host.stopSubtask({ taskId, subtaskId, but: 'x' })).toEqual(['rollback-1']);
    expect(await host.stopSubtask({ taskId, subtaskId, but: 'x' })).toEqual([]);
    expect(await host.stopSubtask({ taskId, subtaskId: 987, but: 'x' })).toEqual([]);
    await running[2];
  });

  test('stopped before its start it never starts; stopped after its end it stays what it was', async () => {
    const command = id();
    await host.stopOnce(command);
    expect(await host.once(command, 'echo effect >>/tmp/never')).toEqual({
      outcome: 'interrupted',
      output: '',
    });
    expect(await lines('/tmp/never')).toEqual([]);
    const ended = id();
    await host.once(ended, 'exit 5');
    await host.stopOnce(ended);
    expect(await host.once(ended, 'exit 6')).toMatchObject({ outcome: 'exited', exitCode: 5 });
  });

  test('a process that got the number of a dead runner is neither waited for nor stopped', async () => {
    const command = id();
    await test0.sh(`sleep 300 >/dev/null 2>&1 & pid=$!; echo $pid >/tmp/innocent
      mkdir -p ${folder(command)}; : >${folder(command)}/out
      boot=$(cat /proc/sys/kernel/random/boot_id)-$(cut -d' ' -f22 /proc/1/stat)
      ln -s "$pid.1.$boot.0123456789abcdef" ${folder(command)}/claim`);
    expect(await host.once(command, 'true')).toMatchObject({ outcome: 'interrupted' });
    await host.stopOnce(command);
    expect(test0.pids('sleep')).toHaveLength(1);
    await test0.sh('kill "$(cat /tmp/innocent)"');
  });

  test('a secret in the script is in no argument list, no environment and no file', async () => {
    const command = id();
    const script = `secret=${quote("planted-'secret'-2")}; echo up >/tmp/secret; sleep 300`;
    const running = host.once(command, script, { timeoutMs: 60_000 });
    await began('/tmp/secret');
    const seen = await test0.sh(`cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -ac 'plante[d]'
      grep -rl 'plante[d]' /var/lib/obflow /tmp /var/tmp /root /run`);
    expect(seen.stdout).toBe('0\n');
    expect((await test0.sh(`stat -c '%U %a' ${folder(command)}`)).stdout).toBe('root 700\n');
    await host.stopOnce(command);
    expect(await running).toMatchObject({ outcome: 'interrupted' });
    expect((await test0.sh(`ls ${folder(command)}`)).stdout).not.toContain('script');
  });

  test('a host that cannot keep the folder starts nothing and says why', async () => {
    await test0.sh('touch /var/lib/obflow/8');
    const error = await failureOf(host.once({ ...id(), taskId: 8 }, 'echo effect >>/tmp/nofolder'));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ type: 'CommandNotStarted' });
    expect(error.message).toContain('/var/lib/obflow/8');
    expect(await lines('/tmp/nofolder')).toEqual([]);
  });

  test('forgetting a task removes its folders and no other', async () => {
    await host.once({ taskId: 71, subtaskId: 1, run: 1, name: 'x' }, 'true');
    await host.forgetTask(7);
    expect((await test0.sh('ls /var/lib/obflow')).stdout.split('\n')).toEqual(['71', '8', '']);
    for (const taskId of [-1, 1.5, Number.NaN, '1 /' as unknown as number]) {
      await expect(host.forgetTask(taskId)).rejects.toThrow(RangeError);
    }
    await expect(host.once(id('../../x'), 'true')).rejects.toThrow(RangeError);
  });
});

describeIf(fleetUnavailable(), 'on a host whose sh is bash, as RHEL’s', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    await test0.sh('mount --bind "$(readlink -f /bin/bash)" "$(readlink -f /bin/sh)"');
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
    expect((await host.sh('echo "$BASH_VERSION"')).stdout).not.toBe('\n');
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  test('commands run once, are waited for, and are stopped', async () => {
    const command = id();
    const results = await Promise.all(
      [1, 2, 3].map(() => host.once(command, 'echo x >>/tmp/bash; sleep 0.1; echo "$((40 + 2))"; exit 3')),
    );
    expect(results.map((result) => result.output)).toEqual(['42\n', '42\n', '42\n']);
    expect((await test0.sh('cat /tmp/bash')).stdout).toBe('x\n');
    const long = id();
    const running = host.once(long, 'sleep 300 & sleep 300', { timeoutMs: 60_000, user: 'admin' });
    await until('it runs', () => test0.pids('sleep').length === 2);
    await host.stopOnce(long);
    expect(await running).toMatchObject({ outcome: 'interrupted' });
  });

  test('files, processes and time limits work too', async () => {
    await host.writeFile("/opt/it's", 'content', { mode: '0600', owner: 'admin' });
    expect(await host.readFile("/opt/it's")).toBe('content');
    expect((await host.processes()).map((process) => process.comm)).not.toContain('sh');
    expect(await host.listeners()).toEqual([{ port: 22, pid: 1 }]);
    expect(await failureOf(host.sh('sleep 300', { timeoutMs: 200 }))).toMatchObject({
      type: 'ScriptTimeout',
    });
    await until('no sleep', () => test0.pids('sleep').length === 0, 2_000);
  });
});
