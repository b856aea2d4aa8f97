/** What the operations on existing OBProxies share: their body, which states allow them, and the plan of their task. */
import { z } from 'zod';
import { addressText } from '../runtime/addressText';
import { fault, say } from '../runtime/messages/catalogue';
import type { ObproxyStatus } from '../store/statuses';
import type { LockWish, ObproxyClusterRow, ObproxyServerRow, Store } from '../store/types';
import type { Chain } from '../workflows/chain';
import type { Plan } from '../workflows/plan';
import { hostProxyLock, obproxyClusterLock } from './locks';
import { planTask, refuseWhenHeld } from './planTask';
import { obproxyClusterById } from './preconditions';
import { Refusal } from './refusal';
import { idsOnce } from './schemas';
import { AT_TERMINAL } from './terminal';
import type { PrepareScope } from './types';

/** OBProxies of one request (OCP's limit). */
export const MOST_PROXIES = 1_000;

/** A node of a chain that does its work for each OBProxy of the request. */
export const EACH = { split: 'obproxy_server_ids' } as const;

/** Ids of OBProxies, each once. */
export const ObproxyServerIds = obproxyServerIds(MOST_PROXIES);

/** The ids of a request that must name at least one. */
export const SomeObproxyServerIds = someObproxyServerIds(MOST_PROXIES);

function obproxyServerIds(most: number) {
  return idsOnce(most, fault('must.proxiesAtMost', { limit: most }), (id) =>
    fault('names.obproxyTwice', { id }),
  ).register(AT_TERMINAL, { names: 'obproxy' });
}

/** The same where fewer are taken at once. */
export function someObproxyServerIds(most: number) {
  return obproxyServerIds(most).min(1, fault('must.nameObproxy')).describe('OBProxies of the cluster.');
}

/** `1,2,3` in a path. */
export const ObproxyIdsText = z
  .string()
  .regex(/^\d{1,16}(?:,\d{1,16})*$/, fault('must.idsByComma'))
  .transform((text) => text.split(',').map(Number))
  .pipe(SomeObproxyServerIds)
  .meta({ wire: { type: 'string', pattern: '^\\d{1,16}(,\\d{1,16})*$' } });

/** The cluster's OBProxies of these ids, in their order. Throws Refusal ODP21002 (404), ODP21015 (400). */
export async function serversOf(
  store: Store,
  cluster: ObproxyClusterRow,
  ids: readonly number[],
): Promise<ObproxyServerRow[]> {
  const known = new Map(cluster.servers.map((server) => [server.id, server]));
  for (const id of ids.filter((one) => !known.has(one))) {
    const elsewhere = await store.obproxy.findServer(id);
    const target = `obproxyServer:${id}`;
    if (elsewhere === undefined) {
      throw new Refusal(404, 'ODP21002', say('obproxy.unknown', { id, cluster: cluster.id }), { target });
    }
    const said = say('obproxy.otherCluster', { id, other: elsewhere.clusterId, cluster: cluster.id });
    throw new Refusal(400, 'ODP21015', said, { target });
  }
  return ids.flatMap((id) => known.get(id) ?? []);
}

/** Which statuses allow an operation. */
export interface Allowed {
  readonly from: readonly ObproxyStatus[];
  /** Statuses in which there is nothing to do (ODP21104). */
  readonly already?: readonly ObproxyStatus[];
}

/** Throws Refusal: ODP21104 when it is so already, ODP21017 naming the one status that allows it, ODP21016 several. */
function refuseStatuses(servers: readonly ObproxyServerRow[], { from, already = [] }: Allowed): void {
  for (const { id, ip, sqlPort, status } of servers) {
    if (from.includes(status)) continue;
    const about = { id, address: addressText(ip, sqlPort), status };
    const target = `obproxyServer:${id}`;
    if (already.includes(status)) {
      throw new Refusal(400, 'ODP21104', say('obproxy.already', about), { target });
    }
    const code = from.length === 1 ? 'ODP21017' : 'ODP21016';
    const allowed = from.join(', ');
    throw new Refusal(400, code, say('obproxy.unfit', { ...about, allowed }), { target });
  }
}

/** The OBProxies of a request, which no task holds and whose statuses allow it. */
export async function acceptedServers(
  store: Store,
  clusterId: number,
  ids: readonly number[],
  allowed: Allowed,
): Promise<{ cluster: ObproxyClusterRow; servers: ObproxyServerRow[] }> {
  const cluster = await obproxyClusterById(store, clusterId);
  const servers = await serversOf(store, cluster, ids);
  await refuseWhenHeld(store, locksOf(cluster, servers));
  refuseStatuses(servers, allowed);
  return { cluster, servers };
}

/** Those of a cluster that are RUNNING. */
export function runningIds({ servers }: Pick<ObproxyClusterRow, 'servers'>): number[] {
  return servers.filter(({ status }) => status === 'RUNNING').map(({ id }) => id);
}

/** Locks of a task that works on these OBProxies. */
export function locksOf(
  cluster: Pick<ObproxyClusterRow, 'id'>,
  servers: readonly ObproxyServerRow[],
): string[] {
  return [...servers.map(({ hostId }) => hostProxyLock(hostId)), obproxyClusterLock(cluster.id)];
}

export interface ServersTask {
  readonly name: string;
  readonly chain: Chain;
  readonly cluster: ObproxyClusterRow;
  readonly servers: readonly ObproxyServerRow[];
  /** For the activities; the documented context does not show it. */
  readonly unshown?: Readonly<Record<string, string>>;
  /** OBProxies whose hosts are not contacted. */
  readonly skipped?: readonly ObproxyServerRow[];
  readonly deletesCluster?: boolean;
  /** As OCP documents some tasks: true refuses every rollback, from the first moment on. */
  readonly prohibitRollback?: boolean;
  /** Beside the hosts and the cluster. */
  readonly locks?: readonly LockWish[];
}

/** One task on all OBProxies of a request, with the context that OCP documents. */
export async function planOnServers(
  scope: PrepareScope,
  { name, chain, cluster, servers, unshown, skipped = [], ...task }: ServersTask,
): Promise<{ plans: Plan[] }> {
  const locks = [...locksOf(cluster, servers), ...(task.locks ?? [])];
  const [taskId = 0] = await scope.reserveTasks(1);
  const plan = await planTask(scope, {
    taskId,
    name,
    chain,
    context: {
      stringMap: {
        service_type: 'OB_PROXY',
        service_name: cluster.name,
        prohibit_rollback: String(task.prohibitRollback ?? false),
        obproxy_need_delete_cluster: String(task.deletesCluster ?? false),
      },
      listMap: {
        host_ids: servers.map(({ hostId }) => String(hostId)),
        obproxy_server_ids: servers.map(({ id }) => String(id)),
      },
    },
    unshown: {
      stringMap: {
        obproxy_cluster_id: String(cluster.id),
        obproxy_cluster_name: cluster.name,
        ...unshown,
      },
      listMap: {
        skipped_host_ids: skipped.map(({ hostId }) => String(hostId)),
        skipped_obproxy_server_ids: skipped.map(({ id }) => String(id)),
      },
    },
    place: cluster.name,
    places: {
      host_ids: Object.fromEntries(servers.map(({ hostId, ip }) => [hostId, ip])),
      obproxy_server_ids: Object.fromEntries(servers.map(({ id, ip }) => [id, ip])),
    },
    locks,
    groupTaskIds: [taskId],
  });
  return { plans: [plan] };
}
