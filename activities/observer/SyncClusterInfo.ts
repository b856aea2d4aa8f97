import type { Subtask } from '../types';
import { readCluster, recordCluster } from './clusterState';
import { clusterOf } from './observer';

/** "Sync cluster info": servers, zones and root servers as SQL shows them. */
export const SyncClusterInfo: Subtask = {
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
};
