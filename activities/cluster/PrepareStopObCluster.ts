import { subtask } from '../subtask';
import { clusterOf } from './cluster';
import { readCluster, recordCluster } from './clusterState';
import {
  beginClusterWork,
  CLUSTER_LIFE,
  freezeAll,
  serversOfTask,
  undoPrepareStop,
  warnOfProxies,
} from './wholeCluster';

/** "Prepare stop cluster": the last time that the cluster is asked. Who of it runs is recorded, and its memory is frozen. */
export const PrepareStopObCluster = subtask({
  name: 'Prepare stop cluster',
  className: 'cluster.PrepareStopObClusterTask',
  timeout: 300,
  needs: CLUSTER_LIFE,

  async run(scope) {
    const cluster = await clusterOf(scope);
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
    await warnOfProxies(scope, cluster);
    await beginClusterWork(scope, cluster, 'STOPPING', ['RUNNING']);
    await freezeAll(scope, cluster, await serversOfTask(scope));
    return undefined;
  },

  rollback: undoPrepareStop,
});
