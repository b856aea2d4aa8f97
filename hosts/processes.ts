import { randomBytes } from 'node:crypto';
import { PermanentError } from '../runtime/errors';
import type { Connection } from './connection';
import { quote } from './quote';
import { type RunResult, runScript } from './script';
import type { HostProcess, Listener, Observation } from './types';

const MAX_OUTPUT = 32 * 1024 * 1024;

/** Prints what `parseProcesses` reads: one part after each mark. */
function processScript(mark: string): string {
  return `echo $$
echo ${mark}; grep -aH '' [0-9]*/stat
echo ${mark}; grep -aH '^Uid:' [0-9]*/status
echo ${mark}; getent passwd $(sed -n 's/^Uid:[[:blank:]]*[0-9]*[[:blank:]]*\\([0-9]*\\).*/\\1/p' [0-9]*/status | sort -u)
echo ${mark}; find [0-9]*/exe [0-9]*/cwd -maxdepth 0 -printf '%p\\t%l\\0'
echo ${mark}; grep -aH '' [0-9]*/cmdline
`;
}
const PROCESS_PARTS = 6;

/**
 * Every process of the host but those of this very look and of the connection's other shells. Read from /proc by a handful of commands, whatever
 * the number of processes. `grep` puts the file's name before each line, so that names and arguments with blanks,
 * parentheses and line breaks stay with their process; processes that end meanwhile are left out.
 */
export async function processes(connection: Connection): Promise<HostProcess[]> {
  return parseProcesses(await look(connection, processScript), sessionsOf(connection));
}

/** Processes, listening ports, and `path` with symbolic links resolved ('' when it does not exist), in one round trip. */
export async function observe(connection: Connection, path: string): Promise<Observation> {
  const parts = await look(
    connection,
    (mark) =>
      `${processScript(mark)}echo ${mark}; ${listenerScript(mark)}echo ${mark}; readlink -f -- ${quote(path)}\n`,
  );
  const [rows = '', sockets = '', resolved = ''] = parts.slice(PROCESS_PARTS);
  return {
    processes: parseProcesses(parts.slice(0, PROCESS_PARTS), sessionsOf(connection)),
    listeners: parseListeners(rows, sockets),
    resolved: resolved.replace(/\n$/, ''),
  };
}

/** Sessions of the shells that this connection keeps open on the host. */
function sessionsOf(connection: Connection): Set<string> {
  return new Set(
    connection.shells.stats.map((stat) => stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[3] ?? ''),
  );
}

/** The parts printed above, in bytes read as UTF-8, without the look's own session and those in `without`; pure. */
export function parseProcesses(parts: readonly string[], without: ReadonlySet<string>): HostProcess[] {
  const [own = '', stats = '', statuses = '', accounts = '', links = '', commands = ''] = parts;
  const users = new Map<string, string>();
  for (const line of accounts.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && !users.has(uid)) users.set(uid, name);
  }
  const uids = linesByPid(statuses, 'status');
  const args = linesByPid(commands, 'cmdline');
  const targets = new Map<string, string>();
  for (const entry of links.split('\0')) {
    const tab = entry.indexOf('\t');
    if (tab > 0) targets.set(entry.slice(0, tab), entry.slice(tab + 1));
  }
  const found: (HostProcess & { session: string })[] = [];
  for (const [pid, stat] of linesByPid(stats, 'stat')) {
    const end = stat.lastIndexOf(') ');
    const fields = stat.slice(end + 2).split(' ');
    const startTime = fields[19];
    if (end < 0 || startTime === undefined) continue;
    const uid = uids.get(pid)?.split(/\s+/)[2] ?? '';
    found.push({
      pid: Number(pid),
      ppid: Number(fields[1]),
      comm: stat.slice(stat.indexOf('(') + 1, end),
      args: (args.get(pid) ?? '')
        .replace(/\0$/, '')
        .split('\0')
        .filter((_, at, all) => all.length > 1 || all[at] !== ''),
      user: users.get(uid) ?? uid,
      cwd: targets.get(`${pid}/cwd`) ?? '',
      exe: (targets.get(`${pid}/exe`) ?? '').replace(/ \(deleted\)$/, ''),
      startTime,
      session: fields[3] ?? '',
    });
  }
  const shell = found.find((process) => process.pid === Number(own.trim()));
  return found
    .filter(({ session }) => session !== shell?.session && !without.has(session))
    .map(({ session: _, ...process }) => process);
}

/** Lines `<pid>/<file>:<text>` of grep, put together by pid. */
function linesByPid(output: string, file: string): Map<string, string> {
  const texts = new Map<string, string>();
  const prefix = new RegExp(`^(\\d+)/${file}:`);
  for (const line of output.split('\n')) {
    const match = prefix.exec(line);
    if (match?.[1] === undefined) continue;
    const text = line.slice(match[0].length);
    const before = texts.get(match[1]);
    texts.set(match[1], before === undefined ? text : `${before}\n${text}`);
  }
  return texts;
}

function listenerScript(mark: string): string {
  return `rows=$(grep -hE '^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:0000 0A ' net/tcp net/tcp6 2>/dev/null)
echo "$rows"
echo ${mark}
sockets=$(echo "$rows" | sed -nE 's/^ *[0-9]+: ([^ ]+ +){8}([0-9]+) .*/socket:[\\2]/p')
[ -z "$sockets" ] || find [0-9]*/fd -maxdepth 1 -lname 'socket:*' -printf '%p %l\\n' 2>/dev/null | grep -F "$sockets"
`;
}

/**
 * Listening TCP ports, one entry for each port and owner, from /proc/net/tcp and tcp6 joined to the sockets that
 * processes hold: needs neither ss nor netstat.
 */
export async function listeners(connection: Connection): Promise<Listener[]> {
  const [rows = '', sockets = ''] = await look(connection, listenerScript);
  return parseListeners(rows, sockets);
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
  const script = `cd /proc || exit\n${scriptOf(mark)}exit 0`;
  const result: RunResult = await runScript(connection, script, { maxOutput: MAX_OUTPUT });
  if (result.exitCode === 0) return result.stdout.toString().split(`${mark}\n`);
  throw new PermanentError({
    type: 'ProcessesUnreadable',
    tried: 'look at the processes',
    where: connection.address.ip,
    cameBack: result.stderr.toString().trim().slice(0, 500) || `exit code ${result.exitCode}`,
    next: 'Check that /proc is mounted and the login (or sudo) is root.',
  });
}
