/**
 * The one BOOTSTRAP of a cluster. Whatever becomes of it, no other may be sent to the same directories (OceanBase documentation,
 * "observer is not empty"): that it will be sent is written down before, and from then on it is only asked for.
 */
import { openWith } from '../../contact/clusterState';
import { withWorkingSecret } from '../../contact/workingSecret';
import type { HostProcess } from '../../hosts/types';
import { BOOTSTRAP_TIMEOUT_SQL, bootstrapSql } from '../../oceanbase/bootstrapSql';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { isUnanswered, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, saidOf, type Trouble } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ClusterBootstrap, ObClusterRow, ObZoneRow } from '../../store/types';
import { creationByTask } from '../cluster/brought';
import { clusterById } from '../cluster/cluster';
import { recordBootstrap } from '../cluster/creation';
import { onHost } from '../onHost';
import type { SubtaskScope } from '../types';
import type { HostedObserver } from './observer';
import { launchObserver, lookForObservers, lookPause, observerListening } from './process';

/** As the statement's own limit (BOOTSTRAP_TIMEOUT_SQL). */
const STATEMENT_MS = 1_000_000;
/** So long after it was to be sent a BOOTSTRAP is asked for of which nobody has heard: it may be at work to its own limit. */
const OUTCOME_MS = STATEMENT_MS + 80_000;
/** So long a server is asked whose process is another one than that which had the statement: it boots. */
export const AFTER_RESTART_MS = 60_000;
export const ANSWER_MS = 5_000;

const TRIED = say('bootstrap.send');

function lost(cluster: ObClusterRow, type: string, cameBack: Trouble['cameBack']): PermanentError {
  return new PermanentError({
    type,
    code: 'OBE11007',
    tried: TRIED,
    where: cluster.name,
    cameBack,
    next: say('bootstrap.nextRollBack'),
  });
}

/** The servers that the statement lists, in the order of the root servers: one a zone. It is sent to the first of them. */
export function firstServers(cluster: ObClusterRow, observers: readonly HostedObserver[]): HostedObserver[] {
  return cluster.rootServers.flatMap(
    (root) => observers.find(({ server }) => server.ip === root.ip && server.rpcPort === root.rpcPort) ?? [],
  );
}

/** Works at one server as root, whichever of the two passwords it takes. */
export async function atServer<T>(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  { server }: HostedObserver,
  timeoutMs: number,
  work: (session: ClusterSession) => Promise<T>,
): Promise<T> {
  const { addresses } = scope.config;
  const session = await withWorkingSecret(scope.store, cluster.sysCredentialId, (sys) =>
    openWith({ rootServers: [server] }, sys, { addresses, timeoutMs, signal: scope.signal }),
  );
  try {
    return await work(session);
  } finally {
    session.close();
  }
}

/**
 * Whether one of these servers knows that the BOOTSTRAP has come to its end, for those who wait for that. A server that cannot be
 * asked says nothing: false is no proof that there is no cluster (bootstrapUndo.ts).
 */
async function isBootstrapped(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  servers: readonly HostedObserver[],
): Promise<boolean> {
  for (const server of servers) {
    try {
      if (await atServer(scope, cluster, server, ANSWER_MS, (session) => session.isBootstrapped()))
        return true;
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof SqlError || error instanceof SqlConnectionError)) throw error;
    }
  }
  return false;
}

/** Sends it. Answers why its outcome is not known; PermanentError BootstrapRefused when OceanBase said no. */
async function send(scope: SubtaskScope, cluster: ObClusterRow, first: HostedObserver, sql: string) {
  scope.log.info(sql);
  try {
    await atServer(scope, cluster, first, STATEMENT_MS, async (session) => {
      await session.alter(BOOTSTRAP_TIMEOUT_SQL);
      await session.alter(sql);
    });
    return undefined;
  } catch (error) {
    scope.signal.throwIfAborted();
    if (isUnanswered(error)) return error;
    if (!(error instanceof SqlError)) throw error;
    const { process } = (await creationOf(scope, cluster)) ?? {};
    const said = `${error.errno}: ${error.message}`;
    await recordBootstrap(scope, cluster, { state: 'REFUSED', said, ...(process && { process }) });
    throw refused(cluster, said);
  }
}

function refused(cluster: ObClusterRow, said: string): PermanentError {
  return lost(cluster, 'BootstrapRefused', say('bootstrap.refused', { said }));
}

async function creationOf(scope: SubtaskScope, { id }: ObClusterRow): Promise<ClusterBootstrap | undefined> {
  return creationByTask(scope, await clusterById(scope, id));
}

