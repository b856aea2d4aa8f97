/** What the operations on a whole OceanBase cluster share: which states allow them, its servers by zone, and the plan. */
import { z } from 'zod';
import { rollingOrder } from '../oceanbase/rollingVerdict';
import { addressText } from '../runtime/addressText';
import { fault, joined, say } from '../runtime/messages/catalogue';
import type { ObClusterStatus } from '../store/statuses';
import type { ObClusterRow, ObServerRow, Store } from '../store/types';
import type { Chain } from '../workflows/chain';
import type { Plan } from '../workflows/plan';
import { refuseUndeclaredMachine, serverLocks } from './obServers';
import { obClusterById } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import type { HostFinding, InspectScope, PrepareScope } from './types';

/** Not on OCP's pages, whose requests have no body: its console offers both. */
export const freezeServer = z
  .boolean(fault('must.boolean'))
  .default(true)
  .describe(
    "Whether what is in memory is written to disk first, so that the next start is shorter. Not on OCP's page, but in its console.",
  );

export interface WholeCluster {
  readonly cluster: ObClusterRow;
  readonly servers: readonly ObServerRow[];
  /** In the order in which they are restarted. */
  readonly zones: readonly string[];
}

/**
 * The cluster of a request with all of its servers, which no task holds and whose status allows it. Throws Refusal OBE11001,
 * OBE11020, OBE11008, OBE11019 when none of its servers is known, and CMP07005 for one on a machine that is no host.
 */
export async function acceptedCluster(
  store: Store,
  id: number,
  from: readonly ObClusterStatus[],
): Promise<WholeCluster> {
  const cluster = await obClusterById(store, id);
  const target = `obCluster:${id}`;
  const servers = await store.obServers.ofCluster(id);
  await refuseWhenHeld(store, serverLocks(cluster, servers));
  if (!from.includes(cluster.status)) {
    const said = say('clusterLife.unfit', {
      ...{ id, name: cluster.name, status: cluster.status },
      allowed: joined(from, 'list.or'),
    });
    throw new Refusal(409, 'OBE11008', said, { target });
  }
  if (servers.length === 0)
    throw new Refusal(409, 'OBE11019', say('clusterLife.noServers', { id, name: cluster.name }), { target });
  servers.forEach(refuseUndeclaredMachine);
  return { cluster, servers, zones: rollingOrder(servers) };
}

const texts = (ids: readonly (number | null)[]): string[] => [
  ...new Set(ids.flatMap((id) => (id === null ? [] : [String(id)]))),
];

/** Ids of servers and hosts by zone, with a prefix: `{ 'zone1.server_ids': ['5'], 'zone1.host_ids': ['5'] }`. */
export function byZone(
  { servers, zones }: Pick<WholeCluster, 'servers' | 'zones'>,
  prefix = '',
): Record<string, string[]> {
  return Object.fromEntries(
    zones.flatMap((zone) => {
      const own = servers.filter((server) => server.zone === zone);
      return [
        [`${prefix}${zone}.server_ids`, texts(own.map(({ id }) => id))],
        [`${prefix}${zone}.host_ids`, texts(own.map(({ hostId }) => hostId))],
      ] as const;
    }),
  );
}

/** All of them, whatever their zone. */
export function ofAll({ servers }: Pick<WholeCluster, 'servers'>): {
  server_ids: string[];
  host_ids: string[];
} {
  return {
    server_ids: texts(servers.map(({ id }) => id)),
    host_ids: texts(servers.map(({ hostId }) => hostId)),
  };
}

export interface ClusterTask extends WholeCluster {
  readonly name: string;
  readonly chain: Chain;
  /** What cluster, zones and servers are to be. */
  readonly becomes: 'RUNNING' | 'STOPPED';
  /** The documented context, in the order in which the sample prints it. */
  readonly context: Plan['context'];
  /** For the activities; the documented context does not show it. */
  readonly unshown: Readonly<Record<string, string>>;
}

/** One task on a cluster. */
export async function planOnCluster(
  scope: PrepareScope,
  { name, chain, cluster, servers, zones, becomes, context, unshown }: ClusterTask,
): Promise<{ plans: Plan[] }> {
  const [taskId = 0] = await scope.reserveTasks(1);
  const shown = context.listMap;
  const hidden = { ...ofAll({ servers }), ...byZone({ servers, zones }) };
  const plan = await planTask(scope, {
    taskId,
    name,
    chain,
    context,
    unshown: {
      stringMap: {
        target_server_status: becomes,
        target_zone_status: becomes,
        target_cluster_status: becomes,
        ...unshown,
      },
      listMap: Object.fromEntries(Object.entries(hidden).filter(([key]) => shown[key] === undefined)),
    },
    cluster,
    place: cluster.name,
    places: {
      server_ids: Object.fromEntries(servers.map(({ id, ip, rpcPort }) => [id, addressText(ip, rpcPort)])),
      host_ids: Object.fromEntries(servers.map(({ hostId, ip }) => [String(hostId), ip])),
    },
    locks: serverLocks(cluster, servers),
    groupTaskIds: [taskId],
  });
  return { plans: [plan] };
}

/** Whose clients a stop, or a restart that interrupts, cuts off. */
export async function proxyFindings({ store }: InspectScope, cluster: ObClusterRow): Promise<HostFinding[]> {
  const linked = await store.obproxy.clustersLinkedTo(cluster.id);
  if (linked.length === 0) return [];
  const names = joined(
    linked.map(({ name }) => name),
    'list.comma',
  );
  return [{ level: 'WARN', message: say('clusterLife.proxies', { cluster: cluster.name, names }) }];
}
