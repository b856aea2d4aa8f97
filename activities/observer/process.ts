/** Starting, proving and stopping the observer process of a host. */

import { quote } from '../../hosts/quote';
import type { Host, HostProcess } from '../../hosts/types';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { openSqlSession, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { absenceText, lookForService, processText, type ServiceProcesses } from '../host/serviceProcesses';
import { troubleOn } from '../host/trouble';
import { lookPauses } from '../lookPauses';
import type { SubtaskScope } from '../types';
import type { ObserverInstance } from './observer';

/** A launcher's child may take a moment to show up under its name. */
const GONE_MS = 6_000;
const READY_MS = 600_000;

export const lookPause = lookPauses(50, 1_000);

export function lookForObservers(host: Host, home: string): Promise<ServiceProcesses> {
  return lookForService(host, home, 'observer');
}

/** Whether the observer's process runs; undefined when the host cannot be asked now: the cluster's word is enough then. */
export async function processLives(
  scope: SubtaskScope,
  { server, layout }: Pick<ObserverInstance, 'server'> & { readonly layout: { readonly home: string } },
): Promise<boolean | undefined> {
  if (server.hostId === null) return undefined;
  try {
    const host = await scope.hostById(server.hostId);
    return (await lookForObservers(host, layout.home)).own.length > 0;
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof TransientError) return undefined;
    throw error;
  }
}

/**
 * Runs bin/observer in its home (its paths are relative) as the run user. Never as root: the observer compares its uid
 * with the owner of etc/, and a start as root would leave files that the run user cannot open.
 */
export function startScript(home: string, words: readonly string[]): string {
  return `
    [ "$(id -u)" != 0 ] || { echo "this would start the observer as root"; exit 77; }
    cd ${quote(home)} && mkdir -p log || exit 76
    LD_LIBRARY_PATH=${quote(`${home}/lib`)}; export LD_LIBRARY_PATH
    exec ${quote(`${home}/bin/observer`)} ${words.map(quote).join(' ')} </dev/null`;
}

/** The end of what the observer logged: errors when there are any. */
async function logTail(host: Host, home: string): Promise<Text> {
  const log = quote(`${home}/log/observer.log`);
  const { stdout } = await host.sh(
    `{ grep -hE 'ERROR|fail|refuse' ${log} || cat ${log}; } 2>/dev/null | tail -n 8 | cut -c1-400`,
  );
  return stdout.trim() === '' ? say('observer.noLog') : say('observer.logSays', { lines: stdout.trim() });
}

/** Whether a process of the home shows up within a few seconds. */
async function appears(scope: SubtaskScope, host: Host, home: string): Promise<boolean> {
  const deadline = Date.now() + GONE_MS;
  for (let looks = 0; ; looks += 1) {
    if ((await lookForObservers(host, home)).own.length > 0) return true;
    if (Date.now() > deadline) return false;
    await scope.pause(lookPause(looks));
  }
}

/**
 * Starts the observer at most once per name; a start of an earlier attempt of which nothing is left (host reboot, crash)
 * is followed by another. Throws when the program itself refuses.
 */
export async function launchObserver(
  scope: SubtaskScope,
  host: Host,
  home: string,
  name: string,
  words: readonly string[],
): Promise<void> {
  const tried = say('observer.start');
  for (let i = 1; i <= 5; i += 1) {
    const result = await scope.once(i === 1 ? name : `${name}-${i}`, startScript(home, words), {
      timeoutMs: 120_000,
      user: RUN_USER,
    });
    const ended = result.outcome === 'exited';
    if (ended && !result.alreadyStarted) {
      if (result.exitCode === 0) return;
      const text = say('observer.endedWith', {
        exitCode: result.exitCode,
        said: result.output.trim().slice(-800),
        log: await logTail(host, home),
      });
      throw troubleOn(host, tried, 'ObserverStartFailed', text, say('next.repairAndRetry'), 'CMP07054');
    }
    if (await appears(scope, host, home)) return;
    scope.log.warn(say('process.startingAgain'));
  }
}

