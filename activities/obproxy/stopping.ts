/**
 * Ending the process of a proxy. A signal goes to the process that was noted before, by its pid and the time of its start,
 * with the recorded home as its folder: other proxies of the host go on.
 */
import type { Host, HostProcess } from '../../hosts/types';
import { canHandOver, exitTimeoutMs } from '../../oceanbase/handOver';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { endsAs } from '../common/work';
import { troublesOf } from '../host/trouble';
import type { SubtaskScope } from '../types';
import { stopKeepers } from './keepers';
import { addToNote, type EndingNote, workNote } from './notes';
import { isSameProcess, lookForProxies, processText } from './process';
import { administer, type ObproxyInstance, workedProxy } from './proxy';

/** OBProxy 4.3.1 needs up to 3 s after SIGTERM (observed). */
const TERM_MS = 10_000;
const KILL_MS = 5_000;
/** Beside the time that sessions have. */
const GRACE_MS = 10_000;
/** hot_upgrade_exit_timeout of -1 is for ever, and of at most a day: nobody waits so long for a stop. */
export const LONGEST_DRAIN_MS = 600_000;
/** A keeper that nobody knows looks about once a second; nobody may have started the proxy again in this time. */
const WATCH_MS = 3_000;
/** So long an attempt waits itself; what takes longer is looked at again by the next one. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 400;

const trouble = troublesOf(say('obproxy.stop'));

/** The process and who started it, up to the first process of the host. */
function chainText(process: HostProcess, all: readonly HostProcess[], steps = 10): Text {
  const parent = all.find(({ pid }) => pid === process.ppid);
  if (parent === undefined || steps === 0) return processText(process);
  return say('process.childOf', {
    process: processText(process),
    parent: chainText(parent, all, steps - 1),
  });
}

/** The one process of the home, or undefined. PermanentError when there are several: nobody knows which is meant. */
export async function theProcess(host: Host, home: string): Promise<HostProcess | undefined> {
  const { own } = await lookForProxies(host, home);
  if (own.length <= 1) return own[0];
  throw trouble(
    host,
    'ProcessExists',
    say('obproxy.severalLive', { count: own.length, home, processes: own.map(processText) }),
    say('next.endTheOther'),
    'COM32001',
  );
}

/** How many sessions of clients are open, and how long they may go on. */
export interface Sessions {
  readonly open: number;
  /** Milliseconds; Infinity: for ever. */
  readonly drainMs: number;
}

/** What the proxy itself tells of its sessions. */
export async function readSessions(admin: ObproxyAdmin): Promise<Sessions> {
  const open = await admin.clientSessions();
  const shown = await admin.showConfig('hot_upgrade_exit_timeout');
  return { open, drainMs: exitTimeoutMs(shown?.value) };
}

