import {
  PrepareRestartObServer,
  PrepareRestartObZone,
  StartObServerProcess,
  StartObZone,
  StartOcpAgentService,
  StopObServerProcess,
  StopObZone,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerActive,
} from '../activities/subtasks';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import {
  acceptedZone,
  EACH,
  FreezeBody,
  MAY_STOP,
  planOnZone,
  refuseUnsafeZoneStop,
  ZonePath,
  zoneStopFindings,
} from './obZones';
import { catalogued } from './types';

/** Fifteen nodes (OCP documentation V4.2.2, "Restart a zone"). */
export const RESTART_OB_ZONE: readonly ChainNode[] = [
  node(PrepareRestartObZone),
  node(StopObZone),
  node(PrepareRestartObServer, EACH),
  node(WaitNode),
  node(StopObServerProcess, EACH),
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

/** `POST /api/v2/ob/clusters/{id}/zones/{zoneName}/restart` (OCP documentation V4.2.2, "Restart a zone"). */
export const restartObZone = catalogued({
  id: 'restartObZone',
  command: 'ob restart-zone',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/zones/{zoneName}/restart',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Restart a zone',
  description:
    'Moves clients, leaders and the root service out of the zone (STOP ZONE), stops its observers, starts them from what ' +
    'they stored, and lets clients and leaders return (START ZONE). Observers that could not be started again are not ' +
    'stopped. Refused as a stop is. Answers one task "Restart OB zone".',
  params: ZonePath,
  body: FreezeBody,
  answer: 'task',
  sample: 'restart-ob-zone',
  look: {
    obCluster: ({ params }) => params.id,
    refuses: (scope, { params }) => refuseUnsafeZoneStop(scope, params),
    findings: async (scope, { params }) => [
      ...(await zoneStopFindings(scope, params, true)),
      await expectedDuration(scope, {
        ...{
          workflow: 'restartObZone',
          name: 'Restart OB zone',
          chain: RESTART_OB_ZONE,
          clusterId: params.id,
        },
      }),
    ],
  },

  async prepare(scope, { params, body }) {
    const found = await acceptedZone(scope.store, params, MAY_STOP);
    return planOnZone(scope, {
      ...found,
      ...{ name: 'Restart OB zone', chain: RESTART_OB_ZONE, becomes: 'RUNNING', freezes: body.freezeServer },
    });
  },
});
