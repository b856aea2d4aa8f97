import { tellRootServers } from '../obproxy/rootServers';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster, recordCluster } from './clusterState';

/**
 * "Sync cluster info": servers, zones and root servers as SQL shows them. OBProxies that are told nothing by a config server are
 * told the root servers here.
 */
export const SyncClusterInfo = subtask({
  name: 'Sync cluster info',
  className: 'cluster.SyncClusterInfoTask',
  timeout: 30,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
    await tellRootServers(scope, cluster, (await clusterOf(scope)).rootServers);
    return undefined;
  },

  /** The cluster is asked again: when the servers are out of it, the record follows. */
  async rollback(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
    await tellRootServers(scope, cluster, (await clusterOf(scope)).rootServers);
  },
});
