import { randomBytes } from 'node:crypto';
import { PermanentError } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import type { Connection } from './connection';
import { quote } from './quote';
import { type RunResult, refuseKilled, runScript } from './script';
import type { HostProcess, Listener, Observation, ProcessIdentity, Signalled } from './types';

const TRIED = say('process.look');
const MAX_OUTPUT = 32 * 1024 * 1024;

/**
 * Half a list is none: a command that was killed, or is not there, ends the look. 1 and 2 only tell that a process went
 * meanwhile, or that nothing fits: whatever else ends a look ends it with more.
 */
const MOST_HARMLESS = 2;
const WHOLE = `|| { code=$?; [ "$code" -le ${MOST_HARMLESS} ] || exit "$code"; }`;
const UNUSABLE = 3;
const AT_PROC = `cd /proc || exit ${UNUSABLE}\n`;
/**
 * What each process is: its text files by one command, its owner and links by another, for every command costs the host a
 * millisecond. A folder of /proc that everybody may list belongs to the effective user of its process, whatever else is
 * hidden of it (proc(5)). With `sockets`, after LISTENER_ROWS, find tells as well who holds those that listen.
 * In the look's output one part follows a line with the mark. It ends the script: find takes the place of its shell.
 */
const PROCESS_LOOK = (mark: string, sockets = false) => `echo $$
echo ${mark}; grep -aH '' [0-9]*/stat [0-9]*/cmdline ${WHOLE}
echo ${mark}; exec find [0-9]* [0-9]*/exe [0-9]*/cwd ${sockets ? '$folders' : ''} -maxdepth 1 \\
  ! -path '*/*' -prune -printf '%p\\t%U\\0' -o ! -path '*/fd*' -printf '%p\\t%l\\0' ${sockets ? HOLDERS : ''}
`;
/** Rows of listening sockets, and for find: the folders, and what it shall look for. There are few; the loop forks nothing. */
const LISTENER_ROWS = `[ -r net/tcp ] || { echo "/proc/net/tcp cannot be read" >&2; exit ${UNUSABLE}; }
rows=$(grep -hE '^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:0000 0A ' net/tcp net/tcp6 2>/dev/null) ${WHOLE}
echo "$rows"
folders=
set -- -false
inode_of() { inode=\${10}; }
IFS='
'
for row in $rows; do
  IFS=' '
  inode_of $row
  [ "\${inode:-0}" = 0 ] || { folders='[0-9]*/fd'; set -- "$@" -o -lname "socket:?$inode?"; }
done
IFS=' '
`;
const HOLDERS = `-o -path '*/fd/*' \\( "$@" \\) -printf '%p\\t%l\\0'`;

/** A zombie keeps its name but nothing else; it holds no port and no home. */
export function lives({ exe, args }: HostProcess): boolean {
  return exe !== '' || args.length > 0;
}

/**
 * Every process of the host but those of this very look and of the connection's other shells. Read from /proc by two
 * commands, whatever the number of processes. `grep` puts the file's name before each line, so that names and arguments
 * with blanks, parentheses and line breaks stay with their process; processes that end meanwhile are left out.
 */
export async function processes(connection: Connection): Promise<HostProcess[]> {
  return named(connection, await look(connection, (mark) => PROCESS_LOOK(mark)));
}

/** Processes, listening ports, and `path` with symbolic links resolved ('' when it does not exist), in one round trip. */
export async function observe(connection: Connection, path: string): Promise<Observation> {
  // A folder, the usual case, is resolved without a command, and so is what is not there.
  const at = quote(path);
  const resolve = `{ cd -P ${at} && pwd -P; } 2>/dev/null || { [ ! -e ${at} ] && [ ! -L ${at} ]; } || readlink -f -- ${at}\n`;
  const [resolved = '', rows = '', ...parts] = await look(
    connection,
    (mark) => `${resolve}${AT_PROC}echo ${mark}; ${LISTENER_ROWS}echo ${mark}; ${PROCESS_LOOK(mark, true)}`,
  );
  const [, , links = ''] = parts;
  return {
    processes: await named(connection, parts),
    listeners: parseListeners(rows, holders(links)),
    resolved: resolved.replace(/\n$/, ''),
  };
}

/** Sessions of the shells that this connection keeps open on the host. */
function sessionsOf(connection: Connection): Set<string> {
  return new Set(
    connection.shells.stats.map((stat) => stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[3] ?? ''),
  );
}