/** The process of a server; one that has gone (reboot, crash) is started from what it stored. */
async function processOf(scope: SubtaskScope, observer: HostedObserver) {
  const host = await scope.hostById(observer.hostId);
  const { home } = observer.layout;
  const [process] = (await lookForObservers(host, home)).own;
  if (process !== undefined) return process;
  scope.log.warn(say('observer.noneWorks', { home }));
  scope.log.info(say('observer.startingBare'));
  await launchObserver(onHost(scope, observer.hostId), host, home, 'restart', []);
  return observerListening(scope, host, observer);
}

/** Whether this is the process that the statement was sent to. */
export function hadStatement({ process }: ClusterBootstrap, now: HostProcess | undefined): boolean {
  return process !== undefined && now?.pid === process.pid && now.startTime === process.startTime;
}

/** Looks until the cluster is there, or the statement cannot be at work any more. */
async function outcome(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  first: readonly HostedObserver[],
  why: Text,
): Promise<void> {
  const [addressed] = first;
  if (addressed === undefined) throw new RangeError('a cluster has a first server');
  let restarted: number | undefined;
  for (let looks = 0; ; looks += 1) {
    if (await isBootstrapped(scope, cluster, first)) return;
    const bootstrap = await creationOf(scope, cluster);
    const now = await processOf(scope, addressed);
    const same = bootstrap !== undefined && hadStatement(bootstrap, now);
    if (!same) restarted ??= Date.now();
    const deadline =
      restarted === undefined ? Date.parse(bootstrap?.at ?? '') + OUTCOME_MS : restarted + AFTER_RESTART_MS;
    if (!(Date.now() < deadline)) {
      const text =
        restarted === undefined
          ? say('bootstrap.neverCame', { minutes: OUTCOME_MS / 60_000 })
          : say('bootstrap.cutOff');
      throw lost(cluster, 'BootstrapLost', [why, text]);
    }
    await scope.pause(lookPause(looks));
  }
}

/** Prevents that what answers is taken for the cluster of this task when it is another one. */
async function provesOurs(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  first: readonly HostedObserver[],
): Promise<void> {
  const [server] = first;
  if (server === undefined) return;
  const { name, id } = await atServer(scope, cluster, server, ANSWER_MS, async (session) => ({
    name: await session.parameter('cluster'),
    id: Number(await session.parameter('cluster_id')),
  }));
  if (name === cluster.name && id === cluster.obClusterId) return;
  throw new PermanentError({
    type: 'OtherCluster',
    code: 'OBE11404',
    tried: TRIED,
    where: server.address,
    cameBack: say('obTakeOver.answersAs', { name: name ?? '', id: String(id) }),
    next: say('next.chooseOtherHost'),
  });
}

/**
 * The cluster is made of its first servers: by this BOOTSTRAP, or by one of an earlier attempt of which nobody has heard.
 *
 * @param first one server a zone; all of them run. The statement is sent to the first of them
 * @throws PermanentError BootstrapRefused, BootstrapLost: the task can only be rolled back
 */
export async function bootstrapOnce(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  first: readonly HostedObserver[],
  zones: readonly ObZoneRow[],
): Promise<void> {
  const bootstrap = await creationOf(scope, cluster);
  if (bootstrap?.state === 'DONE') return;
  if (await isBootstrapped(scope, cluster, first)) scope.log.info(say('bootstrap.already'));
  else if (bootstrap?.state === 'NONE') {
    const [addressed] = first;
    if (addressed === undefined) throw new RangeError('a cluster has a first server');
    const sql = bootstrapSql(
      first.map(({ server: { ip, rpcPort, zone } }) => ({
        ...{ ip, rpcPort, zone },
        region: zones.find(({ name }) => name === zone)?.region ?? '',
      })),
    );
    const { pid, startTime } = await processOf(scope, addressed);
    if (!(await scope.store.obClusters.claimBootstrap(cluster.id, { pid, startTime }))) {
      // Another attempt of this run is still at work somewhere, and has the statement.
      return bootstrapOnce(scope, cluster, first, zones);
    }
    const error = await send(scope, cluster, addressed, sql);
    if (error !== undefined) scope.log.warn(say('bootstrap.unanswered', { said: saidOf(error) }));
    await outcome(
      scope,
      cluster,
      first,
      error === undefined ? say('bootstrap.answered') : say('bootstrap.unheard'),
    );
  } else if (bootstrap?.state === 'SENT') {
    scope.log.warn(say('bootstrap.sentBefore', { at: bootstrap.at }));
    await outcome(scope, cluster, first, say('bootstrap.unheard'));
  } else throw refused(cluster, bootstrap?.said ?? '');
  await provesOurs(scope, cluster, first);
  await recordBootstrap(scope, cluster, { state: 'DONE' });
  scope.log.info(say('bootstrap.done', { name: cluster.name }));
}
