/** What the operations on a single OBServer share: which states allow them, the check before a stop, and the plan. */
import { openAsSys } from '../contact/clusterState';
import { lookAtStop } from '../contact/lookAtStop';
import type { ClusterSession } from '../oceanbase/clusterSession';
import { couldNotAsk, SqlError } from '../oceanbase/sqlSession';
import { refusedBy, type StopTarget } from '../oceanbase/stopVerdict';
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import type { ObServerStatus } from '../store/statuses';
import type { ObClusterRow, ObServerRow, Store } from '../store/types';
import type { Chain } from '../workflows/chain';
import type { Plan } from '../workflows/plan';
import { hostObserverLock, obClusterLock } from './locks';
import { clusterRuns, obClusterById } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import { IdPath, IdText } from './schemas';
import type { InspectScope, PrepareScope } from './types';

/** Path parameters `{id}` of the cluster and `{serverId}` of the OBServer. */
export const ServerPath = IdPath.extend({
  serverId: IdText.describe('Id of the OBServer (not of its host).'),
});

export interface ServerOf {
  readonly cluster: ObClusterRow;
  readonly server: ObServerRow;
}

/** Throws Refusal OBE11001, and OBE19001: 404 when no server has the id, 400 when it is another cluster's. */
export async function serverOf(store: Store, clusterId: number, id: number): Promise<ServerOf> {
  const cluster = await obClusterById(store, clusterId);
  const server = await store.obServers.find(id);
  const target = `obServer:${id}`;
  if (server === undefined) {
    throw new Refusal(404, 'OBE19001', say('obServer.unknown', { id, cluster: cluster.id }), { target });
  }
  if (server.clusterId !== cluster.id) {
    const said = say('obServer.otherCluster', { id, other: server.clusterId, cluster: cluster.id });
    throw new Refusal(400, 'OBE19001', said, { target });
  }
  return { cluster, server };
}

/** Locks of a task that works on these OBServers. */
export function serverLocks(cluster: Pick<ObClusterRow, 'id'>, servers: readonly ObServerRow[]): string[] {
  return [
    obClusterLock(cluster.id),
    ...new Set(servers.flatMap(({ hostId }) => (hostId === null ? [] : [hostObserverLock(hostId)]))),
  ];
}

/** Throws Refusal when the server runs on a machine that obflow cannot log in to. */
export function refuseUndeclaredMachine({ id, ip, rpcPort, hostId }: ObServerRow): void {
  if (hostId !== null) return;
  const said = say('obServer.noHost', { address: addressText(ip, rpcPort), id });
  throw new Refusal(409, 'CMP07005', said, { target: `obServer:${id}` });
}

/**
 * The OBServer of a request, which no task holds and whose status allows it. Throws Refusal OBE11001, OBE19001, OBE11007,
 * OBE11020, OBE19003 or (when one status alone allows it) OBE19004, and OBE19020 for the process of a cluster's only server.
 */
export async function acceptedServer(
  store: Store,
  { id, serverId }: { readonly id: number; readonly serverId: number },
  {
    from,
    stopsProcess = false,
  }: { readonly from: readonly ObServerStatus[]; readonly stopsProcess?: boolean },
): Promise<ServerOf> {
  const found = await serverOf(store, id, serverId);
  const { cluster, server } = found;
  const target = `obServer:${server.id}`;
  clusterRuns(cluster);
  await refuseWhenHeld(store, serverLocks(cluster, [server]));
  if (stopsProcess && (await store.obServers.ofCluster(cluster.id)).length === 1) {
    throw new Refusal(400, 'OBE19020', say('obServer.single', { name: cluster.name }), { target });
  }
  if (!from.includes(server.status)) {
    const address = addressText(server.ip, server.rpcPort);
    const said = say('obServer.unfit', {
      ...{ address, id: server.id, status: server.status },
      allowed: from.join(', '),
    });
    throw new Refusal(409, from.length === 1 ? 'OBE19004' : 'OBE19003', said, { target });
  }
  refuseUndeclaredMachine(server);
  return found;
}

/** So long a request waits for each server of a cluster that does not answer, and for each statement. */
const ANSWER_MS = 3_000;

/**
 * Does `work` with a session of the cluster; undefined when it cannot be asked now, which is said elsewhere.
 * Throws Refusal OBE11007 when it lets nobody in, or refuses a question.
 */
