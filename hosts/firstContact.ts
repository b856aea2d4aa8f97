import { PermanentError, TransientError } from '../runtime/errors';
import { type Connection, SftpMissing } from './connection';
import { hostSaid } from './login';
import { nearestMount } from './mounts';
import { runScript } from './script';
import { tunnel } from './tunnel';

/** `ERROR`: the next task fails there. `WARN`: it works, by a way round or more slowly. `INFO`: as it should be. */
export interface ContactFinding {
  readonly level: 'ERROR' | 'WARN' | 'INFO';
  /** What was tried. */
  readonly check: 'shell' | 'sudo' | 'channels' | 'files' | 'tunnel' | 'exec' | 'clock' | 'rpm' | 'commands';
  /** What came back; what the host said stands first. */
  readonly text: string;
  /** The setting and the file to change; '' for INFO. */
  readonly next: string;
}

export interface ContactNeeds {
  /** Folders that will hold programs; default the homes of OBProxy and OBServer packages. */
  readonly programs?: readonly string[];
  /** Account whose processes the services are, if it is known. */
  readonly user?: string;
  /** Only what one script can see, and the tunnel: for the way into a task, where channels and files show themselves. */
  readonly brief?: boolean;
  /** Milliseconds that the clocks may be apart; default 2 000. */
  readonly clockMs?: number;
}

const PROGRAMS = ['/home/admin', '/opt/taobao'];
/** With fewer, what runs side by side on a host waits for each other. */
const ENOUGH_CHANNELS = 5;
const LOOK_MS = 20_000;
/** obflow's own folder, and where a login that is not root uploads to. */
const WRITTEN = ['/var/lib', '/var/tmp'];
const SSHD = '/etc/ssh/sshd_config';
/** tcpmux, which nobody serves: a tunnel to it tells whether sshd would ask, and starts nothing on the host. */
const NO_SERVICE = 1;

/**
 * Tries what a task will need on a host, and changes nothing there: a shell and sudo, several channels, files, a tunnel,
 * programs that may be executed, the clock, and an rpm database that answers. Every finding that is no INFO names
 * the setting and the file. Never throws for what it finds; a login that fails is for the caller to report.
 */
export async function firstContact(
  connection: Connection,
  needs: ContactNeeds = {},
): Promise<ContactFinding[]> {
  const looked = await look(connection, needs);
  if (!('facts' in looked)) return [looked.finding];
  const { facts } = looked;
  const channels = needs.brief === true ? [] : [await channelsFinding(connection)];
  return [
    info('shell', `a shell as ${facts.get('who')?.join('') || 'root'}`),
    ...channels,
    ...(await filesFindings(connection, facts, needs)),
    await tunnelFinding(connection, facts),
    ...execFindings(facts, needs),
    clockFinding(looked.before, looked.after, facts, needs),
    ...rpmFindings(facts),
    ...commandFindings(facts),
    ...(needs.user === undefined ? [] : [await userFinding(connection, needs.user)]),
  ];
}

type Facts = ReadonlyMap<string, readonly string[]>;

const info = (check: ContactFinding['check'], text: string): ContactFinding => ({
  level: 'INFO',
  check,
  text,
  next: '',
});

/** sshd's settings that stand in the way of something, with their places. */
const SSHD_SETTINGS = `grep -HniE '^[[:space:]]*(MaxSessions|AllowTcpForwarding|DisableForwarding|PermitOpen|Subsystem|ForceCommand|Match)' ${SSHD} ${SSHD}.d/*.conf 2>/dev/null`;

/** One script for all that a script can see; the parts of its answer by name. Commands that are not the shell's own are few. */
function lookScript(programs: readonly string[]): string {
  return `say() { echo "obflow-contact $1"; }
say who
while read -r key uid _; do [ "$key" != Uid: ] || break; done </proc/$$/status
if [ "$uid" = 0 ]; then echo root; else id -un; fi
say date; date +%s.%N
say programs
for p in ${programs.join(' ')}; do
  q=$p; while [ ! -e "$q" ] && [ "$q" != / ]; do q=\${q%/*}; q=\${q:-/}; done
  if cd -P -- "$q" 2>/dev/null; then echo "$p $PWD"; else echo "$p $(readlink -f -- "$q")"; fi
done
cd /
say readonly; for d in ${WRITTEN.join(' ')}; do [ -w "$d" ] || echo "$d"; done
say missing; for c in base64 dd find grep head mktemp readlink setsid sha256sum tail getent; do command -v "$c" >/dev/null 2>&1 || echo "$c"; done
say relay; command -v bash; command -v nc
say rpm
if command -v rpm >/dev/null 2>&1; then
  rpm -q glibc >/dev/null 2>&1 || { all=$(rpm -qa --queryformat x 2>&1) || echo "$all"
  [ -n "$all" ] || [ -e /var/lib/dpkg/status ] || echo 'it lists not a single package'; }
else echo none; fi
say mounts
exec cat /proc/mounts`;
}