/** Undefined when the proxy does not answer: it serves nobody, then. */
async function sessionsOf(scope: SubtaskScope, proxy: ObproxyInstance): Promise<Sessions | undefined> {
  try {
    const admin = await administer(scope, proxy);
    try {
      return await readSessions(admin);
    } finally {
      admin.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    scope.log.warn(say('sessions.untold', { reason: error.said }));
    return undefined;
  }
}

/** SIGUSR1 lets transactions end, but new logins hang until the process is gone, so it is for open sessions only. */
async function choose(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  process: HostProcess,
  gently: boolean,
): Promise<EndingNote> {
  const sessions = await sessionsOf(scope, proxy);
  const atOnce = (why: Text): EndingNote => {
    scope.log.info(say('sessions.atOnce', { process: processText(process), why }));
    return endingAt(process, Date.now());
  };
  if (sessions === undefined) return atOnce(say('sessions.noAnswer'));
  if (sessions.open === 0) return atOnce(say('sessions.none'));
  const open = say('sessions.open', { count: sessions.open });
  if (!gently) return atOnce(say('sessions.cut', { open }));
  if (!canHandOver(proxy.version)) return atOnce(say('sessions.tooOld', { open, version: proxy.version }));
  // The leaving process sends SIGUSR2 to a parent, and a shell or supervisor dies of it (OBProxy 4.3.1, observed).
  if (process.ppid !== 1) return atOnce(say('sessions.parent', { open, pid: process.ppid }));
  const drainMs = Math.min(sessions.drainMs, LONGEST_DRAIN_MS);
  scope.log.info(say('sessions.mayEnd', { open, seconds: Math.round(drainMs / 1000) }));
  if (drainMs < sessions.drainMs) {
    scope.log.warn(say('sessions.longer', { seconds: LONGEST_DRAIN_MS / 1000 }));
  }
  return endingAt(process, Date.now() + drainMs + GRACE_MS);
}

/**
 * Ends the proxy of the home as it was decided when this run first looked, and returns when it is gone. To be called
 * again after any interruption; a wait of more than a minute ends the attempt (`scope.notYet`).
 *
 * @param gently transactions of open sessions may end before they are cut
 * @param wasKept a keeper has been at work until now, which may have started the proxy again (after a reboot, say)
 * @throws PermanentError ObproxyComesBack when somebody starts it again, ProcessDoesNotEnd when not even SIGKILL ends it
 */
export async function endProxy(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  { gently, wasKept }: { readonly gently: boolean; readonly wasKept: boolean },
): Promise<void> {
  const process = await theProcess(host, home);
  if (process === undefined) {
    scope.log.info(say('obproxy.noProcessLeft'));
    return;
  }
  // A person's retry decides anew: who started the proxy again may have been stopped since.
  const key = `${scope.input.subtaskId}.${scope.input.run}`;
  const { endings = {} } = await workNote(scope, host, proxy);
  let note = endings[key];
  if (note === undefined || (wasKept && !isSameProcess(note.process, process))) {
    note = await choose(scope, proxy, process, gently);
    await addToNote(scope, host, proxy, { endings: { ...endings, [key]: note } });
  }
  await ended(scope, host, home, note, gently ? WATCH_MS : 0);
}

function endingAt({ pid, startTime, comm, cwd }: HostProcess, until: number): EndingNote {
  return { process: { pid, startTime, comm, cwd }, until };
}

/** SIGUSR1 until the deadline, then SIGTERM, then SIGKILL; then it is watched whether somebody starts it again. */
async function ended(
  scope: SubtaskScope,
  host: Host,
  home: string,
  { process, until }: EndingNote,
  watchMs: number,
): Promise<void> {
  let goneSince: number | undefined;
  const attemptEnds = Date.now() + PATIENCE_MS;
  const sentAt = new Map<'USR1' | 'TERM' | 'KILL', number>();
  const send = async (signal: 'USR1' | 'TERM' | 'KILL') => {
    if (sentAt.has(signal)) return;
    sentAt.set(signal, Date.now());
    await host.signal(process, signal);
    scope.log.info(say('process.signalled', { signal, pid: process.pid }));
  };
  for (;;) {
    const look = await lookForProxies(host, home);
    const stranger = look.own.find((one) => !isSameProcess(one, process));
    if (stranger !== undefined) {
      const chain = chainText(stranger, look.all);
      const text = say('obproxy.comesBack', { pid: process.pid, home, chain });
      const next = say('next.stopWhoStarts');
      throw trouble(host, 'ObproxyComesBack', text, next, 'COM32001');
    }
    const now = Date.now();
    if (look.own.length === 0) {
      goneSince ??= now;
      if (now - goneSince < watchMs) {
        await scope.pause(LOOK_MS);
        continue;
      }
      scope.log.info(say('process.isGone', { pid: process.pid }));
      return;
    }
    const since = (signal: 'TERM' | 'KILL') => now - (sentAt.get(signal) ?? now);
    if (now < until) {
      await send('USR1');
      // The text stays the same, so that it is logged once.
      if (now > attemptEnds) scope.notYet(say('process.letsEnd', { pid: process.pid }), { afterSeconds: 2 });
    } else if (since('KILL') > KILL_MS) {
      const seconds = Math.round(since('KILL') / 1000);
      const text = say('process.afterKill', { processes: look.own.map(processText), seconds });
      throw trouble(host, 'ProcessDoesNotEnd', text, say('next.lookAtProcess'));
    } else {
      await send(since('TERM') > TERM_MS ? 'KILL' : 'TERM');
    }
    await scope.pause(LOOK_MS);
  }
}

/** For undos of a first start: TERM, then KILL after 10 s; returns when no process of the home is left. */
export async function endProxies(scope: SubtaskScope, host: Host, home: string): Promise<void> {
  const started = Date.now();
  const sent = new Map<number, string>();
  for (;;) {
    const { own } = await lookForProxies(host, home);
    if (own.length === 0) return;
    const elapsed = Date.now() - started;
    if (elapsed > 30_000) {
      const text = say('process.doesNotEnd', { processes: own.map(processText) });
      throw trouble(host, 'ProcessDoesNotEnd', text, say('next.lookAtProcessAndRollBack'));
    }
    const signal = elapsed > TERM_MS ? 'KILL' : 'TERM';
    for (const process of own) {
      if (sent.get(process.pid) === signal) continue;
      await host.signal(process, signal);
      sent.set(process.pid, signal);
    }
    await scope.pause(LOOK_MS);
  }
}

/** A unit cannot be stopped without its proxy, so that nobody's transactions may end. */
export async function warnOfUnit(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  if (proxy.server.adopted?.keeper !== 'systemd' || (await theProcess(host, home)) === undefined) return;
  const sessions = await sessionsOf(scope, proxy);
  if (sessions === undefined || sessions.open === 0) return;
  scope.log.warn(say('sessions.unitCuts', { count: sessions.open }));
}

/** Nobody starts the proxy again, not after a reboot either, and its process is gone; its clients may end gently. */
export async function stopForGood(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const object = workedProxy(proxy.server);
  await warnOfUnit(scope, host, proxy, home);
  await endsAs(scope, object, 'UNAVAILABLE');
  const wasKept = await stopKeepers(scope, host, proxy, home);
  await endProxy(scope, host, proxy, home, { gently: true, wasKept });
  await endsAs(scope, object, 'STOPPED');
  const { others } = await lookForProxies(host, home);
  if (others.length > 0) {
    scope.log.info(say('process.othersGoOn', { processes: others.map(processText) }));
  }
}
