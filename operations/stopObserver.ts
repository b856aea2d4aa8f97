import { z } from 'zod';
import {
  InactiveAgentModules,
  PrepareStopObServer,
  PrepareStopObServerService,
  StopObServer,
  StopObServerProcess,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitObServerStop,
} from '../activities/subtasks';
import { addressText } from '../runtime/addressText';
import { fault } from '../runtime/messages/catalogue';
import type { Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { processFindings, serversById, stopFindings } from './obServerFindings';
import {
  acceptedServer,
  NEWER_KEYS,
  planOnServer,
  refuseUnsafeServerStop,
  ServerPath,
  STOP_KEYS,
} from './obServers';
import { catalogued } from './types';

/** Eight nodes (OCP documentation V4.2.2, "Stop an OBServer"): the process stops, too. */
export const STOP_OB_SERVER: readonly ChainNode[] = [
  node(PrepareStopObServer),
  node(StopObServer),
  node(StopObServerProcess),
  node(WaitObServerStop),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

/** V4.3.5 calls STOP SERVER so, and gives more time to ask the cluster. */
const StopObserverService = { ...StopObServer, name: 'Stop observer service' };
const Sync435 = { ...SyncClusterInfo, timeout: 60 };

/** The six of V4.3.5: leaders and clients leave, the process runs on. */
export const STOP_OB_SERVER_SERVICE: readonly ChainNode[] = [
  node(PrepareStopObServerService),
  node(StopObserverService),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node(Sync435),
  node(UpdateObClusterStatus),
];

/** STOP_PROCESS in V4.3.5 is not published: the older nodes with the newer names, and the agent's as in its restart. */
export const STOP_OB_SERVER_PROCESS: readonly ChainNode[] = [
  node(PrepareStopObServer),
  node(StopObserverService),
  node(InactiveAgentModules),
  node(StopObServerProcess),
  node(WaitObServerStop),
  node(UpdateObServerStatus),
  node(UpdateObZoneStatus),
  node(Sync435),
  node(UpdateObClusterStatus),
];

/** A body may be left out: the older form needs none. */
const Body = z
  .object({
    force: z
      .boolean(fault('must.boolean'))
      .default(false)
      .describe(
        'true: the process is stopped although a log stream loses its majority or OceanBase refuses, which interrupts ' +
          'clients. Without meaning for STOP_SERVICE.',
      ),
    freezeServer: z
      .boolean(fault('must.boolean'))
      .default(true)
      .describe('true: what is in memory is written to disk first, so that the next start is shorter.'),
    type: z
      .enum(['STOP_SERVICE', 'STOP_PROCESS'], fault('must.oneOf', { values: 'STOP_SERVICE, STOP_PROCESS' }))
      .optional()
      .describe(
        'STOP_SERVICE: clients and leaders leave, the process runs on. STOP_PROCESS, or absent as before V4.3.5: it ' +
          'stops as well.',
      ),
  })
  .default({ force: false, freezeServer: true });

function chainOf({ type }: z.output<typeof Body>): readonly ChainNode[] {
  if (type === undefined) return STOP_OB_SERVER;
  return type === 'STOP_SERVICE' ? STOP_OB_SERVER_SERVICE : STOP_OB_SERVER_PROCESS;
}

const accepted = (store: Store, params: z.output<typeof ServerPath>, { type }: z.output<typeof Body>) =>
  acceptedServer(store, params, {
    from: ['RUNNING', 'UNAVAILABLE'],
    stopsProcess: type !== 'STOP_SERVICE',
  });

/** `POST /api/v2/ob/clusters/{id}/servers/{serverId}/stop` (OCP documentation V4.2.2 and V4.3.5, "Stop an OBServer"). */
export const stopObserver = catalogued({
  id: 'stopObserver',
  command: 'ob stop-server',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers/{serverId}/stop',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Stop an OBServer',
  description:
    'Moves clients and leaders away (STOP SERVER), then stops the observer unless type is STOP_SERVICE. Refused when a ' +
    'log stream of any tenant would lose its majority, or another zone is out of service already. It must be back within ' +
    'server_permanent_offline_time. Answers one task "Stop OB server": without type in the documented older form, with ' +
    'the modern subtasks beside it.',
  params: ServerPath,
  body: Body,
  answer: 'legacyTask',
  newer: ({ unshown }) => unshown?.stringMap.stop_type !== undefined,
  sample: 'stop-observer',
  look: {
    obCluster: ({ params }) => params.id,
    refuses: async (scope, { params, body }) => {
      const found = await accepted(scope.store, params, body);
      if (!body.force || body.type === 'STOP_SERVICE') await refuseUnsafeServerStop(scope, found);
    },
    findings: async (scope, { params, body }) => {
      const servers = await serversById(scope, params.serverId);
      const [server] = servers;
      if (server === undefined) return [];
      const addresses = [addressText(server.ip, server.rpcPort)];
      return [
        ...(await stopFindings(scope, servers, { zone: server.zone, servers: addresses })),
        ...(body.type === 'STOP_SERVICE' ? [] : await processFindings(scope, servers, false)),
        await expectedDuration(scope, {
          ...{ workflow: 'stopObserver', name: 'Stop OB server', chain: chainOf(body), clusterId: params.id },
        }),
      ];
    },
  },

  async prepare(scope, { params, body }) {
    const { force, freezeServer, type } = body;
    const onlyService = type === 'STOP_SERVICE';
    const chain = chainOf(body);
    const found = await accepted(scope.store, params, body);
    return planOnServer(scope, {
      ...found,
      name: 'Stop OB server',
      chain,
      contextKeys: type === undefined ? STOP_KEYS : NEWER_KEYS,
      showsHost: type !== undefined,
      unshown: {
        target_server_status: 'STOPPED',
        force: String(force && !onlyService),
        freeze_server: String(freezeServer),
        ...(type === undefined ? {} : { stop_type: type }),
      },
    });
  },
});
