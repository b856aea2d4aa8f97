import { z } from 'zod';
import {
  PrepareStopObCluster,
  PrepareStopObServer,
  PrepareStopObZone,
  StopObServerProcess,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
} from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { acceptedCluster, freezeServer, ofAll, planOnCluster, proxyFindings } from './obClusterLife';
import { processFindings } from './obServerFindings';
import { EACH, EACH_ZONE } from './obZones';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Eleven nodes (OCP documentation V4.2.2, "Stop an OceanBase cluster"). No STOP SERVER or STOP ZONE: the whole cluster goes. */
export const STOP_OB_CLUSTER: readonly ChainNode[] = [
  node(PrepareStopObCluster),
  node(PrepareStopObZone, EACH_ZONE),
  node(WaitNode),
  node(PrepareStopObServer, EACH),
  node(WaitNode),
  node(StopObServerProcess, EACH),
  node(WaitNode),
  node(UpdateObServerStatus, EACH),
  node(WaitNode),
  node(UpdateObZoneStatus, EACH_ZONE),
  node(UpdateObClusterStatus),
];

const MAY_STOP = ['RUNNING'] as const;

/** `POST /api/v2/ob/clusters/{id}/stop` (OCP documentation V4.2.2, "Stop an OceanBase cluster"). */
export const stopObCluster = catalogued({
  id: 'stopObCluster',
  command: 'ob stop',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/stop',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Stop an OceanBase cluster',
  description:
    'Writes what is in memory to disk, then stops every observer of the cluster at once: all of its clients, and those of ' +
    'the OBProxies that are linked to it, are cut off until it is started. Answers one task "Stop OB cluster" in the ' +
    'documented older form, with the modern subtasks beside it.',
  params: IdPath,
  body: z.object({ freezeServer }).default({ freezeServer: true }),
  answer: 'legacyTask',
  sample: 'stop-ob-cluster',
  look: {
    obCluster: ({ params }) => params.id,
    obServersOf: ({ params }) => params.id,
    findings: async (scope, { params }) => {
      const { cluster, servers, zones } = await acceptedCluster(scope.store, params.id, MAY_STOP);
      const counts = { count: servers.length, cluster: cluster.name, zones: zones.join(', ') };
      return [
        { level: 'WARN', message: say('clusterLife.allStop', counts) },
        ...(await proxyFindings(scope, cluster)),
        ...(await processFindings(scope, servers, true)),
        await expectedDuration(scope, {
          ...{
            workflow: 'stopObCluster',
            name: 'Stop OB cluster',
            chain: STOP_OB_CLUSTER,
            clusterId: params.id,
          },
        }),
      ];
    },
  },

  async prepare(scope, { params, body }) {
    const found = await acceptedCluster(scope.store, params.id, MAY_STOP);
    const { cluster, zones } = found;
    return planOnCluster(scope, {
      ...found,
      ...{ name: 'Stop OB cluster', chain: STOP_OB_CLUSTER, becomes: 'STOPPED' },
      context: {
        stringMap: {
          cluster_name: cluster.name,
          cluster_id: String(cluster.id),
          former_cluster_status: cluster.status,
        },
        listMap: { server_ids: ofAll(found).server_ids, zone_names: zones },
      },
      unshown: { cluster_wide: 'true', freeze_server: String(body.freezeServer) },
    });
  },
});