/** Names of accounts by user id, as they were when first asked for; lasts as long as the connection. */
const accounts = new WeakMap<Connection, Map<string, string>>();

/** What `PROCESS_LOOK` saw, with the users' names; accounts met for the first time cost another round trip. */
async function named(connection: Connection, parts: readonly string[]): Promise<HostProcess[]> {
  const found = parseProcesses(parts, sessionsOf(connection));
  if (found === undefined) {
    throw unreadable(connection.address.ip, say('process.notShown'));
  }
  const names = accounts.get(connection) ?? new Map([['0', 'root']]);
  accounts.set(connection, names);
  const strangers = [...new Set(found.map(({ user }) => user))].filter((uid) => !names.has(uid));
  if (strangers.length > 0) {
    const result = await runScript(connection, `exec getent passwd ${strangers.map(quote).join(' ')}`);
    // 2: one of them has no name.
    if (![0, 2].includes(result.exitCode)) throw lookFailed(connection, result);
    const { stdout } = result;
    for (const uid of strangers) names.set(uid, uid); // has no name
    for (const line of stdout.toString().split('\n').reverse()) {
      const [name, , uid] = line.split(':');
      if (name !== undefined && uid !== undefined) names.set(uid, name);
    }
  }
  return found.map((process) => ({ ...process, user: names.get(process.user) ?? process.user }));
}

/**
 * The parts of `PROCESS_LOOK`, in bytes read as UTF-8, without the look's own session and those in `without`; users as
 * effective user ids; undefined when the look itself is not among them. Pure.
 */
function parseProcesses(parts: readonly string[], without: ReadonlySet<string>): HostProcess[] | undefined {
  const [own = '', texts = '', links = ''] = parts;
  const files = textsByFile(texts);
  const targets = new Map(linkEntries(links));
  const found: (HostProcess & { session: string })[] = [];
  for (const [file, stat] of files) {
    const pid = /^(\d+)\/stat$/.exec(file)?.[1];
    const end = stat.lastIndexOf(') ');
    const fields = stat.slice(end + 2).split(' ');
    const startTime = fields[19];
    if (pid === undefined || end < 0 || startTime === undefined) continue;
    found.push({
      pid: Number(pid),
      ppid: Number(fields[1]),
      comm: stat.slice(stat.indexOf('(') + 1, end),
      args: (files.get(`${pid}/cmdline`) ?? '')
        .replace(/\0$/, '')
        .split('\0')
        .filter((_, at, all) => all.length > 1 || all[at] !== ''),
      user: targets.get(pid) ?? '',
      cwd: targets.get(`${pid}/cwd`) ?? '',
      exe: (targets.get(`${pid}/exe`) ?? '').replace(/ \(deleted\)$/, ''),
      startTime,
      session: fields[3] ?? '',
    });
  }
  const shell = found.find((process) => process.pid === Number(own.trim()));
  // A look that does not see itself sees others no better (no /proc, another pid namespace's, hidepid).
  if (shell === undefined) return undefined;
  return found
    .filter(({ session }) => session !== shell?.session && !without.has(session))
    .map(({ session: _, ...process }) => process);
}

/** What find printed: `<pid>` with the user id of its owner, and links `<pid>/<name>` with where they lead. */
function linkEntries(links: string): [string, string][] {
  return links.split('\0').flatMap((entry): [string, string][] => {
    const tab = entry.indexOf('\t');
    return tab > 0 ? [[entry.slice(0, tab), entry.slice(tab + 1)]] : [];
  });
}

/** Lines `<pid>/fd/<n> socket:[<inode>]` of those entries. */
function holders(links: string): string {
  return linkEntries(links)
    .filter(([name]) => name.includes('/fd/'))
    .map(([name, target]) => `${name} ${target}`)
    .join('\n');
}

/** Lines `<pid>/<file>:<text>` of grep, put together by file. */
function textsByFile(output: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const line of output.split('\n')) {
    const colon = line.indexOf(':');
    const file = line.slice(0, Math.max(colon, 0));
    const before = texts.get(file);
    const text = line.slice(colon + 1);
    texts.set(file, before === undefined ? text : `${before}\n${text}`);
  }
  return texts;
}

