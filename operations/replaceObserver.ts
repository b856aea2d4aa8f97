import { z } from 'zod';
import {
  PrepareAddObServer,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObZoneStatus,
} from '../activities/subtasks';
import { lookAtReplacement } from '../contact/lookAtStop';
import { RUN_USER } from '../oceanbase/observerLayout';
import { fault } from '../runtime/messages/catalogue';
import type { HostRow, ObServerRow, Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import {
  type DeletionLook,
  deletionFindings,
  refuseUnfitServer,
  refuseUnsafeDeletion,
} from './deletedServers';
import { leaveCluster } from './deleteObservers';
import { expectedDuration } from './expectedDuration';
import { firstContactFindings } from './firstContact';
import { INSTALL_AND_JOIN, RESERVE_AND_CHECK } from './joinChain';
import {
  INSTALLATION,
  type Installation,
  joinContext,
  joinShown,
  packageForFreeHosts,
  recordJoining,
} from './joinCluster';
import { hostObserverLock } from './locks';
import { refuseEqualPortsOf, replacementFits } from './newServerPreconditions';
import { type CountedRoom, countedRoom } from './newServerRoom';
import { type ServerOf, ServerPath, serverLocks, serverOf } from './obServers';
import { StartupParameters } from './observerFields';
import { activeZone, clusterRuns, hostsWithoutObserver, observerPackage } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds } from './preconditions';
import { leavingLists } from './rsListFindings';
import { Id, ServicePort } from './schemas';
import { AT_TERMINAL } from './terminal';
import { catalogued, type InspectScope, type PrepareScope } from './types';

/** Lists of the server that goes, of the kinds that their ends name. */
const OLD_SERVERS = 'old.server_ids';
const OLD_HOSTS = 'old.host_ids';

/**
 * Nodes 1 to 18 of "Add OB server", then 2 to 11 of "Delete OB server" on the old one. OCP's page shows the chain of the
 * former alone, under its name, and says that the old server goes.
 */
