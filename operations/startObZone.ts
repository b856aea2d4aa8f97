import {
  PrepareStartObServer,
  PrepareStartObZone,
  StartObServerProcess,
  StartObZone,
  StartOcpAgentService,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerActive,
} from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { acceptedZone, EACH, planOnZone, ZonePath, zoneStartFindings } from './obZones';
import { catalogued } from './types';

/** Twelve nodes (OCP documentation V4.2.2, "Start a zone"). */
export const START_OB_ZONE: readonly ChainNode[] = [
  node(PrepareStartObZone),
  node(PrepareStartObServer, EACH),
  node(WaitNode),
  node(StartObServerProcess, EACH),
  node(WaitObServerActive),
  node(StartOcpAgentService, EACH),
  node(WaitNode),
  node(UpdateObServerStatus, EACH),
  node(StartObZone),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** `POST /api/v2/ob/clusters/{id}/zones/{zoneName}/start` (OCP documentation V4.2.2, "Start a zone"). */
export const startObZone = catalogued({
  id: 'startObZone',
  command: 'ob start-zone',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/zones/{zoneName}/start',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Start a zone',
  description:
    'Starts the observers of the zone from what they stored, waits until the cluster has them back, and lets clients and ' +
    'leaders return (START ZONE). Answers one task "Start OB zone".',
  params: ZonePath,
  answer: 'task',
  sample: 'start-ob-zone',
  look: {
    obCluster: ({ params }) => params.id,
    findings: async (scope, { params }) => [
      { level: 'INFO', message: say('dry.nothingStops') },
      ...(await zoneStartFindings(scope, params)),
      await expectedDuration(scope, {
        ...{ workflow: 'startObZone', name: 'Start OB zone', chain: START_OB_ZONE, clusterId: params.id },
      }),
    ],
  },

  async prepare(scope, { params }) {
    const found = await acceptedZone(scope.store, params, { from: 'STOPPED', stops: false });
    return planOnZone(scope, {
      ...found,
      ...{ name: 'Start OB zone', chain: START_OB_ZONE, becomes: 'RUNNING' },
    });
  },
});
