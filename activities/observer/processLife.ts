/** Starting the observer of a server that exists, and making sure that one which was stopped stays away. */
import type { Host, HostProcess } from '../../hosts/types';
import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { processText } from '../host/serviceProcesses';
import { troublesOf } from '../host/trouble';
import type { SubtaskScope } from '../types';
import { type HomedObserver, proveStartable } from './life';
import { type ClusterMember, listedServer } from './observer';
import { launchObserver, lookForObservers, lookPause, observerListening } from './process';

const startTrouble = troublesOf(say('observer.start'), 'OBE19006');
const stopTrouble = troublesOf(say('observer.stop'), 'OBE19005');

/** Keepers look every few seconds. */
const AWAY_MS = 6_000;

/**
 * The observer of the home runs, as the run user and from what it stored alone, and holds both ports. One that runs already
 * is left as it is. Options of a first start would rewrite the configuration of a server that has data.
 *
 * @param name of the command, once per run of the subtask
 * @param begin done before it is started, not when one runs already
 */
export async function startProcess(
  scope: SubtaskScope,
  host: Host,
  observer: HomedObserver,
  name: string,
  begin?: () => Promise<void>,
): Promise<HostProcess> {
  const { home } = observer.layout;
  const look = await lookForObservers(host, home);
  const [running] = look.own;
  if (running === undefined) {
    await proveStartable(host, observer, look);
    await begin?.();
    scope.log.info(say('observer.startingBare'));
    await launchObserver(scope, host, home, name, []);
  } else scope.log.info(say('process.runsAlready', { processes: [processText(running)] }));
  const process = await observerListening(scope, host, observer);
  if (process.user !== RUN_USER) {
    const text = say('process.otherUser', { pid: process.pid, user: process.user, runUser: RUN_USER });
    throw startTrouble(host, 'WrongUser', text, say('next.chownHome'));
  }
  return process;
}

/** Whether it serves, or would if it were not stopped, since later than before. */
export function isBack(server: ClusterServer | undefined, servedSince: string | null | undefined): boolean {
  if (server === undefined || !isServing({ ...server, stopTime: null })) return false;
  return (server.startTime ?? '') > (servedSince ?? '');
}

/** Asks the cluster until it says so of the server; false when that takes longer than `ms`. */
async function untilSeen(
  scope: SubtaskScope,
  { cluster, server }: ClusterMember,
  isSo: (seen: ClusterServer | undefined) => boolean,
  ms: number,
): Promise<boolean> {
  const started = Date.now();
  for (let looks = 0; Date.now() - started < ms; looks += 1) {
    const seen = await withCluster(scope, cluster, say('observer.askState'), async (session) =>
      listedServer(await session.servers(), server),
    );
    if (isSo(seen)) return true;
    await scope.pause(lookPause(looks));
  }
  return false;
}

/** For undos, which are over when the cluster has the server back. */
export function comesBack(
  scope: SubtaskScope,
  member: ClusterMember,
  servedSince: string | null | undefined,
  ms: number,
): Promise<boolean> {
  return untilSeen(scope, member, (seen) => isBack(seen, servedSince), ms);
}

/** And when it has noticed that the process has ended. */
export function goesAway(scope: SubtaskScope, member: ClusterMember, ms: number): Promise<boolean> {
  return untilSeen(scope, member, (seen) => seen?.innerStatus !== 'ACTIVE', ms);
}

/** Throws OBE19005 when somebody starts the observer of the home again: what only seems stopped must not be recorded so. */
export async function refuseRestarted(scope: SubtaskScope, host: Host, home: string): Promise<void> {
  const deadline = Date.now() + AWAY_MS;
  for (let looks = 0; ; looks += 1) {
    const { own } = await lookForObservers(host, home);
    if (own.length > 0) {
      const text = say('server.cameBack', { processes: own.map(processText) });
      throw stopTrouble(host, 'RestartedByOthers', text, say('server.endKeeper'));
    }
    if (Date.now() > deadline) return;
    await scope.pause(lookPause(looks));
  }
}