/** Waits until one process of the home holds both ports; fails early, with the observer's own words, when it is gone. */
export async function observerListening(
  scope: SubtaskScope,
  host: Host,
  { server, layout }: Pick<ObserverInstance, 'server'> & { readonly layout: { readonly home: string } },
): Promise<HostProcess> {
  const tried = say('observer.start');
  const started = Date.now();
  let lastSeen = started;
  for (let looks = 0; ; looks += 1) {
    const look = await lookForObservers(host, layout.home);
    const owners = [server.sqlPort, server.rpcPort].map(
      (port) => look.listeners.find((listener) => listener.port === port)?.pid,
    );
    const process = look.own.find(({ pid }) => owners.every((owner) => owner === pid));
    if (process !== undefined) {
      scope.log.info(
        say('observer.holdsPorts', {
          process: processText(process),
          sqlPort: server.sqlPort,
          rpcPort: server.rpcPort,
        }),
      );
      return process;
    }
    const now = Date.now();
    if (look.own.length > 0) lastSeen = now;
    else if (now - lastSeen > GONE_MS) {
      const text = [absenceText(look), await logTail(host, layout.home)];
      throw troubleOn(host, tried, 'ObserverStartFailed', text, say('next.repairAndRetry'), 'CMP07054');
    }
    if (now - started > READY_MS) {
      const text = say('observer.portsNotHeld', {
        seconds: READY_MS / 1000,
        log: await logTail(host, layout.home),
      });
      throw troubleOn(host, tried, 'ObserverStartFailed', text, say('next.repairAndRetry'), 'CMP07054');
    }
    await scope.pause(lookPause(looks));
  }
}

/**
 * The SQL port speaks MySQL's protocol: a new observer may accept or refuse the login (it knows no users before it has
 * joined), both prove that it works; silence does not.
 */
export async function provesItself(
  scope: SubtaskScope,
  host: Host,
  { server, layout }: ObserverInstance,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let looks = 0; ; looks += 1) {
    try {
      const stream = await host.tunnel(server.sqlPort);
      const session = await openSqlSession({
        to: { stream },
        user: 'root@sys',
        password: '',
        timeoutMs: 5_000,
        signal: scope.signal,
      });
      session.close();
      scope.log.info(say('observer.loginAnswered'));
      return;
    } catch (error) {
      scope.signal.throwIfAborted();
      if (error instanceof SqlError) {
        scope.log.info(say('observer.loginRefused', { errno: error.errno }));
        return;
      }
      if (!(error instanceof SqlConnectionError) || Date.now() > deadline) {
        if (!(error instanceof SqlConnectionError)) throw error;
        const text = say('observer.portSilent', {
          said: error.said,
          log: await logTail(host, layout.home),
        });
        throw troubleOn(host, say('observer.logIn'), 'ObserverSilent', text, say('next.repairAndRetry'));
      }
      await scope.pause(lookPause(looks));
    }
  }
}

/** So long one command waits for a process that was told to end; what takes longer is looked at again and again. */
const ENDING_SECONDS = 2;

/**
 * Shell lines that send the signal, and wait a while for the end. The name is compared again right before: a pid may have been
 * given to another process. A tail without --pid (busybox) waits for nothing.
 */
function endScript(own: readonly Pick<HostProcess, 'pid'>[], signal: 'TERM' | 'KILL'): string {
  const ends = own.map(({ pid }) => `[ "$(cat /proc/${pid}/comm)" = observer ] && kill -${signal} ${pid}`);
  const waits = own.map(
    ({ pid }) => `timeout ${ENDING_SECONDS} tail --pid=${pid} -s 0.05 -f /dev/null >/dev/null 2>&1`,
  );
  return [...ends, ...waits].join('\n');
}

/**
 * TERM, then KILL after 60 s; returns when no observer of the home is left.
 *
 * @param only has just been seen there: it is told to end at once, and nobody else is
 */
export async function stopObservers(
  scope: SubtaskScope,
  host: Host,
  home: string,
  only?: HostProcess,
): Promise<void> {
  const left = async () =>
    (await lookForObservers(host, home)).own.filter(
      ({ pid, startTime }) => only === undefined || (pid === only.pid && startTime === only.startTime),
    );
  const started = Date.now();
  let asked = false;
  let own = only === undefined ? await left() : [only];
  for (let looks = 0; own.length > 0; looks += 1) {
    const elapsed = Date.now() - started;
    if (elapsed > 120_000) {
      const text = say('process.doesNotEnd', { processes: own.map(processText) });
      const next = say('next.processAgain');
      throw troubleOn(host, say('observer.stop'), 'ProcessDoesNotEnd', text, next);
    }
    const signal = elapsed > 60_000 ? 'KILL' : 'TERM';
    if (!asked || signal === 'KILL') {
      asked = true;
      await host.sh(endScript(own, signal));
    } else await scope.pause(lookPause(looks));
    own = await left();
  }
}
