import { Finish, StartNode } from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { DELETABLE, OFFLINE_OBPROXY } from './deleteObproxy';
import { obproxyClusterLock } from './locks';
import { stopFindings } from './obproxyFindings';
import { acceptedServers, planOnServers } from './obproxyServers';
import { planTask, refuseWhenHeld } from './planTask';
import { obproxyClusterById } from './preconditions';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Two nodes (OCP documentation, "Delete an OBProxy cluster", sample of a cluster without OBProxies). */
export const DELETE_EMPTY_CLUSTER: readonly ChainNode[] = [node(StartNode), node(Finish)];

/**
 * `DELETE /api/v2/obproxy/clusters/{id}` (OCP documentation, "Delete an OBProxy cluster"). With OBProxies OCP publishes no
 * answer; they go as by the older form of deleting them, whose context has a key for this.
 */
export const deleteObproxyCluster = catalogued({
  id: 'deleteObproxyCluster',
  method: 'DELETE',
  path: '/api/v2/obproxy/clusters/{id}',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Delete an OBProxy cluster',
  description:
    'Deletes the OBProxies of the cluster, if there are any, and the cluster. Refused as long as OceanBase clusters are ' +
    'linked to it, unless it works by RS_LIST, whose link is fixed. Answers one task "Offline obproxy".',
  params: IdPath,
  answer: 'task',
  sample: 'delete-obproxy-cluster',
  look: {
    obproxyCluster: ({ params }) => params.id,
    async findings(scope, { params }) {
      const { servers } = await obproxyClusterById(scope.store, params.id);
      return stopFindings(
        scope,
        params.id,
        servers.map(({ id }) => id),
      );
    },
  },

  async prepare(scope, { params }) {
    const { store } = scope;
    const cluster = await obproxyClusterById(store, params.id);
    const lock = obproxyClusterLock(cluster.id);
    await refuseWhenHeld(store, [lock]);
    if (cluster.workMode === 'CONFIG_URL' && cluster.obLinks.length > 0) {
      const links = cluster.obLinks.map(({ clusterName }) => clusterName).join(', ');
      const said = say('obproxyCluster.linked', { name: cluster.name, links });
      throw new Refusal(400, 'ODP21107', said, { target: `obproxyCluster:${cluster.id}` });
    }
    const name = 'Offline obproxy';
    const deleted = { deleted_obproxy_cluster_id: String(cluster.id) };
    if (cluster.servers.length > 0) {
      const ids = cluster.servers.map(({ id }) => id);
      const { servers } = await acceptedServers(store, cluster.id, ids, DELETABLE);
      const task = { name, chain: OFFLINE_OBPROXY, cluster, servers, unshown: deleted };
      return planOnServers(scope, { ...task, deletesCluster: true });
    }
    const [taskId = 0] = await scope.reserveTasks(1);
    const plan = await planTask(scope, {
      taskId,
      name,
      chain: DELETE_EMPTY_CLUSTER,
      context: { stringMap: { prohibit_rollback: 'false' }, listMap: {} },
      unshown: {
        stringMap: {
          obproxy_cluster_id: String(cluster.id),
          obproxy_cluster_name: cluster.name,
          ...deleted,
        },
        listMap: {},
      },
      place: cluster.name,
      locks: [lock],
      groupTaskIds: [taskId],
    });
    return { plans: [plan] };
  },
});
