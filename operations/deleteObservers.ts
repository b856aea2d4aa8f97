import { z } from 'zod';
import {
  CleanObServer,
  DeleteObServer,
  DeleteObServerInfo,
  PrepareDeleteObServer,
  StartNode,
  StopOcpAgentService,
  SyncClusterInfo,
  UnReserveHost,
  UpdateObClusterStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerDelete,
} from '../activities/subtasks';
import { DATA_DISK, LOG_DISK } from '../oceanbase/observerLayout';
import { addressText } from '../runtime/addressText';
import { fault } from '../runtime/messages/catalogue';
import type { ObServerRow } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { acceptedServers, deletionFindings, refuseUnsafeDeletion, type ServersOf } from './deletedServers';
import { expectedDuration } from './expectedDuration';
import { serverLocks } from './obServers';
import { planTask } from './planTask';
import { leavingLists } from './rsListFindings';
import { HostIds, IdPath, idsOnce } from './schemas';
import { AT_TERMINAL } from './terminal';
import { catalogued, type PrepareScope } from './types';

/** From a server that serves to a host that is free: nodes 2 to 11, split by these lists. */
export function leaveCluster(serverIds: string, hostIds: string): readonly ChainNode[] {
  const perServer = { split: serverIds };
  const perHost = { split: hostIds };
  return [
    node(PrepareDeleteObServer, perServer),
    node(WaitNode),
    node(DeleteObServer, perServer),
    node(WaitObServerDelete),
    node(StopOcpAgentService, perHost),
    node(WaitNode),
    node(CleanObServer, perHost),
    node(UnReserveHost),
    node(DeleteObServerInfo, perServer),
    node(WaitNode),
  ];
}

/** Fourteen nodes (OCP documentation V4.2.2, "Delete OBServers"). */
export const DELETE_OB_SERVERS: readonly ChainNode[] = [
  node(StartNode),
  ...leaveCluster('server_ids', 'host_ids'),
  node(UpdateObZoneStatus, { split: 'zone_names' }),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** Servers of one request. */
const MOST_SERVERS = 50;

const ServerIds = idsOnce(MOST_SERVERS, fault('must.serversAtMost', { limit: MOST_SERVERS }), (id) =>
  fault('names.serverTwice', { id }),
)
  .min(1, fault('must.nameServer'))
  .register(AT_TERMINAL, { names: 'obServer' });

const Body = z
  .object({
    servers: ServerIds.optional().describe(
      'The same as serverIds, as OCP has it, whose page calls them ids of hosts: taken when all of them are hosts of this ' +
        "cluster's servers or all are its servers; what can be read both ways is refused.",
    ),
    serverIds: ServerIds.optional().describe('Ids of OBServers, and of nothing else. Not in OCP.'),
    skipOperationHostIds: HostIds.optional().describe(
      'Hosts that cannot be reached and are left alone; what stays there is listed in the log. Not on this page of OCP.',
    ),
  })
  .superRefine(({ servers, serverIds }, context) => {
    if ((servers === undefined) !== (serverIds === undefined)) return;
    context.addIssue({
      code: 'custom',
      path: ['servers'],
      message: fault('must.oneOfServers'),
      input: servers,
    });
  });

/** The value that all have, or undefined. */
function common(values: readonly string[]): string | undefined {
  const [first, other] = new Set(values);
  return other === undefined ? first : undefined;
}

/** Keys of the task's context about the servers that go, as the sample prints them. */
export function serviceKeys({ cluster, servers }: ServersOf): Record<string, string> {
  const [first] = servers;
  return {
    service_type: 'OB_CLUSTER',
    service_name: `${cluster.name}:${cluster.obClusterId}`,
    service_version: cluster.version,
    ob_install_path: first?.home ?? '/home/admin/oceanbase',
    ob_data_disk_path: DATA_DISK,
    ob_log_disk_path: LOG_DISK,
  };
}

/** What a plan must know of servers that go: their ids, their hosts and where they are. */
export function serverLists(servers: readonly ObServerRow[]) {
  const hosts = [...new Set(servers.flatMap(({ hostId }) => hostId ?? []))];
  return {
    lists: { server_ids: servers.map(({ id }) => String(id)), host_ids: hosts.map(String) },
    places: {
      server_ids: Object.fromEntries(servers.map(({ id, ip, rpcPort }) => [id, addressText(ip, rpcPort)])),
      host_ids: Object.fromEntries(
        servers.flatMap(({ hostId, ip }) => (hostId === null ? [] : [[String(hostId), ip]])),
      ),
    },
  };
}

async function plan(scope: PrepareScope, found: ServersOf, skipped: readonly number[]) {
  const { cluster, servers } = found;
  const zoneNames = [...new Set(servers.map(({ zone }) => zone))];
  const zones = await scope.store.obServers.zones(cluster.id);
  const zoneStatus = common(zones.filter(({ name }) => zoneNames.includes(name)).map(({ status }) => status));
  const serverStatus = common(servers.map(({ status }) => status));
  const [taskId = 0] = await scope.reserveTasks(1);
  const { lists, places } = serverLists(servers);
  return planTask(scope, {
    taskId,
    name: 'Delete OB server',
    chain: DELETE_OB_SERVERS,
    context: {
      stringMap: {
        cluster_name: cluster.name,
        cluster_id: String(cluster.id),
        prohibit_rollback: 'false',
        ...serviceKeys(found),
        former_cluster_status: cluster.status,
        target_cluster_status: cluster.status,
        ...(zoneStatus === undefined
          ? {}
          : { former_zone_status: zoneStatus, target_zone_status: zoneStatus }),
        ...(serverStatus === undefined ? {} : { former_server_status: serverStatus }),
      },
      listMap: { ...lists, zone_names: zoneNames },
    },
    unshown: { stringMap: {}, listMap: { skipped_host_ids: skipped.map(String) } },
    cluster,
    place: cluster.name,
    places,
    locks: serverLocks(cluster, servers),
    groupTaskIds: [taskId],
  });
}

/** `POST /api/v2/ob/clusters/{id}/servers/batchDelete` (OCP documentation V4.2.2, "Delete OBServers"). */
export const deleteObservers = catalogued({
  id: 'deleteObservers',
  command: 'ob delete-servers',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers/batchDelete',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Delete OBServers',
  description:
    'Takes the servers out of the cluster (DELETE SERVER): their units move to other servers of the zone, which may take days; ' +
    'then their observers end, and what obflow has made for them on their hosts goes. Of a server that was there before ' +
    'obflow the files stay. Refused when the servers that stay have no room for the units of a tenant, or a log stream has no ' +
    'majority. A rollback while units move cancels the deletion. Answers one task "Delete OB server".',
  params: IdPath,
  body: Body,
  answer: 'task',
  sample: 'delete-observers',
  look: {
    obCluster: ({ params }) => params.id,
    async refuses(scope, { params, body }) {
      const found = await acceptedServers(scope.store, params.id, body);
      await refuseUnsafeDeletion(scope, found);
      return leavingLists(scope, found);
    },
    findings: async (scope, { params, body }) => [
      ...(await deletionFindings(scope, await acceptedServers(scope.store, params.id, body))),
      await expectedDuration(scope, {
        ...{ workflow: 'deleteObservers', name: 'Delete OB server', chain: DELETE_OB_SERVERS },
        clusterId: params.id,
      }),
    ],
  },

  async prepare(scope, { params, body }) {
    const found = await acceptedServers(scope.store, params.id, body);
    return { plans: [await plan(scope, found, body.skipOperationHostIds ?? [])] };
  },
});
