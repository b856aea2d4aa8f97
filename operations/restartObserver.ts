import { z } from 'zod';
import {
  ActiveAgentModules,
  InactiveAgentModules,
  PrepareRestartObServer,
  SetObServerProcessOomScoreAdj,
  StartObServer,
  StartObServerProcess,
  StartOcpAgentService,
  StopObServer,
  StopObServerProcess,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitObServerActive,
} from '../activities/subtasks';
import { addressText } from '../runtime/addressText';
import { fault } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { processFindings, serversById, stopFindings } from './obServerFindings';
import { acceptedServer, NEWER_KEYS, planOnServer, refuseUnsafeServerStop, ServerPath } from './obServers';
import { catalogued } from './types';

/** Eleven nodes (OCP documentation V4.2.2, "Restart an OBServer"). */
export const RESTART_OB_SERVER: readonly ChainNode[] = [
  node(PrepareRestartObServer),
  node(StopObServer),
  node(StopObServerProcess),
  node(StartObServerProcess),
  node(WaitObServerActive),
  node(StartOcpAgentService),
  node(StartObServer),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** The thirteen of V4.3.5. */
export const RESTART_OB_SERVER_435: readonly ChainNode[] = [
  node(PrepareRestartObServer),
  node({ ...StopObServer, name: 'Stop observer service' }),
  node(InactiveAgentModules),
  node(StopObServerProcess),
  node(StartObServerProcess),
  node(WaitObServerActive),
  node(ActiveAgentModules),
  node({ ...StartObServer, name: 'Start observer service' }),
  node(SetObServerProcessOomScoreAdj),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node({ ...SyncClusterInfo, timeout: 60 }),
  node(UpdateObClusterStatus),
];

const ALLOWED = { from: ['RUNNING', 'UNAVAILABLE'], stopsProcess: true } as const;

/** A body may be left out: the older form needs none. */
const Body = z
  .object({
    force: z
      .boolean(fault('must.boolean'))
      .default(false)
      .describe(
        'true: it is restarted although a log stream loses its majority meanwhile or OceanBase refuses, which interrupts ' +
          'clients.',
      ),
    freezeServer: z
      .boolean(fault('must.boolean'))
      .optional()
      .describe(
        'Whether what is in memory is written to disk first, so that the start is shorter; true unless said. A request ' +
          'that says it is answered with the chain of V4.3.5.',
      ),
  })
  .default({ force: false });

/** `POST /api/v2/ob/clusters/{id}/servers/{serverId}/restart` (OCP documentation V4.2.2 and V4.3.5, "Restart an OBServer"). */
export const restartObserver = catalogued({
  id: 'restartObserver',
  command: 'ob restart-server',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers/{serverId}/restart',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Restart an OBServer',
  description:
    'Moves clients and leaders away (STOP SERVER), stops the observer, starts it from the configuration that it stored, and ' +
    'lets them return (START SERVER). A server that could not be started again is not stopped. Refused when a log stream ' +
    'of any tenant would lose its majority, or another zone is out of service. Answers one task "Restart OB server".',
  params: ServerPath,
  body: Body,
  answer: 'task',
  sample: 'restart-observer',
  look: {
    obCluster: ({ params }) => params.id,
    obServers: ({ params }) => [params.serverId],
    refuses: async (scope, { params, body }) => {
      const found = await acceptedServer(scope.store, params, ALLOWED);
      if (!body.force) await refuseUnsafeServerStop(scope, found);
    },
    findings: async (scope, { params, body }) => {
      const servers = await serversById(scope, params.serverId);
      const [server] = servers;
      if (server === undefined) return [];
      const addresses = [addressText(server.ip, server.rpcPort)];
      return [
        ...(await stopFindings(scope, servers, { zone: server.zone, servers: addresses })),
        ...(await processFindings(scope, servers, true)),
        await expectedDuration(scope, {
          ...{ workflow: 'restartObserver', name: 'Restart OB server', clusterId: params.id },
          chain: body.freezeServer === undefined ? RESTART_OB_SERVER : RESTART_OB_SERVER_435,
        }),
      ];
    },
  },

  async prepare(scope, { params, body: { force, freezeServer } }) {
    const found = await acceptedServer(scope.store, params, ALLOWED);
    const newer = freezeServer !== undefined;
    return planOnServer(scope, {
      ...found,
      name: 'Restart OB server',
      chain: newer ? RESTART_OB_SERVER_435 : RESTART_OB_SERVER,
      contextKeys: NEWER_KEYS,
      showsHost: newer,
      unshown: {
        target_server_status: 'RUNNING',
        force: String(force),
        freeze_server: String(freezeServer ?? true),
      },
    });
  },
});
