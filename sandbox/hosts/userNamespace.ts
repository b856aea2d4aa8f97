import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { findTool, missingHostToolsAdvice, TOOL_PATH } from '../setup/packages';
import { type CommandResult, run } from './command';
import { OUTSIDE, openPublisher } from './publishPort';

/** Set inside the namespace; its value is the uid outside. */
const INSIDE = 'OBFLOW_IN_USER_NAMESPACE';

/**
 * First stage ($1 second stage): waits on fd 4 until its ids are mapped. Only the next exec makes it root of the
 * namespace with all capabilities, and by that the kernel forgets unshare's --kill-child, so it is set again.
 */
const ENTER = `
read -r pid rest </proc/self/stat
echo "$pid" >&3
read -r mapped <&4 || exit 1
exec 3>&- 4<&-
stage=$1; shift
exec setpriv --pdeathsig KILL -- sh -c "$stage" obflow-user-namespace "$@"
`;

/**
 * Second stage, process 1 of the namespace: a /proc and (where allowed) /sys of its own, loopback up, then the program.
 * Fleets that the program left are removed by their caretakers, which would die with this process.
 */
const INSIDE_STAGE = `
set -e
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys 2>/dev/null || true
ip link set lo up
set +e
"$@"
code=$?
tries=0
while [ $tries -lt 100 ] && grep -qs '[o]bflow-fleet-caretaker' /proc/[0-9]*/cmdline; do
  tries=$((tries + 1)); sleep 0.05
done
exit $code
`;

/** The subordinate ids that /etc/subuid or /etc/subgid gives the user: first id and how many. */
function subordinate(file: string): { readonly first: string; readonly count: string } | undefined {
  const { username, uid } = os.userInfo();
  try {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [who = '', first = '', count = ''] = line.split(':');
      if ((who === username || who === String(uid)) && Number(count) >= 65_535) {
        return { first, count: '65535' };
      }
    }
  } catch {
    // No such file: nobody has any.
  }
  return undefined;
}

function idsAdvice(): string | undefined {
  if (subordinate('/etc/subuid') !== undefined && subordinate('/etc/subgid') !== undefined) {
    return undefined;
  }
  const { username } = os.userInfo();
  return `without root test hosts need subordinate ids; to get them: sudo usermod --add-subuids 200000-265535 --add-subgids 200000-265535 ${username}`;
}

async function mapIds(pid: number): Promise<CommandResult> {
  const { uid, gid } = os.userInfo();
  const [uids, gids] = [subordinate('/etc/subuid'), subordinate('/etc/subgid')];
  const args = (own: number, ids: typeof uids) => [
    ...[String(pid), '0', String(own), '1'],
    ...(ids === undefined ? [] : ['1', ids.first, ids.count]),
  ];
  const users = await run('newuidmap', args(uid, uids));
  return users.exitCode === 0 ? run('newgidmap', args(gid, gids)) : users;
}

/**
 * Runs a command as root of a new user namespace with its own network (loopback only), mounts and processes, and
 * resolves with its exit code. Signals to this process reach the command, once. When this process dies, all of it dies.
 */
async function runInside(
  command: readonly string[],
  quiet: boolean,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; said: string }> {
  const own = quiet ? 'pipe' : 'inherit';
  const child = spawn(
    'setpriv',
    [
      ...[
        '--pdeathsig',
        'KILL',
        '--',
        'unshare',
        '--user',
        '--net',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--',
      ],
      ...['sh', '-c', ENTER, 'obflow-user-namespace', INSIDE_STAGE, ...command],
    ],
    {
      // Not in the terminal's foreground group: Ctrl-C comes to this process only, which passes it on.
      detached: true,
      stdio: [quiet ? 'ignore' : 'inherit', own, own, 'pipe', 'pipe'],
      env: { ...process.env, ...environment, PATH: TOOL_PATH, [INSIDE]: String(process.getuid?.()) },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const exit = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => ({
    code: typeof code === 'number' ? code : 128 + (os.constants.signals[signal as NodeJS.Signals] ?? 0),
  }));
  const [hello, answer] = [child.stdio[3] as Readable, child.stdio[4] as Writable];
  answer.on('error', () => undefined);
  let init: number | undefined;
  const passOn = (signal: NodeJS.Signals) => {
    for (const pid of init === undefined ? [] : childrenOf(init)) {
      try {
        process.kill(pid, signal);
      } catch {
        // Ended meanwhile.
      }
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) {
    process.on(signal, passOn);
  }
  try {
    const first = await Promise.race([once(hello, 'data'), exit]);
    if (Array.isArray(first)) {
      init = Number(String(first[0]));
      const mapped = await mapIds(init);
      if (mapped.exitCode === 0) {
        answer.end('mapped\n');
      } else {
        said += mapped.stderr;
        answer.end();
      }
    }
    return { ...(await exit), said };
  } finally {
    for (const signal of signals) {
      process.off(signal, passOn);
    }
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
        return Number(fields[1]) === parent;
      } catch {
        return false;
      }
    });
}

/** Why an ordinary user cannot have test hosts here, in one line with what to do; undefined when they can. */
async function userNamespaceUnavailable(): Promise<string | undefined> {
  const lacking = missingHostToolsAdvice() ?? idsAdvice();
  if (lacking !== undefined) {
    return lacking;
  }
  if (findTool('newgidmap') === undefined) {
    return 'without root test hosts need newgidmap, which comes with newuidmap';
  }
  const tried = await runInside(['true'], true).catch((error: unknown) => ({ code: 1, said: String(error) }));
  if (tried.code === 0) {
    return undefined;
  }
  const said = tried.said.trim().split('\n').at(-1) ?? '';
  return (
    `without root test hosts need user namespaces, which this machine refuses (${said}); ` +
    'where AppArmor restricts them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'
  );
}

/**
 * For processes that are not root: runs the command in a user namespace where test hosts are possible and resolves with its
 * exit code. Resolves with undefined, and has run nothing, when this process is root already or such a namespace
 * cannot be had (then fleetUnavailable says why). Inside there is no network but loopback and the fleets: fetch before, and
 * publishPort what people outside should reach.
 */
export async function runWhereFleetsAre(command: readonly string[]): Promise<number | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() === 0) {
    return undefined;
  }
  const reason = await userNamespaceUnavailable();
  if (reason !== undefined) {
    process.env.OBFLOW_TEST_HOSTS_REFUSED = reason;
    return undefined;
  }
  const publisher = await openPublisher();
  try {
    return (await runInside(command, false, { [OUTSIDE]: publisher.folder })).code;
  } finally {
    await publisher.close();
  }
}

/**
 * runWhereFleetsAre for the current program with its arguments; call it first thing and exit with its code unless
 * undefined.
 */
export function reexecInUserNamespace(): Promise<number | undefined> {
  return runWhereFleetsAre([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}
