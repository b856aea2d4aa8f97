import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster, recordCluster } from './clusterState';

/** "Delete cluster related info": zones and servers leave the inventory. The undo asks the cluster for them again. */
export const DeleteObClusterRelatedInfo = subtask({
  name: 'Delete cluster related info',
  className: 'cluster.DeleteObClusterRelatedInfoTask',
  timeout: 1800,
  needs: CLUSTER,
  leaves: 'the inventory without zones and servers of the cluster',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { obServers } = scope.store;
    const count = (await obServers.ofCluster(cluster.id)).length;
    await obServers.record(cluster.id, { servers: [], zones: [] });
    scope.log.info(say('moveOut.related', { name: cluster.name, count }));
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
  },
});
