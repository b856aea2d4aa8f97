import { z } from 'zod';
import { MAY_BE_DELETED } from '../activities/cluster/PrepareDeleteObCluster';
import { isMadeByObflow } from '../activities/observer/leftFolders';
import {
  CleanObServer,
  DeleteObClusterInfo,
  PrepareDeleteObCluster,
  StopOcpAgentService,
  UnReserveHost,
  WaitNode,
} from '../activities/subtasks';
import { openAsSys } from '../contact/clusterState';
import { DATA_DISK, LOG_DISK } from '../oceanbase/observerLayout';
import { SqlConnectionError, SqlError } from '../oceanbase/sqlSession';
import { rpcAddress } from '../runtime/addressText';
import { PermanentError, saidOf, TransientError } from '../runtime/errors';
import { fault, say, type Text } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { ObClusterRow, ObServerRow, Store } from '../store/types';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { hostObserverLock, obClusterLock } from './locks';
import { leftFindings } from './obServerFindings';
import { obClusterById, standbyOf } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { fieldRefusal } from './preconditions';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import { catalogued, type HostFinding, type InspectScope, type Prepared, type PrepareScope } from './types';

/** The documented six nodes; "Clean observer host" ends all processes of the cluster before the files of any go. */
export const DELETE_OB_CLUSTER: readonly ChainNode[] = [
  node(PrepareDeleteObCluster),
  node(StopOcpAgentService, { split: 'host_ids' }),
  node(WaitNode),
  node(CleanObServer, { split: 'host_ids' }),
  node(DeleteObClusterInfo),
  node(UnReserveHost),
];

const TOGETHER = 20;
/** So many servers are named. */
const NAMED = 5;

const Confirmation = z.object({
  confirm: z
    .string(fault('is.required'))
    .max(128)
    .describe(
      'Name of the cluster. Not in OCP, whose page asks to type a word: all data of the cluster is lost.',
    ),
  skipOperationHostIds: z
    .string()
    .regex(/^\d{1,16}(,\d{1,16})*$/, fault('must.list'))
    .transform((text) => text.split(',').map(Number))
    .optional()
    .meta({ wire: { type: 'string', pattern: '^\\d{1,16}(,\\d{1,16})*$' } })
    .describe('Hosts, by commas, that cannot be reached and are left alone: what is on them stays.'),
});

interface Request {
  readonly params: { readonly id: number };
  readonly query: z.output<typeof Confirmation>;
}

/** Servers and hosts of the cluster; those that are to be skipped must be among them. */
async function membersOf(store: Store, cluster: ObClusterRow, skipped: readonly number[]) {
  const servers = await store.obServers.ofCluster(cluster.id);
  const target = `obCluster:${cluster.id}`;
  if (servers.length === 0)
    throw new Refusal(409, 'OBE11019', say('clusterDeletion.noServers', { name: cluster.name }), { target });
  const lost = servers.filter(({ hostId }) => hostId === null);
  if (lost.length > 0) {
    const said = say('clusterDeletion.noHosts', { ips: lost.map(({ ip }) => ip).join(', ') });
    throw new Refusal(409, 'CMP07005', said, { target });
  }
  const hostIds = [...new Set(servers.flatMap(({ hostId }) => hostId ?? []))];
  const strange = skipped.find((id) => !hostIds.includes(id));
  if (strange !== undefined)
    throw fieldRefusal('skipOperationHostIds', strange, say('clusterDeletion.noHostOf', { id: strange }));
  return { servers, hostIds };
}

/** Refused when a host that is not skipped cannot be reached: what would be left on it nobody would know of any more. */
async function refuseUnreachable(scope: InspectScope, { params, query }: Request): Promise<void> {
  const cluster = await scope.store.obClusters.find(params.id);
  // These are refused with less ado.
  if (cluster === undefined || cluster.name !== query.confirm) return;
  const servers = await scope.store.obServers.ofCluster(cluster.id);
  const hostIds = [...new Set(servers.flatMap(({ hostId }) => hostId ?? []))];
  const asked = hostIds.filter((id) => query.skipOperationHostIds?.includes(id) !== true);
  const silent = await someAtATime(asked, TOGETHER, async (id): Promise<Text[]> => {
    try {
      await scope.openHost(id);
      return [];
    } catch (error) {
      if (!(error instanceof TransientError || error instanceof PermanentError)) throw error;
      const ip = servers.find(({ hostId }) => hostId === id)?.ip ?? '';
      return [say('clusterDeletion.silentHost', { ip, id, said: saidOf(error) })];
    }
  });
  const reasons = silent.flat();
  if (reasons.length === 0) return;
  throw new Refusal(409, 'CMP07026', say('clusterDeletion.unreachable', { reasons }), {
    target: `obCluster:${cluster.id}`,
  });
}

/** What a dry run says: whose data goes, and from where. */
async function findingsOf(scope: InspectScope, { params }: Request): Promise<HostFinding[]> {
  const cluster = await obClusterById(scope.store, params.id);
  const servers = await scope.store.obServers.ofCluster(cluster.id);
  const addresses = servers.slice(0, NAMED).map(rpcAddress);
  const ends = { count: servers.length, cluster: cluster.name, addresses: addresses.join(', ') };
  return [
    { level: 'WARN', message: say('dry.allEnd', ends) },
    await tenantsLost(scope, cluster),
    ...servers.filter(isMadeByObflow).map((server): HostFinding => filesLost(cluster, server)),
    ...(await leftFindings(scope, servers)),
    await expectedDuration(scope, {
      ...{ workflow: 'deleteObCluster', name: 'Delete primary OB cluster', chain: DELETE_OB_CLUSTER },
    }),
  ];
}