export async function askingCluster<T>(
  { store, addresses }: InspectScope,
  cluster: ObClusterRow,
  work: (session: ClusterSession) => Promise<T>,
): Promise<T | undefined> {
  let session: ClusterSession | undefined;
  try {
    session = await openAsSys(store, cluster, { addresses, timeoutMs: ANSWER_MS });
    return await work(session);
  } catch (error) {
    if (couldNotAsk(error)) return undefined;
    if (!(error instanceof SqlError)) throw error;
    const said = say('sql.error', { errno: error.errno, text: error.message });
    throw new Refusal(409, 'OBE11007', said, { target: `obCluster:${cluster.id}` });
  } finally {
    session?.close();
  }
}

/** Throws Refusal with OCP's code when a log stream would lose its majority, or another zone is out of service. */
export async function refuseUnsafeStop(
  scope: InspectScope,
  cluster: ObClusterRow,
  { target, name, object }: { readonly target: StopTarget; readonly name: string; readonly object: string },
): Promise<void> {
  const verdict = await askingCluster(scope, cluster, (session) => lookAtStop(session, target));
  const [first] = verdict?.refusals ?? [];
  if (verdict === undefined || first === undefined) return;
  const said = say('stop.refused', { name, text: refusedBy(verdict.refusals), next: first.next });
  throw new Refusal(409, first.code, said, { target: object });
}

/** The same for one server of a request. */
export function refuseUnsafeServerStop(scope: InspectScope, { cluster, server }: ServerOf): Promise<void> {
  const address = addressText(server.ip, server.rpcPort);
  return refuseUnsafeStop(scope, cluster, {
    target: { zone: server.zone, servers: [address] },
    name: address,
    object: `obServer:${server.id}`,
  });
}

export interface ServerTask extends ServerOf {
  readonly name: string;
  readonly chain: Chain;
  /** In the order of the sample, which prints them as text. */
  readonly contextKeys: readonly string[];
  /** For the activities; the documented context does not show it. */
  readonly unshown: Readonly<Record<string, string>>;
  /** Whether the sample says the host of the server. */
  readonly showsHost?: boolean;
}

/** One task on a server, with the context that OCP documents. */
export async function planOnServer(
  scope: PrepareScope,
  { name, chain, cluster, server, contextKeys, unshown, showsHost = false }: ServerTask,
): Promise<{ plans: Plan[] }> {
  const zones = await scope.store.obServers.zones(cluster.id);
  const zoneStatus = zones.find((zone) => zone.name === server.zone)?.status ?? 'RUNNING';
  const all: Readonly<Record<string, string>> = {
    cluster_name: cluster.name,
    cluster_id: String(cluster.id),
    ocpagent_service_name: 'agent',
    prohibit_rollback: 'false',
    former_cluster_status: cluster.status,
    // A server that stops leaves its zone ACTIVE, also when it is the only one there.
    target_zone_status: zoneStatus,
    former_zone_status: zoneStatus,
    zone_name: server.zone,
    target_cluster_status: cluster.status,
    server_id: String(server.id),
  };
  const [taskId = 0] = await scope.reserveTasks(1);
  const plan = await planTask(scope, {
    taskId,
    name,
    chain,
    ...(showsHost && server.hostId !== null ? { hostId: server.hostId } : {}),
    context: {
      stringMap: Object.fromEntries(contextKeys.map((key) => [key, all[key] ?? ''])),
      listMap: { server_ids: [String(server.id)] },
    },
    unshown: { stringMap: unshown, listMap: {} },
    cluster,
    place: addressText(server.ip, server.rpcPort),
    places: { server_ids: { [String(server.id)]: server.ip } },
    locks: serverLocks(cluster, [server]),
    groupTaskIds: [taskId],
  });
  return { plans: [plan] };
}

/** Keys of the context as the sample of "Stop OB server" prints them, */
export const STOP_KEYS = [
  'cluster_id',
  'former_cluster_status',
  'target_zone_status',
  'former_zone_status',
  'zone_name',
  'target_cluster_status',
  'server_id',
] as const;

/** that of "Start OB server", */
export const START_KEYS = [
  'cluster_name',
  'cluster_id',
  'ocpagent_service_name',
  'former_cluster_status',
  'target_zone_status',
  'former_zone_status',
  'zone_name',
  'target_cluster_status',
  'server_id',
] as const;

/** and the newer ones. */
export const NEWER_KEYS = [...START_KEYS, 'prohibit_rollback'] as const;