type Looked =
  | { readonly facts: Facts; readonly before: number; readonly after: number }
  | { readonly finding: ContactFinding };

async function look(connection: Connection, needs: ContactNeeds): Promise<Looked> {
  const script = lookScript(needs.programs ?? PROGRAMS);
  try {
    // To have a shell: how long the first takes says nothing of the clock.
    if (connection.shells.unused === 0) await runScript(connection, ':', { timeoutMs: LOOK_MS });
    const before = Date.now();
    const result = await runScript(connection, script, { timeoutMs: LOOK_MS });
    const facts = new Map<string, string[]>();
    let part: string[] = [];
    for (const line of result.stdout.toString().split('\n')) {
      const [word, name = ''] = line.split(' ');
      if (word === 'obflow-contact') {
        part = [];
        facts.set(name, part);
      } else if (line !== '') part.push(line);
    }
    const after = Date.now();
    if (result.exitCode === 0 && facts.has('mounts')) return { facts, before, after };
    const said = hostSaid(result.stderr.toString()) || `exit code ${result.exitCode}`;
    return {
      finding: {
        level: 'ERROR',
        check: 'shell',
        text: `the host says "${said}" to a script`,
        next: `Look what ends scripts of ${connection.address.username} there (/etc/profile.d, ~/.bashrc, ulimits in /etc/security/limits.conf).`,
      },
    };
  } catch (error) {
    const isSudo = connection.address.username !== 'root' && /sudo/.test(String(error));
    return { finding: failed(isSudo ? 'sudo' : 'shell', error) };
  }
}

function failed(check: ContactFinding['check'], error: unknown): ContactFinding {
  if (error instanceof TransientError || error instanceof PermanentError) {
    const { cameBack, tried, next } = error.trouble;
    return { level: 'ERROR', check, text: `${cameBack} (it was tried to ${tried})`, next };
  }
  throw error;
}

/**
 * Lines of sshd's configuration about these settings, as `MaxSessions 1 in /etc/ssh/sshd_config, line 14`; '' when there is
 * none, or it cannot be read. Asked only when something is in the way.
 */
async function settings(connection: Connection, names: RegExp): Promise<string> {
  // It only makes the advice better; what is in the way is known already.
  const asked = await runScript(connection, SSHD_SETTINGS, { timeoutMs: LOOK_MS }).catch(() => undefined);
  const lines = (asked?.stdout.toString() ?? '').split('\n').flatMap((line) => {
    const [, file, number, text] = /^([^:]+):(\d+):\s*(.*)$/.exec(line) ?? [];
    return file !== undefined && text !== undefined && names.test(text)
      ? [`${text.trim()} in ${file}, line ${number}`]
      : [];
  });
  return lines.join('; ');
}

async function channelsFinding(connection: Connection): Promise<ContactFinding> {
  try {
    const count = await connection.countChannels(ENOUGH_CHANNELS);
    if (count >= ENOUGH_CHANNELS) return info('channels', `${count} channels at once`);
    const named = (await settings(connection, /^MaxSessions\b/i)) || `MaxSessions ${count} or so`;
    return {
      level: 'WARN',
      check: 'channels',
      text: `sshd opens no more than ${count} ${count === 1 ? 'channel' : 'channels'} at once: what runs side by side on the host waits for each other`,
      next: `${named}: set MaxSessions 10 in ${SSHD} and reload sshd, for speed.`,
    };
  } catch (error) {
    return failed('channels', error);
  }
}

async function filesFindings(
  connection: Connection,
  facts: Facts,
  needs: ContactNeeds,
): Promise<ContactFinding[]> {
  const found: ContactFinding[] = (facts.get('readonly') ?? []).map((folder) => ({
    level: 'ERROR',
    check: 'files',
    text: `${folder} cannot be written`,
    next: `Mount it for writing (/etc/fstab, mount -o remount,rw), or make it.`,
  }));
  if (needs.brief === true) return found;
  try {
    (await connection.sftp()).end();
    return [...found, info('files', 'SFTP')];
  } catch (error) {
    if (!(error instanceof SftpMissing)) return [...found, failed('files', error)];
    const named = await settings(connection, /^Subsystem\s+sftp\b/i);
    const noise = /Packet length|says nothing/.test(error.message);
    const next = noise
      ? `Silence ~/.bashrc (and /etc/profile.d) of ${connection.address.username} for shells that are not interactive: what they print stands before the first word of SFTP. Or set Subsystem sftp internal-sftp in ${SSHD}${named === '' ? '' : ` (now: ${named})`}.`
      : `Set Subsystem sftp internal-sftp in ${SSHD}${named === '' ? '' : ` (now: ${named})`} and reload sshd, for speed.`;
    return [
      ...found,
      {
        level: 'WARN',
        check: 'files',
        text: `no SFTP (${error.message}): files go through a shell`,
        next,
      },
    ];
  }
}

