import { z } from 'zod';
import { MAY_MOVE_OUT } from '../activities/cluster/PrepareMoveOutObCluster';
import {
  DeleteObClusterInfo,
  DeleteObClusterRelatedInfo,
  InactiveAgentModules,
  McLockObClusters,
  McUnLockObClusters,
  PrepareMoveOutObCluster,
  UnReserveHost,
} from '../activities/subtasks';
import { fault, say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import { hostObserverLock, obClusterLock } from './locks';
import { obClusterById } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import { HostIds, Id, IdPath } from './schemas';
import { catalogued, type PrepareScope } from './types';

/**
 * The page of OCP breaks off after four of its nodes: Prepare, Inactive agent modules, Delete cluster related info and
 * Unreserve host, with one between the last two, one before the first and one after the last.
 */
export const MOVE_OUT_OB_CLUSTER: readonly ChainNode[] = [
  node(McLockObClusters),
  node(PrepareMoveOutObCluster),
  node(InactiveAgentModules, { split: 'host_ids' }),
  node(DeleteObClusterRelatedInfo),
  node(DeleteObClusterInfo),
  node(UnReserveHost),
  node(McUnLockObClusters),
];

/** Of a cluster without a host that is in the inventory there is no node to split by hosts. */
const chainFor = (hosts: readonly number[]): readonly ChainNode[] =>
  hosts.length > 0
    ? MOVE_OUT_OB_CLUSTER
    : MOVE_OUT_OB_CLUSTER.filter(({ split }) => split?.by !== 'host_ids');

/** Wishes of OCP's that obflow does not fulfil are refused, not ignored. */
const never = z.literal(false, fault('must.notBeAsked')).optional();

const Body = z
  .object({
    force: z
      .boolean(fault('must.boolean'))
      .optional()
      .describe('Changes nothing here: a cluster that does not answer may be moved out as well.'),
    skipOperationHostIds: HostIds.optional().describe('Changes nothing here: nothing is done on any host.'),
    deleteHost: never.describe('Hosts are deleted by their own request.'),
    deleteHostIds: z.array(Id).max(0, fault('must.notBeAsked')).optional(),
    retainClusterInfo: never,
    targetConfigAddress: z.literal('', fault('must.notBeAsked')).optional(),
  })
  .default({});

async function prepare(scope: PrepareScope, { params }: { readonly params: { readonly id: number } }) {
  const { store } = scope;
  const cluster = await obClusterById(store, params.id);
  const target = `obCluster:${cluster.id}`;
  const servers = await store.obServers.ofCluster(cluster.id);
  const hosts = [...new Set(servers.flatMap(({ hostId }) => hostId ?? []))];
  const locks = [obClusterLock(cluster.id), ...hosts.map(hostObserverLock)];
  await refuseWhenHeld(store, locks);
  if (!MAY_MOVE_OUT.includes(cluster.status)) {
    const said = say('moveOut.status', {
      ...{ name: cluster.name, status: cluster.status },
      allowed: MAY_MOVE_OUT.join(', '),
    });
    throw new Refusal(409, 'OBE11007', said, { target });
  }
  const linked = await store.obproxy.clustersLinkedTo(cluster.id);
  if (linked.length > 0) {
    const names = linked.map(({ name }) => name).join(', ');
    throw new Refusal(409, 'OBE11007', say('moveOut.linked', { name: cluster.name, names }), { target });
  }
  const [taskId = 0] = await scope.reserveTasks(1);
  const plan = await planTask(scope, {
    taskId,
    name: `Move out ${cluster.type === 'PRIMARY' ? 'primary' : 'standby'} OB cluster`,
    chain: chainFor(hosts),
    context: {
      stringMap: {
        cluster_id: String(cluster.id),
        cluster_name: cluster.name,
        ob_cluster_id: String(cluster.obClusterId),
        former_cluster_status: cluster.status,
        prohibit_rollback: 'false',
      },
      listMap: {
        host_ids: hosts.map(String),
        server_ids: servers.map(({ id }) => String(id)),
      },
    },
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
  return { plans: [plan], audit: `OceanBase cluster moved out: ${cluster.name}:${cluster.obClusterId}` };
}

/** `POST /api/v2/ob/clusters/{id}/moveOut` (OCP documentation, "Move out an OB cluster"). */
export const moveOutObCluster = catalogued({
  id: 'moveOutObCluster',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/moveOut',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Move an OceanBase cluster out',
  description:
    'The inventory forgets the cluster, with its zones, its servers and the credentials that a take-over has stored for it; ' +
    'nothing is done to the cluster or on its hosts, which stay in the inventory. Refused while OBProxies are linked to it. ' +
    'Answers one task "Move out primary OB cluster".',
  params: IdPath,
  body: Body,
  answer: 'task',
  sample: 'move-out-ob-cluster',
  command: 'ob move-out',
  look: {
    async findings(scope, { params }) {
      const servers = await scope.store.obServers.ofCluster(params.id);
      const zones = await scope.store.obServers.zones(params.id);
      return [
        { level: 'INFO', message: say('dry.nothingStops') },
        { level: 'WARN', message: say('dry.forgets', { servers: servers.length, zones: zones.length }) },
        await expectedDuration(scope, {
          ...{
            workflow: 'moveOutObCluster',
            name: 'Move out primary OB cluster',
            chain: MOVE_OUT_OB_CLUSTER,
          },
        }),
      ];
    },
  },
  prepare,
});
