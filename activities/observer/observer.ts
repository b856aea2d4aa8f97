/** The observer that a subtask works on, as the inventory knows it, and sessions to its cluster. */
import { openAsSys } from '../../contact/clusterState';
import { Slots } from '../../hosts/slots';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { type ObserverLayout, observerLayout } from '../../oceanbase/observerLayout';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, TransientError } from '../../runtime/errors';
import type { ObClusterRow, ObServerRow, Store } from '../../store/types';
import type { InstallablePackage } from '../host/packageInstallation';
import type { SubtaskScope } from '../types';

export interface ObserverInstance {
  readonly server: ObServerRow;
  readonly cluster: ObClusterRow;
  readonly part: InstallablePackage;
  readonly layout: ObserverLayout;
  /** `ip:rpcPort`, as OceanBase names a server. */
  readonly address: string;
}

function incomplete(tried: string, cameBack: string, code: string, next: string): PermanentError {
  return new PermanentError({ type: 'InventoryIncomplete', code, tried, cameBack, next });
}

export async function clusterOf(scope: SubtaskScope): Promise<ObClusterRow> {
  const id = Number(scope.value('cluster_id'));
  const cluster = await scope.store.obClusters.find(id);
  if (cluster !== undefined) return cluster;
  const text = `there is no OceanBase cluster with id ${id}`;
  throw incomplete('find the OceanBase cluster', text, 'OBE11001', 'Declare it with `obflow apply`.');
}

/** The row this task made for the host; undefined when it made none, or took it back. */
export async function ownServer(scope: SubtaskScope): Promise<ObServerRow | undefined> {
  const rows = await scope.store.obServers.onHost(scope.hostId);
  return rows.find((row) => row.taskId === scope.input.taskId);
}

/** The observer of this subtask's host; PermanentError when the inventory does not hold it any more. */
export async function observerOf(scope: SubtaskScope): Promise<ObserverInstance> {
  const tried = `find the OBServer of host ${scope.hostId} in the inventory`;
  const cluster = await clusterOf(scope);
  const server = await ownServer(scope);
  if (server === undefined) {
    const text = `no OBServer of task ${scope.input.taskId} is recorded for this host`;
    throw incomplete(tried, text, 'OBE19001', 'Send the request again.');
  }
  const part = server.packageId === null ? undefined : await scope.store.packages.find(server.packageId);
  if (part === undefined || part.home === null) {
    const text = `its package (id ${server.packageId}) is missing or holds no bin/observer`;
    throw incomplete(tried, text, 'PKG10014', 'Upload the package and send the request again.');
  }
  return {
    server,
    cluster,
    part: { ...part, home: part.home },
    layout: observerLayout(part.version, part.home, cluster.name),
    address: `${server.ip}:${server.rpcPort}`,
  };
}

/**
 * Works with a session of the sys tenant on a server of the cluster that answers. Nobody answers: TransientError
 * OBE11028; a refused login or statement: PermanentError. `work` handles what it expects itself.
 */
export async function withCluster<T>(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  tried: string,
  work: (session: ClusterSession) => Promise<T>,
  timeoutMs = 5_000,
): Promise<T> {
  const sys = await scope.store.credentials.open(cluster.sysCredentialId);
  scope.log.hide(sys.secret);
  try {
    const session = await openAsSys(cluster, {
      sys,
      addresses: scope.config.addresses,
      timeoutMs,
      signal: scope.signal,
    });
    try {
      return await work(session);
    } finally {
      session.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof SqlConnectionError) {
      throw new TransientError({
        type: 'ObClusterUnreachable',
        code: 'OBE11028',
        tried,
        where: cluster.name,
        cameBack: error.message,
        next: 'Check the cluster, and that the worker reaches the SQL ports of its root servers.',
      });
    }
    if (error instanceof SqlError) {
      throw new PermanentError({
        type: 'ObClusterRefused',
        code: 'OBE11007',
        tried,
        where: cluster.name,
        cameBack: `error ${error.errno}: ${error.message}`,
        next: `Repair the cause (the user ${sys.username} needs ALTER SYSTEM and SELECT ON oceanbase.*) and retry.`,
      });
    }
    throw error;
  }
}

/** The server as its cluster lists it; undefined when it is no part of it. */
export function listedServer(
  servers: readonly ClusterServer[],
  server: Pick<ObServerRow, 'ip' | 'rpcPort'>,
): ClusterServer | undefined {
  return servers.find(({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort);
}

/** How long a statement may take; the turn at the cluster lasts longer, so that it cannot end under a statement. */
export const STATEMENT_MS = 60_000;
const TURN_MS = 150_000;

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
 * Runs `work` while no other subtask of any worker sends statements to this cluster: OceanBase refuses ADD SERVER and
 * DELETE SERVER that meet. A worker that dies leaves the turn to its own next attempt, or to others after 150 s.
 */
export async function inTurn<T>(scope: SubtaskScope, clusterId: number, work: () => Promise<T>): Promise<T> {
  const { obServers } = scope.store;
  const holder = `${scope.input.taskId}/${scope.input.subtaskId}`;
  const leave = await queueOf(scope.store, clusterId).take(scope.signal);
  try {
    for (let tries = 0; !(await obServers.takeTurn(clusterId, holder, TURN_MS)); tries += 1) {
      if (tries === 0) scope.log.info('Another worker adds a server; waiting for the turn at the cluster');
      await scope.pause(Math.min(50 * 1.5 ** tries, 1_000));
    }
    try {
      return await work();
    } finally {
      await obServers.endTurn(clusterId, holder);
    }
  } finally {
    leave();
  }
}

/**
 * The rule of every undo that touches a server's process or files: it must be proved by SQL that the cluster does not
 * list the server. A cluster that does not answer proves nothing.
 */
export async function proveOutOfCluster(scope: SubtaskScope, tried: string): Promise<ObserverInstance> {
  const observer = await observerOf(scope);
  const listed = await withCluster(scope, observer.cluster, tried, async (session) =>
    listedServer(await session.servers(), observer.server),
  );
  if (listed === undefined) return observer;
  throw new PermanentError({
    type: 'StillInCluster',
    code: 'OBE19003',
    tried,
    where: observer.address,
    cameBack: `it is still a server of ${observer.cluster.name} (zone ${listed.zone}, ${listed.innerStatus}); nothing was touched`,
    next: 'Undo "Add observer" first (DELETE SERVER, and wait until it is gone), then roll back again.',
  });
}
