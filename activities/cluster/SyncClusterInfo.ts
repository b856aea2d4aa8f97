import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster, recordCluster } from './clusterState';

/** "Sync cluster info": servers, zones and root servers as SQL shows them. */
export const SyncClusterInfo = subtask({
  name: 'Sync cluster info',
  className: 'cluster.SyncClusterInfoTask',
  timeout: 30,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
    return undefined;
  },

  /** The cluster is asked again: when the servers are out of it, the record follows. */
  async rollback(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
  },
});