function filesLost(cluster: ObClusterRow, { hostId, ip }: ObServerRow): HostFinding {
  return {
    ...(hostId === null ? {} : { hostId }),
    level: 'WARN',
    message: say('clusterDeletion.filesGo', {
      ip,
      folders: [DATA_DISK, LOG_DISK].map((disk) => `${disk}/${cluster.name}`).join(', '),
    }),
  };
}

async function tenantsLost(scope: InspectScope, cluster: ObClusterRow): Promise<HostFinding> {
  try {
    const session = await openAsSys(scope.store, cluster, { addresses: scope.addresses, timeoutMs: 5_000 });
    try {
      const names = (await session.tenantNames()).filter((name) => name !== 'sys');
      const message =
        names.length === 0
          ? say('clusterDeletion.noTenants')
          : say('clusterDeletion.tenantsGo', { tenants: names.join(', '), count: names.length });
      return { level: names.length === 0 ? 'INFO' : 'WARN', message };
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof SqlError || error instanceof SqlConnectionError)) throw error;
    return { level: 'WARN', message: say('clusterDeletion.tenantsUnknown', { said: saidOf(error) }) };
  }
}

async function refuseUsed(store: Store, cluster: ObClusterRow): Promise<void> {
  const target = `obCluster:${cluster.id}`;
  const { name, type, status } = cluster;
  const standby = await standbyOf(store, cluster);
  if (standby !== undefined) {
    const said = say('clusterDeletion.standby', { name, id: standby.id });
    throw new Refusal(409, 'OBE11015', said, { target });
  }
  if (type !== 'PRIMARY')
    throw new Refusal(409, 'OBE11007', say('clusterDeletion.isStandby', { name }), { target });
  if (!MAY_BE_DELETED.includes(status)) {
    const allowed = MAY_BE_DELETED.join(', ');
    throw new Refusal(409, 'OBE11007', say('clusterDeletion.status', { name, status, allowed }), { target });
  }
  const linked = await store.obproxy.clustersLinkedTo(cluster.id);
  if (linked.length === 0) return;
  const names = linked.map((one) => `${one.name} (id ${one.id})`).join(', ');
  throw new Refusal(409, 'OBE11007', say('clusterDeletion.linked', { name, names }), { target });
}

async function prepare(scope: PrepareScope, { params, query }: Request): Promise<Prepared> {
  const { store } = scope;
  const { confirm, skipOperationHostIds: skipped = [] } = query;
  const cluster = await obClusterById(store, params.id);
  if (confirm !== cluster.name)
    throw fieldRefusal('confirm', confirm, say('clusterDeletion.confirm', { name: cluster.name }));
  await refuseWhenHeld(store, [obClusterLock(cluster.id)]);
  await refuseUsed(store, cluster);
  const { servers, hostIds } = await membersOf(store, cluster, skipped);
  const locks = [obClusterLock(cluster.id), ...hostIds.map(hostObserverLock)];
  await refuseWhenHeld(store, locks);
  const [taskId = 0] = await scope.reserveTasks(1);
  const plan = await planTask(scope, {
    taskId,
    name: 'Delete primary OB cluster',
    chain: DELETE_OB_CLUSTER,
    context: {
      stringMap: {
        cluster_name: cluster.name,
        cluster_id: String(cluster.id),
        service_type: 'OB_CLUSTER',
        former_cluster_status: cluster.status,
        service_name: `${cluster.name}:${cluster.obClusterId}`,
        service_version: cluster.version,
        ob_cluster_id: String(cluster.obClusterId),
      },
      listMap: { host_ids: hostIds.map(String) },
    },
    unshown: { stringMap: {}, listMap: { skipped_host_ids: skipped.map(String) } },
    cluster,
    place: cluster.name,
    places: {
      host_ids: Object.fromEntries(
        servers.flatMap(({ hostId, ip }) => (hostId === null ? [] : [[String(hostId), ip]])),
      ),
    },
    locks,
    groupTaskIds: [taskId],
  });
  return { plans: [plan], audit: `OceanBase cluster deleted: ${cluster.name}:${cluster.obClusterId}` };
}

/** `DELETE /api/v2/ob/clusters/{id}` (OCP documentation, "Delete primary OB cluster"). */
export const deleteObCluster = catalogued({
  id: 'deleteObCluster',
  method: 'DELETE',
  path: '/api/v2/ob/clusters/{id}',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Delete an OceanBase cluster with all of its data',
  description:
    'Ends every OBServer of the cluster, then removes what obflow has made for them: data, log, configuration, package. The files ' +
    'of servers that were there before obflow stay. Refused while OBProxies are linked to it, or a host cannot be reached that is ' +
    'not named in skipOperationHostIds. Answers one task "Delete primary OB cluster" in the documented older form, with the modern ' +
    'subtasks beside it. Nothing brings the data back; with dryRun, findings[] says whose data it is.',
  params: IdPath,
  query: Confirmation,
  answer: 'legacyTask',
  sample: 'delete-ob-cluster',
  command: 'ob delete',
  look: { refuses: refuseUnreachable, findings: findingsOf },
  prepare,
});