/**
 * Listening TCP ports, one entry for each port and owner, from /proc/net/tcp and tcp6 joined to the sockets that
 * processes hold: needs neither ss nor netstat.
 */
export async function listeners(connection: Connection): Promise<Listener[]> {
  const [rows = '', links = ''] = await look(
    connection,
    (mark) => `${LISTENER_ROWS}echo ${mark}
[ -z "$folders" ] || exec find $folders -maxdepth 1 -false ${HOLDERS}
exit 0`,
  );
  return parseListeners(rows, holders(links));
}

/** Rows of /proc/net/tcp{,6} in state LISTEN, and lines `<pid>/fd/<n> socket:[<inode>]`; pure. */
export function parseListeners(rows: string, sockets: string): Listener[] {
  const owners = new Map<string, Set<number>>();
  for (const line of sockets.split('\n')) {
    const match = /^(\d+)\/fd\/\d+ socket:\[(\d+)\]$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    owners.set(match[2], (owners.get(match[2]) ?? new Set()).add(Number(match[1])));
  }
  const found = new Map<string, Listener>();
  for (const row of rows.split('\n')) {
    const fields = row.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    if (Number.isNaN(port) || fields[3] !== '0A') continue;
    const pids: (number | undefined)[] = [...(owners.get(fields[9] ?? '') ?? [])];
    for (const pid of pids.length > 0 ? pids : [undefined]) found.set(`${port}/${pid}`, { port, pid });
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.pid ?? 0) - (b.pid ?? 0));
}

/** Parts of what the script printed, separated by lines `mark`. */
async function look(connection: Connection, scriptOf: (mark: string) => string): Promise<string[]> {
  const mark = `==${randomBytes(12).toString('hex')}`;
  const script = `${AT_PROC}${scriptOf(mark)}`;
  const result: RunResult = await runScript(connection, script, { maxOutput: MAX_OUTPUT });
  if (result.exitCode <= MOST_HARMLESS) return result.stdout.toString().split(`${mark}\n`);
  throw lookFailed(connection, result);
}

/**
 * Sends a signal to this very process. Looking and sending are one script, so that between them no more than a
 * moment of the shell lies; the folder /proc/<pid> that is entered stays that process's, whoever gets its number.
 */
export async function signalProcess(
  connection: Connection,
  { pid, startTime, comm, cwd }: ProcessIdentity,
  name: 'TERM' | 'KILL' | 'USR1',
): Promise<Signalled> {
  const script = `
    cd /proc/${pid} 2>/dev/null || exit ${GONE}
    stat=$(cat stat 2>/dev/null) || exit ${GONE}
    set -- \${stat##*) }
    [ "\${20}" = ${quote(startTime)} ] || exit ${ANOTHER}
    case $1 in [ZXx]) exit ${GONE} ;; esac
    comm=$(cat comm 2>/dev/null) || exit ${GONE}
    [ "$comm" = ${quote(comm)} ] && [ "$(readlink cwd)" = ${quote(cwd)} ] || exit ${ANOTHER}
    kill -${name} ${pid} 2>/dev/null || exit ${GONE}`;
  const result = await runScript(connection, script);
  const tried = say('process.signal', { signal: name, pid });
  refuseKilled(connection.address.ip, tried, result);
  if (result.exitCode === 0) return 'sent';
  if (result.exitCode === GONE) return 'gone';
  if (result.exitCode === ANOTHER) return 'another';
  throw new PermanentError({
    type: 'SignalFailed',
    tried,
    where: connection.address.ip,
    cameBack:
      result.stderr.toString().trim().slice(0, 500) || say('host.exitCode', { code: result.exitCode }),
    next: say('next.checkSignalCommands'),
  });
}

/** Exit codes of the script that sends a signal. */
const GONE = 61;
const ANOTHER = 62;

/** @throws TransientError CommandKilled */
function lookFailed({ address: { ip } }: Connection, result: RunResult): PermanentError {
  refuseKilled(ip, TRIED, result);
  const said = result.stderr.toString().trim().slice(0, 500);
  return unreadable(ip, said || say('host.exitCode', { code: result.exitCode }));
}

function unreadable(where: string, cameBack: Said): PermanentError {
  return new PermanentError({
    type: 'ProcessesUnreadable',
    tried: TRIED,
    where,
    cameBack,
    next: say('next.checkProcAndCommands'),
  });
}
