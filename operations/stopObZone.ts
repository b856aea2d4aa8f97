import {
  PrepareStopObServer,
  PrepareStopObZone,
  StopObServerProcess,
  StopObZone,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
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

/** Ten nodes (OCP documentation V4.2.2, "Stop a zone"). */
export const STOP_OB_ZONE: readonly ChainNode[] = [
  node(PrepareStopObZone),
  node(StopObZone),
  node(PrepareStopObServer, EACH),
  node(WaitNode),
  node(StopObServerProcess, EACH),
  node(WaitNode),
  node(UpdateObServerStatus, EACH),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** `POST /api/v2/ob/clusters/{id}/zones/{zoneName}/stop` (OCP documentation V4.2.2, "Stop a zone"). */
export const stopObZone = catalogued({
  id: 'stopObZone',
  command: 'ob stop-zone',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/zones/{zoneName}/stop',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Stop a zone',
  description:
    'Moves clients, leaders and the root service out of the zone (STOP ZONE), then stops its observers. Refused when a log ' +
    'stream of any tenant would lose its majority, another zone is out of service, or it is the last one. Its servers must ' +
    'be back within server_permanent_offline_time. Answers one task "Stop OB zone".',
  params: ZonePath,
  body: FreezeBody,
  answer: 'task',
  sample: 'stop-ob-zone',
  look: {
    obCluster: ({ params }) => params.id,
    refuses: (scope, { params }) => refuseUnsafeZoneStop(scope, params),
    findings: async (scope, { params }) => [
      ...(await zoneStopFindings(scope, params, false)),
      await expectedDuration(scope, {
        ...{ workflow: 'stopObZone', name: 'Stop OB zone', chain: STOP_OB_ZONE, clusterId: params.id },
      }),
    ],
  },

  async prepare(scope, { params, body }) {
    const found = await acceptedZone(scope.store, params, MAY_STOP);
    return planOnZone(scope, {
      ...found,
      ...{ name: 'Stop OB zone', chain: STOP_OB_ZONE, becomes: 'STOPPED', freezes: body.freezeServer },
    });
  },
});
