import {
  PrepareStartObCluster,
  PrepareStartObServer,
  PrepareStartObZone,
  StartObServer,
  StartObServerProcess,
  StartObZone,
  StartOcpAgentService,
  SyncAllTenantInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerAccessible,
} from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { acceptedCluster, ofAll, planOnCluster } from './obClusterLife';
import { processFindings } from './obServerFindings';
import { EACH, EACH_ZONE } from './obZones';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Eighteen nodes (OCP documentation V4.2.2, "Start an OceanBase cluster"). */
export const START_OB_CLUSTER: readonly ChainNode[] = [
  node(PrepareStartObCluster),
  node(PrepareStartObZone, EACH_ZONE),
  node(WaitNode),
  node(PrepareStartObServer, EACH),
  node(WaitNode),
  node(StartObServerProcess, EACH),
  node(WaitObServerAccessible),
  node(StartOcpAgentService, { split: 'host_ids' }),
  node(WaitNode),
  node(StartObServer, EACH),
  node(WaitNode),
  node(StartObZone, EACH_ZONE),
  node(WaitNode),
  node(UpdateObServerStatus, EACH),
  node(WaitNode),
  node(UpdateObZoneStatus, EACH_ZONE),
  node(SyncAllTenantInfo),
  node(UpdateObClusterStatus),
];

/** UNAVAILABLE: whoever ended its processes was no task, for example a power cut. */
const MAY_START = ['STOPPED', 'UNAVAILABLE'] as const;

/** `POST /api/v2/ob/clusters/{id}/start` (OCP documentation V4.2.2, "Start an OceanBase cluster"). */
export const startObCluster = catalogued({
  id: 'startObCluster',
  command: 'ob start',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/start',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Start an OceanBase cluster',
  description:
    'Starts every observer of a cluster that is STOPPED or UNAVAILABLE from what it stored, waits until a majority and then ' +
    'all of them answer SQL, and lets clients and leaders return to servers and zones that were stopped before. Every host ' +
    'has to be reachable before anything is started. Answers one task "Start OB cluster" in the documented older form, with ' +
    'the modern subtasks beside it.',
  params: IdPath,
  answer: 'legacyTask',
  sample: 'start-ob-cluster',
  look: {
    obCluster: ({ params }) => params.id,
    obServersOf: ({ params }) => params.id,
    findings: async (scope, { params }) => {
      const { cluster, servers } = await acceptedCluster(scope.store, params.id, MAY_START);
      const counts = { count: servers.length, cluster: cluster.name };
      return [
        { level: 'INFO', message: say('clusterLife.allStart', counts) },
        ...(await processFindings(scope, servers, true)),
        await expectedDuration(scope, {
          ...{ workflow: 'startObCluster', name: 'Start OB cluster', clusterId: params.id },
          chain: START_OB_CLUSTER,
        }),
      ];
    },
  },

  async prepare(scope, { params }) {
    const found = await acceptedCluster(scope.store, params.id, MAY_START);
    const { cluster, zones } = found;
    return planOnCluster(scope, {
      ...found,
      ...{ name: 'Start OB cluster', chain: START_OB_CLUSTER, becomes: 'RUNNING' },
      context: {
        stringMap: {
          cluster_name: cluster.name,
          cluster_id: String(cluster.id),
          ocpagent_service_name: 'agent',
        },
        listMap: { ...ofAll(found), zone_names: zones },
      },
      unshown: { cluster_wide: 'true' },
    });
  },
});
