import {
  CleanObServer,
  DeleteObServer,
  DeleteObZone,
  DeleteObZoneInfo,
  PrepareDeleteObServer,
  PrepareDeleteObZone,
  StopObZone,
  StopOcpAgentService,
  SyncClusterInfo,
  UnReserveHost,
  UpdateObClusterStatus,
  WaitNode,
  WaitObServerDelete,
} from '../activities/subtasks';
import { lookAtStop, lookAtZone } from '../contact/lookAtStop';
import type { ClusterSession } from '../oceanbase/clusterSession';
import { say } from '../runtime/messages/catalogue';
import type { Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { deletionFindings, refuseUnfitServer, refuseUnsafeDeletion } from './deletedServers';
import { serverLists } from './deleteObservers';
import { expectedDuration } from './expectedDuration';
import { askingCluster, refuseUnsafeStop, serverLocks } from './obServers';
import { standbyOf } from './observerPreconditions';
import { EACH, knownZone, ZonePath } from './obZones';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import { leavingLists } from './rsListFindings';
import { catalogued, type HostFinding, type InspectScope } from './types';

const EACH_HOST = { split: 'host_ids' } as const;

/** Thirteen nodes (OCP documentation V4.2.2, "Delete a zone"). */
export const DELETE_OB_ZONE: readonly ChainNode[] = [
  node(PrepareDeleteObZone),
  node(PrepareDeleteObServer, EACH),
  node(StopObZone),
  node(DeleteObServer, EACH),
  node(WaitObServerDelete),
  node(StopOcpAgentService, EACH_HOST),
  node(WaitNode),
  node(CleanObServer, EACH_HOST),
  node(DeleteObZone),
  node(UnReserveHost),
  node(DeleteObZoneInfo),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** Of a zone without servers there is no node to split by them. */
const chainFor = (servers: readonly unknown[]): readonly ChainNode[] =>
  servers.length > 0 ? DELETE_OB_ZONE : DELETE_OB_ZONE.filter(({ split }) => split === undefined);

/**
 * The zone of a request with its servers, which no task holds and whose statuses allow it. Throws Refusal OBE11001, OBE11007,
 * OBE18002, OBE11020, OBE18010, OBE18004, OBE11015, OBE19003, CMP07005.
 */
async function accepted(store: Store, path: { readonly id: number; readonly zoneName: string }) {
  const { cluster, zone, zones } = await knownZone(store, path);
  const servers = (await store.obServers.ofCluster(cluster.id)).filter((server) => server.zone === zone.name);
  await refuseWhenHeld(store, serverLocks(cluster, servers));
  const target = `obZone:${zone.name}`;
  if (zones.length < 2)
    throw new Refusal(409, 'OBE18010', say('zone.onlyDelete', { name: cluster.name }), { target });
  if (zone.status !== 'RUNNING' && zone.status !== 'STOPPED') {
    const said = say('zone.unfit', { zone: zone.name, status: zone.status, allowed: 'RUNNING, STOPPED' });
    throw new Refusal(409, 'OBE18004', said, { target });
  }
  const standby = await standbyOf(store, cluster);
  if (standby !== undefined) {
    const said = say('zone.standby', { name: cluster.name, id: standby.id, zone: zone.name });
    throw new Refusal(409, 'OBE11015', said, { target });
  }
  servers.forEach(refuseUnfitServer);
  return { cluster, zone, servers };
}

/** Throws Refusal OBE18007 when a tenant has something in the zone, and what a stop of the zone or a deletion of its servers throws. */
async function refuseUnsafe(
  scope: InspectScope,
  { cluster, zone, servers }: Awaited<ReturnType<typeof accepted>>,
): Promise<void> {
  const { name } = zone;
  const target = `obZone:${name}`;
  const tenants = await askingCluster(scope, cluster, (session) => lookAtZone(session, name));
  if (tenants !== undefined && tenants.length > 0) {
    const text = say('zone.inUse', { zone: name, tenants: tenants.slice(0, 5).join(', ') });
    const said = say('text.withNext', { text, next: say('zone.nextInUse', { zone: name }) });
    throw new Refusal(409, 'OBE18007', said, { target });
  }
  if (zone.status === 'RUNNING')
    await refuseUnsafeStop(scope, cluster, { target: { zone: name }, name, object: target });
  if (servers.length > 0) await refuseUnsafeDeletion(scope, { cluster, servers });
}

/** Which majority STOP ZONE would leave. */
async function leavesFindings(
  scope: InspectScope,
  { cluster, zone }: Awaited<ReturnType<typeof accepted>>,
): Promise<HostFinding[]> {
  const look = (session: ClusterSession) => lookAtStop(session, { zone: zone.name });
  const verdict = await askingCluster(scope, cluster, look);
  const leaves = verdict?.leaves;
  return leaves === undefined ? [] : [{ level: 'INFO', message: leaves }];
}

/** `DELETE /api/v2/ob/clusters/{id}/zones/{zoneName}` (OCP documentation V4.2.2, "Delete a zone"). */
export const deleteObZone = catalogued({
  id: 'deleteObZone',
  command: 'ob delete-zone',
  method: 'DELETE',
  path: '/api/v2/ob/clusters/{id}/zones/{zoneName}',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Delete a zone',
  description:
    'Stops the zone, takes its servers out of the cluster, ends their observers, removes what obflow has made for them on ' +
    'their hosts, and deletes the zone. Refused while a tenant has units or replicas in it: delete those first. Answers one ' +
    'task "Delete OB zone" in the documented older form, with the modern subtasks beside it.',
  params: ZonePath,
  answer: 'legacyTask',
  sample: 'delete-ob-zone',
  look: {
    obCluster: ({ params }) => params.id,
    async refuses(scope, { params }) {
      const found = await accepted(scope.store, params);
      await refuseUnsafe(scope, found);
      return leavingLists(scope, found);
    },
    async findings(scope, { params }) {
      const found = await accepted(scope.store, params);
      const chain = chainFor(found.servers);
      return [
        ...(await leavesFindings(scope, found)),
        ...(await deletionFindings(scope, found)),
        await expectedDuration(scope, {
          ...{ workflow: 'deleteObZone', name: 'Delete OB zone', chain, clusterId: params.id },
        }),
      ];
    },
  },

  async prepare(scope, { params }) {
    const { cluster, zone, servers } = await accepted(scope.store, params);
    const [taskId = 0] = await scope.reserveTasks(1);
    const { lists, places } = serverLists(servers);
    const plan = await planTask(scope, {
      taskId,
      name: 'Delete OB zone',
      chain: chainFor(servers),
      context: {
        stringMap: {
          cluster_name: cluster.name,
          cluster_id: String(cluster.id),
          service_type: 'OB_CLUSTER',
          service_name: `${cluster.name}:${cluster.obClusterId}`,
          former_cluster_status: cluster.status,
          zone_name: zone.name,
          target_cluster_status: cluster.status,
          service_version: cluster.version,
          ob_cluster_id: String(cluster.obClusterId),
        },
        listMap: lists,
      },
      unshown: { stringMap: {}, listMap: { zone_names: [zone.name] } },
      cluster,
      place: zone.name,
      places,
      locks: serverLocks(cluster, servers),
      groupTaskIds: [taskId],
    });
    return { plans: [plan] };
  },
});