export const REPLACE_OB_SERVER: readonly ChainNode[] = [
  node(PrepareAddObServer),
  ...RESERVE_AND_CHECK,
  ...INSTALL_AND_JOIN,
  ...leaveCluster(OLD_SERVERS, OLD_HOSTS),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

const Body = z.object({
  hostId: Id.describe('Id of the host that the new server is made on.').register(AT_TERMINAL, {
    names: 'host',
  }),
  skipHostOperation: z
    .boolean(fault('must.boolean'))
    .default(false)
    .describe(
      'Nothing is done on the host of the old server, which cannot be reached; what stays there is listed in the log.',
    ),
  packageOperatingSystem: INSTALLATION.packageOperatingSystem,
  startupParameters: StartupParameters.optional().describe(
    "Parameters of the first start (-o); default: the old server's, where obflow has added that one.",
  ),
  sqlPort: ServicePort.optional().describe("SQL port of the new server; default: the old one's. Not in OCP."),
  rpcPort: ServicePort.optional().describe("RPC port of the new server; default: the old one's. Not in OCP."),
});

type Request = { readonly params: z.output<typeof ServerPath>; readonly body: z.output<typeof Body> };

/** How the new server is installed: as the old one where the request does not say otherwise. */
function installationOf({ body }: Request, old: ObServerRow): Installation {
  const { packageOperatingSystem } = body;
  return {
    sqlPort: body.sqlPort ?? old.sqlPort,
    rpcPort: body.rpcPort ?? old.rpcPort,
    startupParameters: body.startupParameters ?? [...old.startupParameters],
    ...(packageOperatingSystem === undefined ? {} : { packageOperatingSystem }),
  };
}

async function hostById(store: Store, id: number): Promise<HostRow> {
  const [host] = await hostsByIds(store, [id]);
  if (host === undefined) throw new RangeError('an unknown host is refused');
  return host;
}

interface Replacement extends ServerOf {
  readonly host: HostRow;
  readonly installation: Installation;
}

/**
 * The server of a request and the host that takes its place. Throws Refusal OBE11001, OBE19001, OBE11007, CMP07005, CMP07004,
 * OBE11020, OBE19003, OBE11021, OBE18004, CMP07007, CMP07009, OBE11023, COM10001.
 */
async function accepted(store: Store, request: Request): Promise<Replacement> {
  const { params, body } = request;
  const { cluster, server } = await serverOf(store, params.id, params.serverId);
  clusterRuns(cluster);
  const host = await hostById(store, body.hostId);
  await refuseWhenHeld(store, [...serverLocks(cluster, [server]), hostObserverLock(host.id)]);
  refuseUnfitServer(server);
  await hostsWithoutObserver(store, [host]);
  const zone = await activeZone(store, cluster, server.zone);
  replacementFits(host, await hostById(store, server.hostId ?? 0), zone.name);
  const installation = installationOf(request, server);
  refuseEqualPortsOf(installation);
  return { cluster, server, host, installation };
}

/** Units may go to the new server, which is not there yet. */
const lookWith =
  ({ server, host, installation: { rpcPort } }: Replacement, { room }: CountedRoom): DeletionLook =>
  (session, targets) =>
    lookAtReplacement(session, targets, { ip: host.ip, rpcPort, zone: server.zone, room });

/** What the new server could hold, as the request and its host tell. */
function roomOf(scope: InspectScope, { cluster, host, installation }: Replacement): Promise<CountedRoom> {
  return countedRoom(scope, { cluster, host, parameters: installation.startupParameters });
}

async function plan(scope: PrepareScope, request: Request) {
  const { store } = scope;
  const { cluster, server, host, installation } = await accepted(store, request);
  const part = await packageForFreeHosts(store, cluster, [host], installation);
  const [taskId = 0] = await scope.reserveTasks(1);
  const joining = { taskId, cluster, zone: server.zone, hosts: [host], part, installation };
  const { stringMap, listMap } = joinContext(joining, await recordJoining(scope, joining));
  const { places, ...shown } = joinShown(joining);
  const oldHosts = server.hostId === null ? [] : [String(server.hostId)];
  return planTask(scope, {
    taskId,
    name: 'Replace OB server',
    chain: REPLACE_OB_SERVER,
    context: {
      stringMap: { ...stringMap, old_server_status: server.status },
      listMap: { ...listMap, [OLD_SERVERS]: [String(server.id)], [OLD_HOSTS]: oldHosts },
    },
    unshown: {
      stringMap: {},
      listMap: request.body.skipHostOperation ? { skipped_host_ids: oldHosts } : {},
    },
    ...shown,
    places: {
      ...places,
      [OLD_SERVERS]: { [String(server.id)]: server.ip },
      [OLD_HOSTS]: Object.fromEntries(oldHosts.map((id) => [id, server.ip])),
    },
    locks: [...serverLocks(cluster, [server]), hostObserverLock(host.id)],
    groupTaskIds: [taskId],
  });
}

/** `POST /api/v2/ob/clusters/{id}/servers/{serverId}/replace` (OCP documentation, "Replace an OBServer"). */
export const replaceObserver = catalogued({
  id: 'replaceObserver',
  command: 'ob replace-server',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers/{serverId}/replace',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Replace an OBServer by one on another host',
  description:
    "Installs an OBServer of the cluster's version on the host, adds it to the zone of the old one, and takes the old one out of " +
    'the cluster: its units move to the servers of the zone, the new one among them. The old server may be dead. Answers one ' +
    'task "Replace OB server" in the documented older form (tasks, context as text), with the modern subtasks beside it. ' +
    'Refused when the new server could not hold the units of the old one, as far as its host and the parameters of its first ' +
    'start tell; where they do not tell, findings[] warns of it. ' +
    'With dryRun findings[] has which units would go where, and what is short on the new host.',
  params: ServerPath,
  body: Body,
  answer: 'legacyTask',
  sample: 'replace-observer',
  look: {
    hosts: ({ body }) => [body.hostId],
    obCluster: ({ params }) => params.id,
    async refuses(scope, request) {
      const found = await accepted(scope.store, request);
      const { cluster, server } = found;
      const counted = await roomOf(scope, found);
      await refuseUnsafeDeletion(
        scope,
        { cluster, servers: [server] },
        lookWith(found, counted),
        counted.text,
      );
      return [...counted.warnings, ...(await leavingLists(scope, { cluster, servers: [server] }))];
    },
    async findings(scope, request) {
      const found = await accepted(scope.store, request);
      const { cluster, server, host, installation } = found;
      const { packageOperatingSystem } = installation;
      const { home } = await observerPackage(scope.store, cluster, [host], packageOperatingSystem);
      const counted = await roomOf(scope, found);
      return [
        { hostId: host.id, level: 'INFO' as const, message: counted.text },
        ...(await deletionFindings(scope, { cluster, servers: [server] }, lookWith(found, counted))),
        ...(await firstContactFindings(scope, [host.id], { programs: [home], user: RUN_USER })),
        await expectedDuration(scope, {
          ...{ workflow: 'replaceObserver', name: 'Replace OB server', chain: REPLACE_OB_SERVER },
          clusterId: cluster.id,
        }),
      ];
    },
  },

  async prepare(scope, request) {
    return { plans: [await plan(scope, request)] };
  },
});
