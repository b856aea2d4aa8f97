import { PermanentError, TransientError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { type Connection, SftpMissing } from './connection';
import { crowded, LIMITS_LOOK, limited, OWN, ROOM_LOOK, type Shortage, TEMPORARY } from './limits';
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
  readonly text: Said;
  /** The setting and the file to change; '' for INFO. */
  readonly next: Said;
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
    ...limited(facts.get('limits') ?? []).map(shortage('shell')),
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

const shortage =
  (check: ContactFinding['check']) =>
  (found: Shortage): ContactFinding => ({ level: 'ERROR', check, ...found });

/** sshd's settings that stand in the way of something, with their places. */
const SSHD_SETTINGS = `grep -HniE '^[[:space:]]*(MaxSessions|AllowTcpForwarding|DisableForwarding|PermitOpen|Subsystem|ForceCommand|Match)' ${SSHD} ${SSHD}.d/*.conf 2>/dev/null`;

/** One script for all that a script can see; the parts of its answer by name. Commands that are not the shell's own are few. */
function lookScript(programs: readonly string[], brief: boolean): string {
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
say limits; ${LIMITS_LOOK}
${brief ? '' : `say room; ${ROOM_LOOK}`}
say readonly; own=${OWN}; [ -e "$own" ] || [ -L "$own" ] || own=\${own%/*}
for d in "$own" ${TEMPORARY}; do { [ -d "$d" ] && [ -w "$d" ]; } || echo "$d"; done
say missing; for c in base64 dd find grep head mktemp readlink setsid sha256sum stat tail getent; do command -v "$c" >/dev/null 2>&1 || echo "$c"; done
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
  const script = lookScript(needs.programs ?? PROGRAMS, needs.brief === true);
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
        text: say('contact.toScript', { said }),
        next: say('next.whatEndsScripts', { username: connection.address.username }),
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
    return {
      level: 'ERROR',
      check,
      text: say('contact.tried', { cameBack: cameBack, tried: tried }),
      next: next,
    };
  }
  throw error;
}

/**
 * Lines of sshd's configuration about these settings, as `MaxSessions 1 in /etc/ssh/sshd_config, line 14`; none when there
 * is none, or it cannot be read. Asked only when something is in the way.
 */
async function settings(connection: Connection, names: RegExp): Promise<readonly Text[]> {
  // It only makes the advice better; what is in the way is known already.
  const asked = await runScript(connection, SSHD_SETTINGS, { timeoutMs: LOOK_MS }).catch(() => undefined);
  const lines = (asked?.stdout.toString() ?? '').split('\n').flatMap((line) => {
    const [, file, number, text] = /^([^:]+):(\d+):\s*(.*)$/.exec(line) ?? [];
    return file !== undefined && number !== undefined && text !== undefined && names.test(text)
      ? [say('contact.setting', { text: text.trim(), file, number })]
      : [];
  });
  return lines;
}

async function channelsFinding(connection: Connection): Promise<ContactFinding> {
  try {
    const count = await connection.countChannels(ENOUGH_CHANNELS);
    if (count >= ENOUGH_CHANNELS) return info('channels', `${count} channels at once`);
    const set = await settings(connection, /^MaxSessions\b/i);
    const named = set.length > 0 ? set : say('contact.aboutSessions', { count });
    return {
      level: 'WARN',
      check: 'channels',
      text: say('contact.channels', {
        count,
        unit: say(count === 1 ? 'contact.channel' : 'contact.channelsUnit'),
      }),
      next: say('next.raiseMaxSessions', { named, file: SSHD }),
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
    text: say('contact.readOnly', { folder }),
    next: say('next.mountOrMake'),
  }));
  found.push(...crowded(facts.get('room') ?? []).map(shortage('files')));
  if (needs.brief === true) return found;
  try {
    (await connection.sftp()).end();
    return [...found, info('files', 'SFTP')];
  } catch (error) {
    if (!(error instanceof SftpMissing)) return [...found, failed('files', error)];
    const named = await settings(connection, /^(Subsystem\s+sftp|ForceCommand)\b/i);
    const noise = /Packet length|says nothing/.test(error.message);
    const next = noise
      ? say('next.silenceShell', {
          username: connection.address.username,
          file: SSHD,
          named: named.length === 0 ? '' : say('contact.now', { named }),
        })
      : say('next.setSubsystem', {
          file: SSHD,
          named: named.length === 0 ? '' : say('contact.now', { named }),
        });
    return [
      ...found,
      {
        level: 'WARN',
        check: 'files',
        text: say('contact.noSftp', { said: error.message }),
        next,
      },
    ];
  }
}

async function tunnelFinding(connection: Connection, facts: Facts): Promise<ContactFinding> {
  let closed = await listensNot(connection, NO_SERVICE);
  // Forbidden: it is tried through a shell, to a port on which somebody listens.
  if (closed === true && connection.memory.noForwarding !== undefined)
    closed = await listensNot(connection, connection.address.sshPort);
  const { noForwarding } = connection.memory;
  if (typeof closed === 'boolean' && noForwarding === undefined) return info('tunnel', 'sshd forwards ports');
  const named = await settings(connection, /^(AllowTcpForwarding|DisableForwarding|PermitOpen)\b/i);
  const next = say('next.allowForwarding', {
    named: named.length === 0 ? say('contact.forwardingSettings') : named,
    file: SSHD,
  });
  if (typeof closed !== 'boolean') return { ...failed('tunnel', closed.error), next };
  const said = noForwarding ?? '';
  if ((facts.get('relay') ?? []).length > 0) {
    return { level: 'WARN', check: 'tunnel', text: say('contact.forwardsNoPort', { said }), next };
  }
  return {
    level: 'ERROR',
    check: 'tunnel',
    text: say('contact.noWay', { said }),
    next: say('next.installNc', { next }),
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
        text: say('host.noexec', { point: mount.point, home: folder }),
        next: say('next.takeNoexecOffIn', { point: mount.point }),
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
      text: say('contact.noClock', { said: facts.get('date')?.join(' ') ?? '' }),
      next: say('next.checkDate'),
    };
  }
  const ahead = seconds * 1000 - (before + after) / 2;
  const sure = Math.max(0, Math.abs(ahead) - (after - before) / 2);
  const text = say('contact.clock', {
    seconds: (Math.abs(ahead) / 1000).toFixed(1),
    ahead: say(ahead > 0 ? 'contact.ahead' : 'contact.behind'),
  });
  if (sure <= (needs.clockMs ?? 2_000)) return info('clock', 'its clock agrees');
  return {
    level: 'ERROR',
    check: 'clock',
    text,
    next: say('next.setByNtp'),
  };
}

function rpmFindings(facts: Facts): ContactFinding[] {
  const said = facts.get('rpm') ?? [];
  if (said.length === 0) return [info('rpm', 'the rpm database answers')];
  if (said[0] === 'none') {
    return [{ level: 'ERROR', check: 'rpm', text: say('host.noRpm'), next: say('next.installRpmOnHost') }];
  }
  return [
    {
      level: 'ERROR',
      check: 'rpm',
      text: say('contact.rpmDatabase', { said: hostSaid(said.join('\n')) }),
      next: say('next.repairRpmDatabase'),
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
      text: say('contact.noCommands', { names }),
      next: say('next.installCore', { names }),
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
