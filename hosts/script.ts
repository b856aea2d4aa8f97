import { randomBytes } from 'node:crypto';
import { withDeadline } from '../runtime/deadline';
import { PermanentError, TransientError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { ownTurn } from '../runtime/ownTurn';
import type { Connection } from './connection';
import { hostSaid } from './login';
import { SESSION_FUNCTIONS } from './remoteSessions';
import { NOT_SH, Shell, type ShellEnd, type ShellTask, wholeScript } from './shell';
import type { ScriptOptions } from './types';
import { userName } from './userName';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT = 1024 * 1024;

export interface RunOptions extends ScriptOptions {
  /** Bytes of stdout and stderr together; default 1 MiB. More stops the script and cuts the output. */
  readonly maxOutput?: number;
  /** Receives stdout as it comes; it is then not collected. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Leave the remote process alone on timeout and abort. */
  readonly keepRunning?: boolean;
  /** As the login itself, without sudo. */
  readonly asLogin?: boolean;
  /** In a shell of its own, whatever the user, and on a new connection rather than waiting for a channel. */
  readonly urgent?: boolean;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * The constant command that reads a script from stdin as `user` (default root). Given a login that is root it
 * needs no sudo; runuser keeps no session and asks for nothing.
 */
export function shellCommand(login: string, user = 'root'): string {
  if (user === login) return 'sh -s';
  // runuser lies in sbin, which a login's PATH need not have.
  if (login === 'root')
    return `sh -c 'PATH="$PATH:/usr/sbin:/sbin"; exec runuser -u ${userName(user)} -- sh -s'`;
  return user === 'root' ? 'sudo -n sh -s' : `sudo -n -u ${userName(user)} -- sh -s`;
}

/**
 * Runs a script by stdin of a `sh -s` and collects what it prints. Root's shells serve one script after another (see
 * hosts/shells.ts), and start another user's by the way, which spares the host a channel; the login's own serve one. Throws TransientError ScriptTimeout, ConnectionLost and ShellKilled
 * (outcome unknown), PermanentError ShellRefused when no shell could be had (sudo, runuser), and the signal's reason.
 * On timeout and abort the whole remote session is killed through another channel, because sshd neither passes
 * signals to root's commands nor ends them with their channel (observed, OpenSSH 9.2).
 */
export function runScript(
  connection: Connection,
  script: string,
  options: RunOptions = {},
): Promise<RunResult> {
  return withDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal, (stop) =>
    runUntil(connection, script, options, stop),
  );
}

async function runUntil(
  connection: Connection,
  script: string,
  options: RunOptions,
  stop: AbortSignal,
): Promise<RunResult> {
  const { login, user } = who(connection, options);
  const where = connection.address.ip;
  const asLogin = user === login && login !== 'root';
  const shared = !asLogin && options.urgent !== true;
  const shellUser = shared ? 'root' : user;
  const stopped = (shell?: Shell) => {
    options.signal?.throwIfAborted();
    // A forced command talks and never comes to the script; a slow host says nothing.
    const output = shell === undefined || shell.began ? undefined : shell.output();
    if (output !== undefined && output.stdout.length + output.stderr.length > 0)
      throw shellRefused(where, login, shellUser, { exitCode: 0, ...output });
    throw new TransientError({
      type: 'ScriptTimeout',
      tried: say('shell.run'),
      where,
      cameBack: say('shell.noResult', {
        ms: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        shell: shell?.began === false ? say('shell.notEvenShell') : '',
      }),
      next:
        shell?.began === false ? say('next.checkLoadAndShell', { forced: FORCED }) : say('next.checkLoad'),
    });
  };
  const other = shared && user !== 'root' ? otherUser(script, user) : undefined;
  const task: ShellTask = {
    script: other?.script ?? script,
    limit: options.maxOutput ?? DEFAULT_MAX_OUTPUT,
    onStdout: options.onStdout,
    last: !shared,
  };
  for (;;) {
    let shell: Shell;
    try {
      shell = shared
        ? await connection.shells.take(shellCommand(login), stop)
        : new Shell(
            options.urgent === true
              ? await connection.execUrgently(shellCommand(login, user))
              : await connection.exec(shellCommand(login, user), stop),
          );
    } catch (error) {
      if (stop.aborted) stopped();
      throw error;
    }
    const known = shell.stat !== '';
    let end: ShellEnd | 'stopped' | undefined;
    try {
      end = await unlessStopped(shell.run(task), stop);
      await ownTurn();
      // What kills is not killed: a host that answers everything with noise would be asked without end.
      const full = end !== 'stopped' && end.how === 'full' && options.urgent !== true;
      const kill = end === 'stopped' ? options.keepRunning !== true : full;
      if (kill) await killRemote(connection, await shell.processStat(), options);
    } finally {
      const sound = end !== undefined && end !== 'stopped' && end.how === 'done';
      if (shared) connection.shells.giveBack(shell, sound);
      else if (!sound) shell.close();
    }
    if (end === 'stopped') return stopped(shell);
    if (end.how === 'done') {
      const result = { exitCode: end.exitCode, ...shell.output() };
      if (other === undefined) return result;
      const stderr = other.began(result.stderr);
      if (stderr !== undefined) return { ...result, stderr };
      if (end.exitCode > 128) throw shellKilled(where, login, end.exitCode);
      throw shellRefused(where, login, user, result);
    }
    if (end.how === 'full') {
      // A login script that prints without end.
      if (!shell.began) throw shellRefused(where, login, shellUser, { exitCode: 0, ...shell.output() });
      return { exitCode: 137, ...shell.output() };
    }
    if (end.exitCode === undefined) throw connection.lostError();
    // Of a script whose first mark never came nothing has run: the shell had ended while it lay idle.
    if (known && !shell.began) continue;
    // By a signal: memory was short, or somebody's hand. What the script said until then is no answer.
    if (end.exitCode > 128) throw shellKilled(where, login, end.exitCode);
    if (!shell.began) throw shellRefused(where, login, shellUser, { exitCode: 0, ...shell.output() });
    return { exitCode: end.exitCode, ...shell.output() };
  }
}

/**
 * The script as another user's, for root's shell, in place of the subshell that every script there gets. It says on stderr
 * that it has begun; `began` answers what came besides, or undefined when that user got no shell.
 */
function otherUser(script: string, user: string) {
  const mark = `obflow-user-${randomBytes(12).toString('hex')}`;
  const body = wholeScript(`echo ${mark} >&2\n${script}`, user);
  return {
    script: `exec runuser -u ${userName(user)} -- sh -s <<'END_${mark}'\n${body}END_${mark}`,
    began(stderr: Buffer): Buffer | undefined {
      const line = `${mark}\n`;
      const at = stderr.indexOf(line);
      if (at < 0) return undefined;
      return Buffer.concat([stderr.subarray(0, at), stderr.subarray(at + line.length)]);
    },
  };
}

function unlessStopped(run: Promise<ShellEnd>, stop: AbortSignal): Promise<ShellEnd | 'stopped'> {
  return new Promise((resolve, reject) => {
    const onStop = () => resolve('stopped');
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    run.then(resolve, reject).finally(() => stop.removeEventListener('abort', onStop));
  });
}

function who(connection: Connection, options: RunOptions): { login: string; user: string } {
  const login = connection.address.username;
  return { login, user: options.asLogin === true ? login : (options.user ?? 'root') };
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
    urgent: true,
    ...(options.asLogin === undefined ? {} : { asLogin: options.asLogin }),
  }).catch(() => undefined);
}

