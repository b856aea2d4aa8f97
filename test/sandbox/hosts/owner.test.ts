import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { run } from '../../../sandbox/hosts/command';
import { fleetUnavailable, startFleet } from '../../../sandbox/hosts/fleet';
import { findTool } from '../../../sandbox/setup/packages';
import { describeIf } from '../../support/skip';
import { until } from '../../support/until';

interface OwnerAnswer {
  readonly pid: number;
  readonly published: number;
  readonly key: string;
  readonly gateway: string;
  readonly answers: string[][];
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-owner-'));
const program = path.join(folder, 'owner.js');
const started: ChildProcess[] = [];

beforeAll(() => {
  buildSync({
    entryPoints: [path.join(__dirname, 'owner.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20.3',
    logLevel: 'warning',
  });
  chmodSync(folder, 0o755);
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the program and resolves with what it said once its hosts are up. */
async function own(command: readonly string[]): Promise<{ child: ChildProcess; answer: OwnerAnswer }> {
  const [name = '', ...args] = command;
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const line = await until('the hosts of the owner', () => {
    const json = /^\{.*\}$/m.exec(said)?.[0];
    if (json === undefined && child.exitCode !== null) throw new Error(`the owner ended: ${said}`);
    return json;
  });
  return { child, answer: JSON.parse(line) as OwnerAnswer };
}

async function traces(answer: OwnerAnswer): Promise<string[]> {
  const fleet = path.dirname(answer.key);
  const addresses = await run('ip', ['-4', 'addr']);
  const routes = await run('ip', ['route']);
  return [
    ...(existsSync(fleet) ? ['folder'] : []),
    ...(addresses.stdout.includes(answer.gateway) ? ['bridge'] : []),
    ...(routes.stdout.includes(answer.gateway.replace(/1$/, '0/24')) ? ['route'] : []),
    ...(processesNaming(fleet).length > 0 ? ['processes'] : []),
  ];
}

function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describeIf(fleetUnavailable(), 'a fleet', () => {
  test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'goes without a trace when %s ends its owner',
    async (signal) => {
      const { child, answer } = await own([process.execPath, program, 'wait']);
      expect(await traces(answer)).toEqual(['folder', 'bridge', 'route', 'processes']);
      child.kill(signal);
      await until('the end of every trace', async () => (await traces(answer)).length === 0);
    },
  );

  test('goes when its owner ends and forgot to stop it', async () => {
    const { child, answer } = await own([process.execPath, program, 'leave']);
    await (child.exitCode === null ? once(child, 'exit') : undefined);
    expect(child.exitCode).toBe(0);
    await until('the end of every trace', async () => (await traces(answer)).length === 0);
  });

  test('is cleared away by the next start when owner and caretaker were killed together', async () => {
    const { child, answer } = await own([process.execPath, program, 'wait']);
    const caretakers = processesNaming(path.dirname(answer.key)).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('obflow-fleet-caretaker'),
    );
    expect(caretakers).toHaveLength(1);
    for (const pid of caretakers) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    await until('the end of the processes', async () => !(await traces(answer)).includes('processes'));
    expect(await traces(answer)).toEqual(['folder', 'bridge', 'route']);
    await (await startFleet({ hosts: 1 })).stop();
    expect(await traces(answer)).toEqual([]);
  });
});

/** Only root can play an ordinary user here: with an /etc of its own that gives the user subordinate ids. */
const cannotPlay =
  fleetUnavailable() ??
  (process.env.OBFLOW_IN_USER_NAMESPACE !== undefined
    ? 'this run is in a user namespace itself'
    : findTool('newuidmap') === undefined || !existsSync('/etc/subuid') || !existsSync('/etc/subgid')
      ? 'newuidmap is missing; to install: apt-get install -y uidmap'
      : undefined);

describeIf(cannotPlay, 'an ordinary user', () => {
  /** The command as a user who is in passwd, subuid and subgid only as this command sees them. */
  function asUser(command: readonly string[], ids = 'tester:300000:65536\n'): string[] {
    writeFileSync(path.join(folder, 'subids'), ids);
    const scratch = path.join(folder, 'tmp');
    mkdirSync(scratch, { recursive: true });
    chmodSync(scratch, 0o1777);
    const account = readFileSync('/etc/passwd', 'utf8');
    writeFileSync(path.join(folder, 'passwd'), `${account}tester:x:54321:54321::/:/bin/sh\n`);
    const script = `set -e
      mount --bind ${folder}/subids /etc/subuid
      mount --bind ${folder}/subids /etc/subgid
      mount --bind ${folder}/passwd /etc/passwd
      exec setpriv --reuid 54321 --regid 54321 --clear-groups -- env TMPDIR=${scratch} "$@"`;
    return ['unshare', '--mount', '--', 'sh', '-c', script, 'as-user', ...command];
  }

  test('has test hosts with root, admin and rpm through a user namespace', async () => {
    const { child, answer } = await own(asUser([process.execPath, program, 'stop']));
    expect(answer.answers).toEqual([
      ['0', '500', 'sandbox-base-1-1.noarch'],
      ['0', '500', 'sandbox-base-1-1.noarch'],
    ]);
    await (child.exitCode === null ? once(child, 'exit') : undefined);
    expect(child.exitCode).toBe(0);
    expect(await traces(answer)).toEqual([]);
  });

  test('reaches from outside what the program inside publishes', async () => {
    const { child, answer } = await own(asUser([process.execPath, program, 'wait']));
    const response = await fetch(`http://127.0.0.1:${answer.published}/`);
    expect(await response.text()).toBe('hello from inside');
    child.kill('SIGTERM');
    await (child.exitCode === null ? once(child, 'exit') : undefined);
    expect(child.exitCode).toBe(143);
    expect(readdirSync(path.join(folder, 'tmp', 'obflow-fleets'))).toEqual([]);
    expect(readdirSync(path.join(folder, 'tmp')).filter((name) => name.includes('outside'))).toEqual([]);
  });

  test('is told the command that is missing when there are no subordinate ids', async () => {
    const [name = '', ...args] = asUser([process.execPath, program, 'stop'], '');
    const answer = await run(name, args);
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toContain(
      'sudo usermod --add-subuids 200000-265535 --add-subgids 200000-265535 tester',
    );
  });
});
