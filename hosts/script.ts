import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { PermanentError, TransientError } from '../runtime/errors';
import type { Connection } from './connection';
import { SESSION_FUNCTIONS } from './remoteSessions';
import type { ScriptOptions } from './types';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT = 1024 * 1024;
/** How long the remote shell may take to say which process it is, when it is to be killed. */
const STAT_WAIT_MS = 3_000;
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

export interface RunOptions extends ScriptOptions {
  /** Bytes of stdout and stderr together; default 1 MiB. More stops the script and cuts the output. */
  readonly maxOutput?: number;
  /** Receives stdout as it comes; it is then not collected. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Leave the remote process alone on timeout and abort. */
  readonly keepRunning?: boolean;
  /** As the login itself, without sudo. */
  readonly asLogin?: boolean;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Name of an account of the host; RangeError for what no account is called (it stands in a command line). */
export function userName(name: string): string {
  if (!USER_NAME.test(name)) throw new RangeError(`Not a user name: ${JSON.stringify(name)}`);
  return name;
}

/**
 * The constant command that reads a script from stdin as `user` (default root). Given a login that is root it
 * needs no sudo; runuser keeps no session and asks for nothing.
 */
export function shellCommand(login: string, user = 'root'): string {
  if (user === login) return 'sh -s';
  if (login === 'root') return `runuser -u ${userName(user)} -- sh -s`;
  return user === 'root' ? 'sudo -n sh -s' : `sudo -n -u ${userName(user)} -- sh -s`;
}

/**
 * `script` as one compound command: the shell reads it to the end before it runs the first word, so a connection
 * lost half-way runs nothing instead of a cut-off command. Its commands read /dev/null. Messages come in
 * English, the administration commands are on PATH, new files are 0644.
 */
export function wholeScript(script: string, user?: string): string {
  if (script.includes('\0')) throw new RangeError('A script cannot hold a NUL byte.');
  const home = user === undefined ? '' : `HOME=~${userName(user)}; USER=${user}; LOGNAME=${user}; cd /\n`;
  return `{
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH
umask 022
${home}${script}
} </dev/null
`;
}

/**
 * Runs a script by stdin of `sh -s` and collects what it prints. Throws TransientError ScriptTimeout,
 * ConnectionLost (outcome unknown), PermanentError ShellRefused when no shell could be had (sudo, runuser), and the
 * signal's reason. On timeout and abort the whole remote session is killed through another channel, because sshd
 * neither passes signals to root's commands nor ends them with their channel (observed, OpenSSH 9.2).
 */
export async function runScript(
  connection: Connection,
  script: string,
  options: RunOptions = {},
): Promise<RunResult> {
  const { login, user } = who(connection, options);
  const mark = `obflow-${randomBytes(12).toString('hex')}`;
  const hello = `echo ${mark}; IFS= read -r obflow_stat </proc/$$/stat; echo "${mark} $obflow_stat" >&2\n`;
  const text = wholeScript(`${hello}${script}`, user === login || user === 'root' ? undefined : user);
  const where = connection.address.ip;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = AbortSignal.timeout(timeoutMs);
  const stop = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const stopped = () => {
    options.signal?.throwIfAborted();
    throw new TransientError({
      type: 'ScriptTimeout',
      tried: 'run a command',
      where,
      cameBack: `no result within ${timeoutMs} ms`,
      next: 'Check the load of the host; the step is tried again.',
    });
  };
  let channel: ClientChannel;
  try {
    channel = await connection.exec(shellCommand(login, user), stop);
  } catch (error) {
    if (stop.aborted) stopped();
    throw error;
  }
  const output = collect(channel, mark, options);
  channel.end(text);
  const kill = async () => killRemote(connection, await output.processStat(), options);
  const ended = await new Promise<'closed' | 'stopped' | 'full'>((resolve) => {
    const onStop = () => resolve('stopped');
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    output.onFull(() => resolve('full'));
    output.onClose(() => {
      stop.removeEventListener('abort', onStop);
      resolve('closed');
    });
  });
  if (ended === 'stopped') {
    if (options.keepRunning !== true) await kill();
    channel.close();
    stopped();
  }
  if (ended === 'full') {
    await kill();
    channel.close();
    return output.result(137);
  }
  if (output.exitCode() === undefined) throw connection.lostError();
  if (!output.began()) throw shellRefused(where, login, user, output.result(0));
  return output.result(output.exitCode() ?? 0);
}

function who(connection: Connection, options: RunOptions): { login: string; user: string } {
  const login = connection.address.username;
  return { login, user: options.asLogin === true ? login : (options.user ?? 'root') };
}

/** Gathers both streams behind the mark, so that what a login shell prints on its own does not count. */
function collect(channel: ClientChannel, mark: string, options: RunOptions) {
  const limit = options.maxOutput ?? DEFAULT_MAX_OUTPUT;
  const stdout = afterMark(`${mark}\n`, options.onStdout);
  const stderr = afterMark(`${mark} `);
  let full = () => {};
  let told: (() => void) | undefined;
  let code: number | undefined;
  /** The stat line of the remote shell, and what came behind it. */
  const split = () => {
    if (!stderr.found()) return { stat: '', rest: stderr.bytes() };
    const bytes = stderr.bytes();
    const end = bytes.indexOf(10);
    return { stat: bytes.subarray(0, Math.max(end, 0)).toString('latin1'), rest: bytes.subarray(end + 1) };
  };
  const add = (stream: typeof stdout) => (chunk: Buffer) => {
    stream.add(chunk);
    if (stdout.size() + stderr.size() > limit) full();
    if (told !== undefined && split().stat !== '') told();
  };
  channel.on('data', add(stdout));
  channel.stderr.on('data', add(stderr));
  channel.on('error', () => {}); // 'close' follows and decides
  // A fast command's 'exit' event may precede this listener; 'close' waits for the streams to be read.
  const closed = new Promise<void>((resolve) => {
    channel.once('close', (exit: number | null | undefined, signal?: string) => {
      if (exit !== undefined) code = exit ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
      resolve();
    });
  });
  const drained = new Promise<void>((resolve) => channel.stderr.once('close', resolve));
  return {
    began: () => stderr.found(),
    exitCode: () => code,
    onClose: (listener: () => void) => {
      void Promise.all([closed, drained]).then(listener);
    },
    onFull: (listener: () => void) => {
      full = listener;
    },
    /** It may still be on its way when the command is to be killed. */
    processStat: async () => {
      if (split().stat === '') {
        const arrived = new Promise<void>((resolve) => {
          told = resolve;
          setTimeout(resolve, STAT_WAIT_MS).unref();
        });
        await Promise.race([arrived, closed]);
      }
      return split().stat;
    },
    result: (exitCode: number): RunResult => ({
      exitCode,
      stdout: stdout.bytes().subarray(0, limit),
      stderr: split().rest.subarray(0, limit),
    }),
  };
}

/** Collects the bytes behind the first `mark` (all while it has not come); hands them on when `sink` is given. */
function afterMark(mark: string, sink?: (chunk: Buffer) => void) {
  let chunks: Buffer[] = [];
  let size = 0;
  let found = false;
  const keep = (chunk: Buffer) => {
    if (found && sink !== undefined) {
      if (chunk.length > 0) sink(chunk);
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
  };
  return {
    add: (chunk: Buffer) => {
      if (found) {
        keep(chunk);
        return;
      }
      const all = Buffer.concat([...chunks, chunk]);
      const at = all.indexOf(mark);
      chunks = [];
      size = 0;
      found = at >= 0;
      keep(found ? all.subarray(at + Buffer.byteLength(mark)) : all);
    },
    bytes: () => Buffer.concat(chunks),
    found: () => found,
    size: () => size,
  };
}

/** Kills the session of the remote shell whose /proc stat line is given; best effort, bounded to a few seconds. */
async function killRemote(connection: Connection, stat: string, options: RunOptions): Promise<void> {
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const pid = /^\d+/.exec(stat)?.[0];
  const session = /^\d+$/.exec(fields[3] ?? '')?.[0];
  const started = /^\d+$/.exec(fields[19] ?? '')?.[0];
  if (pid === undefined || session === undefined || started === undefined || !connection.alive) return;
  const script = `${SESSION_FUNCTIONS}
look ${pid} && [ "$started" = ${started} ] || exit 0
round=0
while members ${session} && [ "$round" -lt 50 ]; do
  kill -KILL $found 2>/dev/null
  round=$((round + 1)); sleep 0.02 2>/dev/null || sleep 1
done`;
  await runScript(connection, script, {
    timeoutMs: 5_000,
    keepRunning: true,
    ...(options.asLogin === undefined ? {} : { asLogin: options.asLogin }),
  }).catch(() => undefined);
}

function shellRefused(where: string, login: string, user: string, result: RunResult): PermanentError {
  const said = `${result.stderr.toString()}${result.stdout.toString()}`.trim().slice(0, 500);
  const next =
    login === 'root'
      ? `Check that the user ${user} exists on the host and may run a shell.`
      : `Allow ${login} to run sh as ${user} by sudo without a password and without a terminal (NOPASSWD, !requiretty).`;
  return new PermanentError({
    type: 'ShellRefused',
    code: login === 'root' ? 'CMP07037' : 'CMP07002',
    tried: `get a shell as ${user} (login ${login})`,
    where,
    cameBack: said === '' ? 'no shell answered' : said,
    next,
  });
}
