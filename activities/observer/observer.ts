/** The observer that a subtask works on, as the inventory knows it. */
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { type ObserverLayout, observerLayout } from '../../oceanbase/observerLayout';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow, ObServerRow } from '../../store/types';
import { creationByTask } from '../cluster/brought';
import { clusterById, withCluster } from '../cluster/cluster';
import { idOf, objectId, objectOf } from '../common/objects';
import type { InstallablePackage } from '../host/service';
import type { Needs, SubtaskScope } from '../types';

/** Keys by which the OBServer of a subtask is found, whoever made it. */
export const OBSERVER = {
  server_id: 'value?',
  host_id: 'value?',
  cluster_id: 'value?',
} as const satisfies Needs;

export type ObserverScope = SubtaskScope<typeof OBSERVER>;

/** A server of a cluster, which may have been there before obflow. */
export interface ClusterMember {
  readonly server: ObServerRow;
  readonly cluster: ObClusterRow;
  /** `ip:rpcPort`, as OceanBase names a server. */
  readonly address: string;
}

/** One whose place on its host is known as well. */
export interface ObserverInstance extends ClusterMember {
  readonly part: InstallablePackage;
  readonly layout: ObserverLayout;
}

/** One on a host of the inventory. */
export interface HostedObserver extends ObserverInstance {
  readonly hostId: number;
}

function incomplete(tried: Text, cameBack: Said, code: string, next: Text): PermanentError {
  return new PermanentError({ type: 'InventoryIncomplete', code, tried, cameBack, next });
}

/** The row of the subtask's server, and how it was looked for. */
async function rowOf(scope: ObserverScope): Promise<{ server: ObServerRow | undefined; tried: Text }> {
  const { obServers } = scope.store;
  const named = objectOf(scope.input, ['server_ids', 'host_ids']);
  const id = named?.kind === 'server_ids' ? idOf(named.name) : undefined;
  if (id !== undefined) {
    return { server: await obServers.find(id), tried: say('observer.findById', { id }) };
  }
  const hostId = await scope.hostId();
  const clusterId = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
  const rows = (await obServers.onHost(hostId)).filter((row) => row.clusterId === clusterId);
  const own = rows.filter((row) => row.taskId === scope.input.taskId);
  const tried = say('observer.findOfHost', { host: hostId });
  const [server, another] = own.length > 0 ? own : rows;
  if (another === undefined) return { server, tried };
  const text = say('observer.several', { count: rows.length });
  throw incomplete(tried, text, 'OBE19001', say('next.nameById'));
}

/**
 * The OBServer that the subtask is about: that of its element (`server_ids`, `host_ids`), else of `server_id` or
 * `host_id`; whoever made it. PermanentError when the inventory does not hold it (any more).
 */
export async function memberOf(scope: ObserverScope): Promise<ClusterMember> {
  const { server, tried } = await rowOf(scope);
  if (server === undefined)
    throw incomplete(tried, say('observer.noneRecorded'), 'OBE19001', say('next.sendAgain'));
  const clusterId = objectId(scope.input, 'cluster_ids') ?? server.clusterId;
  const asked = scope.value('cluster_id');
  if (server.clusterId !== clusterId || (asked !== undefined && Number(asked) !== server.clusterId)) {
    const text = say('observer.ofOtherCluster', {
      address: addressText(server.ip, server.rpcPort),
      cluster: server.clusterId,
    });
    throw incomplete(tried, text, 'OBE19001', say('next.chooseOfCluster'));
  }
  const cluster = await clusterById(scope, server.clusterId);
  return { server, cluster, address: addressText(server.ip, server.rpcPort) };
}

/** To be needed by a subtask that is about several servers. */
export const OBSERVERS = {
  ...OBSERVER,
  server_ids: 'list?',
  '{zone_names}.server_ids': 'list?',
} as const satisfies Needs;

/**
 * For a subtask that is not split and names no server: those of the zone that it is repeated for, else all of the list
 * `server_ids`; else the one it is about.
 */
export async function membersOf(scope: SubtaskScope<typeof OBSERVERS>): Promise<ClusterMember[]> {
  const ids = scope.list('{zone_names}.server_ids') ?? scope.list('server_ids');
  if (ids === undefined || objectOf(scope.input, ['server_ids', 'host_ids']) !== undefined)
    return [await memberOf(scope)];
  const found: ClusterMember[] = [];
  for (const id of ids) found.push(await memberById(scope, Number(id)));
  return found;
}

