import {
  PrepareStartObServer,
  StartObServer,
  StartObServerProcess,
  StartOcpAgentService,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitObServerActive,
} from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { processFindings, serversById } from './obServerFindings';
import { acceptedServer, planOnServer, ServerPath, START_KEYS } from './obServers';
import { catalogued } from './types';

/** Nine nodes (OCP documentation V4.2.2, "Start an OBServer"). */
export const START_OB_SERVER: readonly ChainNode[] = [
  node(PrepareStartObServer),
  node(StartObServerProcess),
  node(WaitObServerActive),
  node(StartOcpAgentService),
  node(StartObServer),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** `POST /api/v2/ob/clusters/{id}/servers/{serverId}/start` (OCP documentation V4.2.2, "Start an OBServer"). */
export const startObserver = catalogued({
  id: 'startObserver',
  command: 'ob start-server',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers/{serverId}/start',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Start an OBServer',
  description:
    'Starts the observer from the configuration that it stored, waits until the cluster has it back, and lets clients and ' +
    'leaders return (START SERVER). Answers one task "Start OB server" in the documented older form, with the modern ' +
    'subtasks beside it.',
  params: ServerPath,
  answer: 'legacyTask',
  sample: 'start-observer',
  look: {
    obCluster: ({ params }) => params.id,
    obServers: ({ params }) => [params.serverId],
    findings: async (scope, { params }) => [
      { level: 'INFO', message: say('dry.nothingStops') },
      ...(await processFindings(scope, await serversById(scope, params.serverId), true)),
      await expectedDuration(scope, {
        ...{ workflow: 'startObserver', name: 'Start OB server', chain: START_OB_SERVER },
        clusterId: params.id,
      }),
    ],
  },

  async prepare(scope, { params }) {
    const found = await acceptedServer(scope.store, params, { from: ['STOPPED', 'UNAVAILABLE'] });
    return planOnServer(scope, {
      ...found,
      name: 'Start OB server',
      chain: START_OB_SERVER,
      contextKeys: START_KEYS,
      unshown: { target_server_status: 'RUNNING' },
    });
  },
});