const SHORT_OF_MEMORY = say('next.shortOfMemory');

function shellKilled(where: string, login: string, exitCode: number): TransientError {
  const cameBack = say('shell.killed', { code: exitCode });
  const tried = say('shell.run');
  const next = login === 'root' ? SHORT_OF_MEMORY : say('next.shortOfMemoryOrTime');
  return new TransientError({ type: 'ShellKilled', tried, where, cameBack, next });
}

/**
 * For a script that may be repeated: when one of its commands was ended by a signal, nobody need repair anything.
 * @throws TransientError CommandKilled
 */
export function refuseKilled(where: string, tried: Text, { exitCode }: Pick<RunResult, 'exitCode'>): void {
  if (exitCode <= 128 || exitCode > 128 + 64) return;
  const cameBack = say('shell.commandKilled', { code: exitCode });
  throw new TransientError({ type: 'CommandKilled', tried, where, cameBack, next: SHORT_OF_MEMORY });
}

const FORCED = say('shell.forced');

/** What to do, from what came instead of a shell. */
function shellNext(said: string, login: string, user: string): Text {
  if (/password.*(expired|change)|(expired|change).*password/i.test(said)) {
    const account = login === 'root' || user === 'root' ? login : user;
    return say('next.setNewPasswordIfAny', { account });
  }
  if (/account is currently not available|nologin/i.test(said)) {
    return say('next.giveShell', { user });
  }
  if (login !== 'root' && /sudo\S* .*not found|not found.*sudo/i.test(said)) {
    return say('next.installSudo');
  }
  if (login !== 'root' && (said === '' || /sudo/i.test(said))) {
    return say('next.allowSudo', { login, user });
  }
  if (login === 'root' && user !== 'root' && user !== login) {
    return say('next.checkUserShell', { user });
  }
  return say('next.takeObstacleAway', { login, forced: FORCED });
}

function shellRefused(where: string, login: string, user: string, result: RunResult): PermanentError {
  const output = `${result.stderr.toString()}\n${result.stdout.toString()}`;
  const said = hostSaid(output);
  // A login script has put it there; what else came are its prompts.
  const program = new RegExp(`${NOT_SH} \\d+ \\((.{1,15})\\) `).exec(output)?.[1];
  const other = program === undefined ? undefined : say('shell.otherProgram', { program });
  return new PermanentError({
    type: 'ShellRefused',
    code: login === 'root' ? 'CMP07037' : 'CMP07002',
    tried: say('shell.get', { user, login }),
    where,
    cameBack: other ?? (said === '' ? say('shell.silent') : say('ssh.hostSays', { said })),
    next: shellNext(said, login, user),
  });
}
