/**
 * A hot restart: the proxy starts bin/obproxy of its home as a new process, hands its ports over, and leaves when its sessions
 * have ended; nobody notices. It says nothing about a failure but in its log, so every step is proved by looking.
 *
 *  1. The program of the home runs as the new process will run it: in the home, with an empty environment.
 *  2. What is there is noted on the host before anything is changed: the serving process with its start time, and the
 *     hot_upgrade_rollback_timeout it had.
 *  3. That timeout is shortened: for so long nobody is served when the new program hangs (a day by default).
 *  4. The command is given, and a process that was not there shows up, owns the SQL port and answers itself.
 *  5. The timeout is put back, in the new process.
 *  6. The former process leaves by itself. It is never signalled: its clients are in the midst of their work.
 */

import { quote } from '../../hosts/quote';
import type { Host, HostProcess } from '../../hosts/types';
import { milliseconds, type UpgradeInfo } from '../../oceanbase/handOver';
import { maskHashes } from '../../oceanbase/passwords';
import { type PermanentError, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { troublesOf } from '../host/trouble';
import { type HotNote, type HotProxy, type HotScope, readHotNote, writeHotNote } from './hotProxy';
import {
  isSameProcess,
  lookForProxies,
  type ProcessIdentity,
  type ProxyProcesses,
  processText,
} from './process';

/** For so long nobody is served when the new program hangs. */
const ROLLBACK_MS = 120_000;
const ROLLBACK = '120s';
/** An answer of a proxy that serves takes a tenth of a second; one in the midst of a hot restart gives none. */
const LOGIN_MS = 3_000;
const LOOK_MS = 500;
/** Times that the command is given: it is dropped without a word when it comes at the wrong moment. */
const MOST_COMMANDS = 2;
/** Beside the time that its sessions have, the former process needs up to a second and a half (OBProxy 4.3.1, observed). */
const GRACE_MS = 10_000;

const trouble = troublesOf(say('hot.restart'));

/** Whether this very process listens on the port. During a hot restart two do, and both own it. */
function listensOn(look: ProxyProcesses, port: number, { pid }: ProcessIdentity): boolean {
  return look.listeners.some((listener) => listener.port === port && listener.pid === pid);
}

function identityOf({ pid, startTime }: HostProcess): ProcessIdentity {
  return { pid, startTime };
}

/** Notes what is there, unless an attempt of this run has; nothing is changed yet. */
async function begun(scope: HotScope, proxy: HotProxy): Promise<HotNote> {
  const { host, home, sqlPort } = proxy;
  const before = await readHotNote(scope, proxy);
  if (before !== undefined) {
    if (before.run === scope.input.run || before.servedAt !== undefined) return before;
    // A person's retry of what failed: the command may be given again, and only what is logged from now on counts.
    const again = { ...before, run: scope.input.run, commands: 0, logBytes: await logBytes(host, home) };
    await writeHotNote(scope, proxy, again);
    return again;
  }
  const look = await lookForProxies(host, home);
  const admin = await proxy.login(10_000);
  try {
    const pid = await admin.processId();
    // Of two that own the port the one that answers; the other is leaving.
    const serving = look.own.find(
      (one) => (pid === undefined || one.pid === pid) && listensOn(look, sqlPort, one),
    );
    if (serving === undefined) {
      const seen = look.own.length === 0 ? say('hot.noProcess') : look.own.map(processText).join('; ');
      const text = say('hot.notListening', {
        ...{ seen, home: look.home, port: sqlPort, pid: pid ?? say('hot.unknownPid') },
      });
      throw trouble(host, 'ProcessNotFound', text, say('next.seeWhatRuns'), 'ODP21017');
    }
    const shown = async (name: string) => (await admin.showConfig(name))?.value;
    const note: HotNote = {
      run: scope.input.run,
      process: identityOf(serving),
      present: look.own.map(identityOf),
      rollbackTimeout: (await shown('hot_upgrade_rollback_timeout')) ?? '24h',
      exitTimeout: (await shown('hot_upgrade_exit_timeout')) ?? '',
      checkInterval: milliseconds((await shown('proxy_hot_upgrade_check_interval')) ?? '') ?? 5_000,
      logBytes: await logBytes(host, home),
      commands: 0,
    };
    await writeHotNote(scope, proxy, note);
    return note;
  } finally {
    admin.close();
  }
}

async function logBytes(host: Host, home: string): Promise<number> {
  const { stdout } = await host.sh(`wc -c <${quote(`${home}/log/obproxy.log`)} 2>/dev/null || echo 0`);
  return Number(stdout.trim()) || 0;
}

/** What the log says of children that ended, since the note was taken; the only trace of a failure. */
async function childrenEnded({ host, home }: HotProxy, note: HotNote): Promise<string[]> {
  const { stdout } = await host.sh(`
    log=${quote(`${home}/log/obproxy.log`)}
    [ -r "$log" ] || exit 0
    from=${note.logBytes}
    [ "$(wc -c <"$log")" -ge "$from" ] || from=0
    tail -c "+$((from + 1))" "$log" | grep -a 'sub process exit' | cut -c1-400 | tail -n 3
    exit 0`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Whom a login reaches, or undefined when nobody answers just now. */
async function whoAnswers(
  scope: HotScope,
  proxy: HotProxy,
): Promise<(UpgradeInfo & { readonly pid: number | undefined }) | undefined> {
  try {
    const admin = await proxy.login(LOGIN_MS);
    try {
      return { ...(await admin.upgradeInfo()), pid: await admin.processId() };
    } finally {
      admin.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof TransientError) return undefined;
    throw error;
  }
}

async function giveCommand(scope: HotScope, proxy: HotProxy, note: HotNote): Promise<HotNote> {
  const admin = await proxy.login(10_000);
  try {
    if ((milliseconds(note.rollbackTimeout) ?? Number.POSITIVE_INFINITY) > ROLLBACK_MS) {
      await admin.alter('hot_upgrade_rollback_timeout', ROLLBACK);
    }
    const given = { ...note, commands: note.commands + 1 };
    await writeHotNote(scope, proxy, given);
    await admin.localCommand(2);
    scope.log.info(
      say('hot.asked', { pid: note.process.pid, seconds: Math.ceil(note.checkInterval / 1000) }),
    );
    return given;
  } finally {
    admin.close();
  }
}

/**
 * Restarts the proxy hot, at most once however often it is called for one task, and resolves to the process that serves then.
 * To be called when `proveProgram` and `proveReady` have said yes.
 *
 * A proxy that somebody else started anew meanwhile (its keeper after a crash, a reboot of the host) is what was wished, with
 * a warning: its sessions are lost, and no retry brings them back.
 *
 * @throws PermanentError HotRestartFailed when the new process ended or hung and the former one serves as before,
 * HotRestartIgnored when the proxy takes no notice; in both cases nothing but time is lost, and hot_upgrade_rollback_timeout
 * is as it was
 */
export async function hotRestart(scope: HotScope, proxy: HotProxy): Promise<HostProcess> {
  const { host, sqlPort } = proxy;
  let note = await begun(scope, proxy);
  let askedAt = Date.now();
  let seenAt: number | undefined;
  for (;;) {
    const look = await lookForProxies(host, proxy.home);
    const successors = look.own.filter((one) => !note.present.some((before) => isSameProcess(before, one)));
    const successor = successors.find((one) => listensOn(look, sqlPort, one)) ?? successors[0];
    const isFormerThere = look.own.some((one) => isSameProcess(one, note.process));
    if (successor !== undefined) {
      seenAt ??= Date.now();
      const answer = listensOn(look, sqlPort, successor) ? await whoAnswers(scope, proxy) : undefined;
      if (answer !== undefined && (answer.pid ?? successor.pid) === successor.pid) {
        if (answer.inherited || !isFormerThere) {
          return arrived(scope, proxy, note, successor, answer.inherited);
        }
      }
      if (Date.now() - seenAt > ROLLBACK_MS + 3 * note.checkInterval + GRACE_MS) {
        const text = say('hot.hangs', { process: processText(successor) });
        const next = say('next.endChild', { pid: successor.pid });
        throw await failed(scope, proxy, note, 'HotRestartFailed', text, next);
      }
    } else {
      seenAt = undefined;
      const ended = await childrenEnded(proxy, note);
      const waited = Date.now() - askedAt;
      if (note.commands > 0 && ended.length > 0 && isFormerThere) {
        const said = maskHashes(ended.join('; '));
        const text = say('hot.childEnded', { pid: note.process.pid, said });
        const next = say('next.lookBeforeLine');
        throw await failed(scope, proxy, note, 'HotRestartFailed', text, next);
      }
      if (note.commands === 0 || (isFormerThere && waited > 3 * note.checkInterval + LOOK_MS)) {
        if (note.commands >= MOST_COMMANDS) {
          const text = say('hot.ignored', { pid: note.process.pid, times: note.commands });
          const next = say('next.coldOrRetry');
          throw await failed(scope, proxy, note, 'HotRestartIgnored', text, next);
        }
        note = await giveCommand(scope, proxy, note);
        askedAt = Date.now();
      } else if (!isFormerThere && waited > 60_000) {
        const text = say('hot.gone', { pid: note.process.pid });
        throw trouble(host, 'ObproxyGone', text, say('next.startIt'), 'ODP21017');
      }
    }
    await scope.pause(LOOK_MS);
  }
}

/** The new process serves: the timeout is put back there, and when is noted. */
async function arrived(
  scope: HotScope,
  proxy: HotProxy,
  note: HotNote,
  process: HostProcess,
  inherited: boolean,
): Promise<HostProcess> {
  if (inherited) {
    scope.log.info(
      say('hot.inherited', {
        ...{ process: processText(process), port: proxy.sqlPort, pid: note.process.pid },
      }),
    );
  } else {
    scope.log.warn(say('hot.startedAnew', { pid: note.process.pid, process: processText(process) }));
  }
  if (note.servedAt !== undefined) return process;
  await restoreRollbackTimeout(scope, proxy);
  await writeHotNote(scope, proxy, { ...note, servedAt: Date.now() });
  return process;
}

/** What failed, after the timeout is back in the process that serves as before. */
async function failed(
  scope: HotScope,
  proxy: HotProxy,
  note: HotNote,
  type: string,
  text: Text,
  next: Text,
): Promise<PermanentError> {
  // The former process takes over at its next check.
  const deadline = Date.now() + 2 * note.checkInterval + GRACE_MS;
  for (;;) {
    try {
      await restoreRollbackTimeout(scope, proxy);
      return trouble(proxy.host, type, text, next, 'ODP10001');
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      if (Date.now() > deadline) {
        const stays = say('hot.timeoutStays', {
          ...{ text, port: proxy.sqlPort, now: ROLLBACK, former: note.rollbackTimeout },
        });
        return trouble(proxy.host, type, stays, next, 'ODP10001');
      }
      await scope.pause(LOOK_MS);
    }
  }
}

/**
 * Puts hot_upgrade_rollback_timeout back as this task found it, in whatever process serves: at the end, and for undos. Nothing
 * when the task has noted none. A command that has not been taken up yet is taken back first: the timeout counts as it is when
 * the new process is made (OBProxy's source), and without ours a program that hangs would cost a day.
 *
 * @throws TransientError ObproxyNotReady while nobody answers
 */
export async function restoreRollbackTimeout(scope: HotScope, proxy: HotProxy): Promise<void> {
  const note = await readHotNote(scope, proxy);
  if (note === undefined) return;
  const admin = await proxy.login(10_000);
  try {
    await admin.localCommand(0);
    const shown = await admin.showConfig('hot_upgrade_rollback_timeout');
    if (shown === undefined || shown.value === note.rollbackTimeout) return;
    await admin.alter('hot_upgrade_rollback_timeout', note.rollbackTimeout);
    scope.log.info(say('hot.timeoutBack', { value: note.rollbackTimeout }));
  } finally {
    admin.close();
  }
}