async function memberById(scope: ObserverScope, id: number): Promise<ClusterMember> {
  const server = await scope.store.obServers.find(id);
  if (server === undefined) {
    const tried = say('observer.findById', { id });
    throw incomplete(tried, say('observer.noneRecorded'), 'OBE19001', say('next.sendAgain'));
  }
  const cluster = await clusterById(scope, server.clusterId);
  return { server, cluster, address: addressText(server.ip, server.rpcPort) };
}

/** The same with its package and its folders; PermanentError when the inventory does not know those. */
export async function observerOf(scope: ObserverScope): Promise<ObserverInstance> {
  return placed(scope, await memberOf(scope));
}

async function placed(scope: SubtaskScope, member: ClusterMember): Promise<ObserverInstance> {
  const found = await placeOf(scope, member);
  if (found !== undefined) return found;
  const tried = say('observer.findPackage', { address: member.address });
  const text = say('observer.packageMissing', { id: member.server.packageId ?? 'null' });
  throw incomplete(tried, text, 'PKG10014', say('next.uploadAndSend'));
}

/** Undefined for a server whose package is not known: one that was there before obflow. */
export async function placeOf(
  scope: Pick<SubtaskScope, 'store'>,
  member: ClusterMember,
): Promise<ObserverInstance | undefined> {
  const { packageId } = member.server;
  const part = packageId === null ? undefined : await scope.store.packages.find(packageId);
  if (part === undefined || part.home === null) return undefined;
  return {
    ...member,
    part: { ...part, home: part.home },
    layout: observerLayout(part.version, part.home, member.cluster.name),
  };
}

/**
 * The subtask's server if this very task made its row: only then may an undo of its creation touch process and files.
 * Undefined when it is somebody else's, or gone.
 */
export async function serverMadeByTask(scope: ObserverScope): Promise<ObServerRow | undefined> {
  const { server } = await rowOf(scope);
  return server?.taskId === scope.input.taskId ? server : undefined;
}

/** The server as its cluster lists it; undefined when it is no part of it. */
export function listedServer(
  servers: readonly ClusterServer[],
  server: Pick<ObServerRow, 'ip' | 'rpcPort'>,
): ClusterServer | undefined {
  return servers.find(({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort);
}

/** All observers of a cluster that a task makes, in the order of the request. PermanentError when a package is not known. */
export async function observersOf(scope: SubtaskScope, cluster: ObClusterRow): Promise<HostedObserver[]> {
  const found: HostedObserver[] = [];
  for (const server of await scope.store.obServers.ofCluster(cluster.id)) {
    if (server.hostId === null) continue;
    const member = { server, cluster, address: addressText(server.ip, server.rpcPort) };
    found.push({ ...(await placed(scope, member)), hostId: server.hostId });
  }
  return found;
}

/**
 * The rule of every undo that touches a server's process or files: it must be proved by SQL that the cluster does not
 * list the server. A cluster that does not answer proves nothing. One that this very task makes goes as a whole: nothing
 * lists its servers before BOOTSTRAP was to be sent, or after the undo of that has stopped them all.
 */
export async function proveOutOfCluster(scope: ObserverScope, tried: Text): Promise<ObserverInstance> {
  const observer = await observerOf(scope);
  const creation = creationByTask(scope, observer.cluster);
  if (creation?.state === 'NONE' || creation?.state === 'UNDONE') return observer;
  if (creation !== undefined) {
    throw new PermanentError({
      type: 'StillInCluster',
      code: 'OBE19003',
      tried,
      where: observer.address,
      cameBack: say('bootstrap.notUndone', { cluster: observer.cluster.name }),
      next: say('bootstrap.nextUndo'),
    });
  }
  const listed = await withCluster(scope, observer.cluster, tried, async (session) =>
    listedServer(await session.servers(), observer.server),
  );
  if (listed === undefined) return observer;
  throw new PermanentError({
    type: 'StillInCluster',
    code: 'OBE19003',
    tried,
    where: observer.address,
    cameBack: say('observer.stillListed', {
      cluster: observer.cluster.name,
      zone: listed.zone,
      status: listed.innerStatus,
    }),
    next: say('next.undoAddFirst'),
  });
}
