/** What the operations on a zone share: its path, which states allow them, and the plan. */
import { z } from 'zod';
import { addressText } from '../runtime/addressText';
import { fault, say } from '../runtime/messages/catalogue';
import type { ObZoneStatus } from '../store/statuses';
import type { ObClusterRow, ObServerRow, ObZoneRow, Store } from '../store/types';
import type { Chain } from '../workflows/chain';
import type { Plan } from '../workflows/plan';
import { processFindings, stopFindings } from './obServerFindings';
import { refuseUndeclaredMachine, refuseUnsafeStop, serverLocks } from './obServers';
import { ZoneName } from './observerFields';
import { clusterRuns, obClusterById } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import type { HostFinding, InspectScope, PrepareScope } from './types';

/** Path parameters `{id}` of the cluster and `{zoneName}`. */
export const ZonePath = IdPath.extend({
  zoneName: ZoneName.describe('Zone of the cluster.'),
});

/** A body may be left out: the page has none. */
export const FreezeBody = z
  .object({
    freezeServer: z
      .boolean(fault('must.boolean'))
      .default(true)
      .describe(
        "Whether what is in memory is written to disk first, so that the next start is shorter. Not on OCP's page, but in its console.",
      ),
  })
  .default({ freezeServer: true });

export interface ZoneOf {
  readonly cluster: ObClusterRow;
  readonly zone: string;
  readonly servers: readonly ObServerRow[];
}

type Path = z.output<typeof ZonePath>;

/** The zone of a request, in a cluster that runs. Throws Refusal OBE11001, OBE11007, OBE18002. */
export async function knownZone(
  store: Store,
  { id, zoneName }: Path,
): Promise<{
  readonly cluster: ObClusterRow;
  readonly zone: ObZoneRow;
  readonly zones: readonly ObZoneRow[];
}> {
  const cluster = await obClusterById(store, id);
  const zones = await store.obServers.zones(cluster.id);
  const zone = zones.find(({ name }) => name === zoneName);
  if (zone === undefined) {
    // Nothing is known of a cluster that has never answered.
    if (zones.length === 0) clusterRuns(cluster);
    const known = zones.map(({ name }) => name).join(', ');
    const said = say('zone.unknown', { cluster: cluster.name, name: zoneName, known });
    throw new Refusal(404, 'OBE18002', said, { target: `obZone:${zoneName}` });
  }
  clusterRuns(cluster);
  return { cluster, zone, zones };
}

/**
 * The zone of a request with its servers, which no task holds and whose status allows it. Throws Refusal OBE11001, OBE11007,
 * OBE18002, OBE11020, OBE18004 or OBE18005, OBE18010, OBE11019 for a zone without servers.
 */
export async function acceptedZone(
  store: Store,
  { id, zoneName }: Path,
  { from, stops }: { readonly from: ObZoneStatus; readonly stops: boolean },
): Promise<ZoneOf> {
  const { cluster, zone, zones } = await knownZone(store, { id, zoneName });
  const target = `obZone:${zoneName}`;
  const all = await store.obServers.ofCluster(cluster.id);
  const servers = all.filter((server) => server.zone === zoneName);
  await refuseWhenHeld(store, serverLocks(cluster, servers));
  if (stops && zones.length < 2) {
    throw new Refusal(409, 'OBE18010', say('zone.only', { name: cluster.name }), { target });
  }
  if (zone.status !== from) {
    const said = say('zone.unfit', { zone: zoneName, status: zone.status, allowed: from });
    throw new Refusal(409, stops ? 'OBE18004' : 'OBE18005', said, { target });
  }
  if (servers.length === 0)
    throw new Refusal(409, 'OBE11019', say('zone.empty', { zone: zoneName }), { target });
  servers.forEach(refuseUndeclaredMachine);
  return { cluster, zone: zoneName, servers };
}

/** A node with a subtask for each observer of the zone. */
export const EACH = { split: 'server_ids' } as const;

/** And one for each zone of the task. */
export const EACH_ZONE = { split: 'zone_names' } as const;

/** For a stop and a restart. */
export const MAY_STOP = { from: 'RUNNING', stops: true } as const;

/** Throws Refusal when a log stream would lose its majority without the zone, or another zone is out of service. */
export async function refuseUnsafeZoneStop(scope: InspectScope, path: Path): Promise<void> {
  const { cluster, zone } = await acceptedZone(scope.store, path, MAY_STOP);
  await refuseUnsafeStop(scope, cluster, { target: { zone }, name: zone, object: `obZone:${zone}` });
}

/** The servers of a zone, for findings. */
async function serversOfZone(scope: InspectScope, { id, zoneName }: Path): Promise<ObServerRow[]> {
  return (await scope.store.obServers.ofCluster(id)).filter(({ zone }) => zone === zoneName);
}

/** What would stop, which majority is left, and with `starts` whether it could be started again. */
export async function zoneStopFindings(
  scope: InspectScope,
  path: Path,
  starts: boolean,
): Promise<HostFinding[]> {
  const servers = await serversOfZone(scope, path);
  return [
    ...(await stopFindings(scope, servers, { zone: path.zoneName })),
    ...(await processFindings(scope, servers, starts)),
  ];
}

export async function zoneStartFindings(scope: InspectScope, path: Path): Promise<HostFinding[]> {
  return processFindings(scope, await serversOfZone(scope, path), true);
}

export interface ZoneTask extends ZoneOf {
  readonly name: string;
  readonly chain: Chain;
  /** What servers and zone are to be. */
  readonly becomes: 'RUNNING' | 'STOPPED';
  readonly freezes?: boolean;
}

/** One task on a zone, with the context that OCP documents. */
export async function planOnZone(
  scope: PrepareScope,
  { name, chain, cluster, zone, servers, becomes, freezes = true }: ZoneTask,
): Promise<{ plans: Plan[] }> {
  const [taskId = 0] = await scope.reserveTasks(1);
  const plan = await planTask(scope, {
    taskId,
    name,
    chain,
    context: {
      stringMap: {
        cluster_name: cluster.name,
        cluster_id: String(cluster.id),
        ocpagent_service_name: 'agent',
        prohibit_rollback: 'false',
        former_cluster_status: cluster.status,
        zone_name: zone,
        target_cluster_status: cluster.status,
      },
      listMap: { server_ids: servers.map(({ id }) => String(id)) },
    },
    unshown: {
      stringMap: {
        zone_wide: 'true',
        target_server_status: becomes,
        target_zone_status: becomes,
        freeze_server: String(freezes),
      },
      listMap: { host_ids: servers.flatMap(({ hostId }) => (hostId === null ? [] : [String(hostId)])) },
    },
    cluster,
    place: zone,
    places: {
      server_ids: Object.fromEntries(servers.map(({ id, ip, rpcPort }) => [id, addressText(ip, rpcPort)])),
    },
    locks: serverLocks(cluster, servers),
    groupTaskIds: [taskId],
  });
  return { plans: [plan] };
}