async function tunnelFinding(connection: Connection, facts: Facts): Promise<ContactFinding> {
  const { memory, address } = connection;
  let closed = await listensNot(connection, NO_SERVICE);
  // Forbidden: it is tried through a shell, to a port on which somebody listens.
  if (closed === true && memory.noForwarding !== undefined)
    closed = await listensNot(connection, address.sshPort);
  if (typeof closed === 'boolean' && memory.noForwarding === undefined) {
    return info('tunnel', 'sshd forwards ports');
  }
  const named = await settings(connection, /^(AllowTcpForwarding|DisableForwarding|PermitOpen)\b/i);
  const next = `${named === '' ? 'AllowTcpForwarding no, DisableForwarding yes or PermitOpen' : named}: set AllowTcpForwarding local in ${SSHD} and reload sshd.`;
  if (typeof closed !== 'boolean') return { ...failed('tunnel', closed.error), next };
  if ((facts.get('relay') ?? []).length > 0) {
    return {
      level: 'WARN',
      check: 'tunnel',
      text: `sshd forwards no port (${memory.noForwarding}): tunnels go through a shell of the host`,
      next,
    };
  }
  return {
    level: 'ERROR',
    check: 'tunnel',
    text: `sshd forwards no port (${memory.noForwarding}), and the host has neither bash nor nc to go through`,
    next: `Install nc (nmap-ncat) on the host, or ${next}`,
  };
}

/** Whether a tunnel to the port ends because nothing listens there; what went wrong when there is no tunnel at all. */
async function listensNot(connection: Connection, port: number): Promise<boolean | { error: unknown }> {
  try {
    (await tunnel(connection, port)).destroy();
    return false;
  } catch (error) {
    return error instanceof TransientError && error.type === 'PortClosed' ? true : { error };
  }
}

function execFindings(facts: Facts, needs: ContactNeeds): ContactFinding[] {
  const mounts = (facts.get('mounts') ?? []).join('\n');
  const wrong = (facts.get('programs') ?? []).flatMap((line): ContactFinding[] => {
    const [folder = '', resolved = ''] = line.split(' ');
    const mount = nearestMount(resolved, mounts);
    if (mount?.options.includes('noexec') !== true) return [];
    return [
      {
        level: 'ERROR',
        check: 'exec',
        text: `${mount.point} is mounted noexec: no program in ${folder} can run`,
        next: `Take noexec off ${mount.point} (in /etc/fstab, then mount -o remount,exec ${mount.point}), or use a package whose home lies elsewhere.`,
      },
    ];
  });
  // Only what was asked for is certain to be used: the other may belong to no package of theirs.
  const level = needs.programs === undefined ? 'WARN' : 'ERROR';
  return wrong.length === 0
    ? [info('exec', 'programs may run')]
    : wrong.map((finding) => ({ ...finding, level }));
}

function clockFinding(before: number, after: number, facts: Facts, needs: ContactNeeds): ContactFinding {
  const seconds = Number(facts.get('date')?.[0]?.replace(/N$/, '5'));
  if (!Number.isFinite(seconds) || seconds <= 0) {
    return {
      level: 'ERROR',
      check: 'clock',
      text: `its clock cannot be read (date says "${facts.get('date')?.join(' ') ?? ''}")`,
      next: 'Check the command date on the host.',
    };
  }
  const ahead = seconds * 1000 - (before + after) / 2;
  const sure = Math.max(0, Math.abs(ahead) - (after - before) / 2);
  const text = `its clock is ${(Math.abs(ahead) / 1000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`;
  if (sure <= (needs.clockMs ?? 2_000)) return info('clock', 'its clock agrees');
  return {
    level: 'ERROR',
    check: 'clock',
    text,
    next: 'Set both by NTP (/etc/chrony.conf, chronyc tracking, timedatectl): times of tasks and signatures depend on it.',
  };
}

function rpmFindings(facts: Facts): ContactFinding[] {
  const said = facts.get('rpm') ?? [];
  if (said.length === 0) return [info('rpm', 'the rpm database answers')];
  if (said[0] === 'none') {
    return [
      { level: 'ERROR', check: 'rpm', text: 'the host has no command rpm', next: 'Install rpm on the host.' },
    ];
  }
  return [
    {
      level: 'ERROR',
      check: 'rpm',
      text: `the host says "${hostSaid(said.join('\n'))}": its rpm database cannot be read`,
      next: 'Repair /var/lib/rpm (rpm --rebuilddb; rpm -qa must list its packages).',
    },
  ];
}

function commandFindings(facts: Facts): ContactFinding[] {
  const missing = facts.get('missing') ?? [];
  if (missing.length === 0) return [];
  const names = missing.join(', ');
  return [
    {
      level: 'ERROR',
      check: 'commands',
      text: `the host has no ${names}`,
      next: `Install ${names} (coreutils, findutils, grep, util-linux, glibc-common).`,
    },
  ];
}

async function userFinding(connection: Connection, user: string): Promise<ContactFinding> {
  try {
    await runScript(connection, ':', { user, timeoutMs: LOOK_MS });
    return info('sudo', `a shell as ${user}`);
  } catch (error) {
    return failed('sudo', error);
  }
}
