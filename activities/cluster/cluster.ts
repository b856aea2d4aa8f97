/** The OceanBase cluster that a subtask is about, and sessions to it. */
import { openAsSys } from '../../contact/clusterState';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { couldNotAsk, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, saidOf, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { Slots } from '../../runtime/slots';
import type { ObClusterRow, OpenCredential, Store } from '../../store/types';
import { objectId } from '../common/objects';
import type { Needs, SubtaskScope } from '../types';

/** To be needed by a subtask that is about a cluster. */
export const CLUSTER = { cluster_id: 'value' } as const satisfies Needs;

/** `true`: all of the cluster stops or comes at once, so that nothing can be asked of it meanwhile. */
export const CLUSTER_WIDE = { cluster_wide: 'value?' } as const satisfies Needs;

export function isClusterWide(scope: SubtaskScope<typeof CLUSTER_WIDE>): boolean {
  return scope.value('cluster_wide') === 'true';
}

/** The cluster of the subtask's element (`cluster_ids`), else of `cluster_id`. PermanentError when there is none. */
export async function clusterOf(scope: SubtaskScope<typeof CLUSTER>): Promise<ObClusterRow> {
  const id = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
  return clusterById(scope, id);
}

export async function clusterById(scope: SubtaskScope, id: number): Promise<ObClusterRow> {
  const cluster = await scope.store.obClusters.find(id);
  if (cluster !== undefined) return cluster;
  throw new PermanentError({
    type: 'InventoryIncomplete',
    code: 'OBE11001',
    tried: say('cluster.find'),
    cameBack: say('cluster.unknownId', { id }),
    next: say('next.declare'),
  });
}

/** Keeps the password of a credential, and the one that it is being changed to, out of the subtask's log. */
export function hideSecrets(scope: Pick<SubtaskScope, 'log'>, { secret, pending }: OpenCredential): void {
  for (const one of [secret, pending?.secret]) if (one !== undefined) scope.log.hide(one);
}

/**
 * Works with a session of the sys tenant on a server of the cluster that answers. Nobody can be asked now: TransientError
 * OBE11028, caused by the error; a refused login or statement: PermanentError. `work` handles what it expects itself.
 */
export async function withCluster<T>(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  tried: Text,
  work: (session: ClusterSession) => Promise<T>,
  timeoutMs = 5_000,
): Promise<T> {
  const sys = await scope.store.credentials.open(cluster.sysCredentialId);
  hideSecrets(scope, sys);
  try {
    const session = await openAsSys(scope.store, cluster, {
      addresses: scope.config.addresses,
      timeoutMs,
      loginMs: Math.min(timeoutMs, LOGIN_MS),
      signal: scope.signal,
    });
    try {
      return await work(session);
    } finally {
      session.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    throw sqlTrouble(error, { cluster, tried, username: sys.username }) ?? error;
  }
}

const UNREACHABLE = 'ObClusterUnreachable';
const REFUSED = 'ObClusterRefused';

/**
 * What is said when the sys tenant could not be asked (TransientError OBE11028) or has refused (PermanentError OBE11007);
 * undefined for errors that are no answer of SQL.
 */
export function sqlTrouble(
  error: unknown,
  {
    cluster,
    tried,
    username,
  }: { readonly cluster: ObClusterRow; readonly tried: Text; readonly username: string },
): TransientError | PermanentError | undefined {
  if (couldNotAsk(error)) {
    return new TransientError(
      {
        type: UNREACHABLE,
        code: 'OBE11028',
        tried,
        where: cluster.name,
        cameBack: saidOf(error),
        next: say('next.checkCluster'),
      },
      { cause: error },
    );
  }
  if (!(error instanceof SqlError)) return undefined;
  return new PermanentError({
    type: REFUSED,
    code: 'OBE11007',
    tried,
    where: cluster.name,
    cameBack: say('sql.error', { errno: error.errno, text: error.message }),
    next: say('next.repairOrGrant', { username }),
  });
}

/** Whether this is what `sqlTrouble` says: the cluster could not be asked, or has refused. */
export function isSqlTrouble(error: unknown): error is TransientError | PermanentError {
  if (error instanceof TransientError) return error.type === UNREACHABLE;
  return error instanceof PermanentError && error.type === REFUSED;
}

/** How long a statement may take. */
export const STATEMENT_MS = 60_000;
/** A root server that is gone must not be waited for as long as a statement. */
const LOGIN_MS = 5_000;
/** Who dies keeps the turn for so long. It is prolonged while it is held. */
const TURN_MS = 150_000;
const PROLONG_MS = TURN_MS / 5;

/** Who waits for a cluster in this worker: they follow each other at once, and only the first asks the database. */
const queues = new WeakMap<Store, Map<number, Slots>>();

function queueOf(store: Store, clusterId: number): Slots {
  const ofClusters = queues.get(store) ?? new Map<number, Slots>();
  queues.set(store, ofClusters);
  const queue = ofClusters.get(clusterId) ?? new Slots(1);
  ofClusters.set(clusterId, queue);
  return queue;
}

/**
 * Prolongs a turn that was taken at `since` until `stop`. `lost` is aborted before it can end: the database has not taken
 * its prolongation for so long, or has given it to somebody else.
 */
function prolonged(
  take: () => Promise<boolean>,
  since: number,
): { lost: AbortSignal; stop(): Promise<void> } {
  const lost = new AbortController();
  let until = since + TURN_MS;
  let asking: Promise<void> = Promise.resolve();
  const prolong = async (): Promise<void> => {
    const asked = Date.now();
    if (await take()) until = asked + TURN_MS;
    else lost.abort(turnLost());
  };
  const timer = setInterval(() => {
    if (Date.now() >= until - PROLONG_MS) lost.abort(turnLost());
    // One that fails is made good by the next, while there is time.
    asking = Promise.all([asking, prolong().catch(() => undefined)]).then(() => undefined);
  }, PROLONG_MS);
  return {
    lost: lost.signal,
    async stop() {
      clearInterval(timer);
      await asking;
    },
  };
}

function turnLost(): TransientError {
  return new TransientError({
    type: 'TurnLost',
    tried: say('cluster.keepTurn'),
    cameBack: say('cluster.turnNotProlonged', { seconds: TURN_MS / 1000 }),
    next: say('next.checkObflowDatabase'),
  });
}

/**
 * Runs `work` while no other subtask of any worker sends statements to this cluster: OceanBase refuses ADD SERVER and
 * DELETE SERVER that meet. The turn is prolonged however long the work takes; the scope that `work` is given, and
 * must use, is aborted in time when that cannot be done. A worker that dies leaves the turn to its own next attempt, or to others
 * after 150 s.
 */
export async function inTurn<N extends Needs, T>(
  scope: SubtaskScope<N>,
  clusterId: number,
  work: (inTurn: SubtaskScope<N>) => Promise<T>,
): Promise<T> {
  const { obServers } = scope.store;
  const holder = `${scope.input.taskId}/${scope.input.subtaskId}`;
  const leave = await queueOf(scope.store, clusterId).take(scope.signal);
  try {
    const take = () => obServers.takeTurn(clusterId, holder, TURN_MS);
    let asked = Date.now();
    for (let tries = 0; !(await take()); tries += 1) {
      if (tries === 0) scope.log.info(say('cluster.waitForTurn'));
      await scope.pause(Math.min(50 * 1.5 ** tries, 1_000));
      asked = Date.now();
    }
    const { lost, stop } = prolonged(take, asked);
    try {
      return await work({ ...scope, signal: AbortSignal.any([scope.signal, lost]) });
    } finally {
      await stop();
      await obServers.endTurn(clusterId, holder);
    }
  } finally {
    leave();
  }
}
