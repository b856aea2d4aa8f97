import { isServing } from '../../oceanbase/clusterSql';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster } from './clusterState';

/** "Update OB cluster status": RUNNING when the sys tenant answers and a server serves. The task's files on hosts go. */
export const UpdateObClusterStatus = subtask({
  name: 'Update OB cluster status',
  className: 'cluster.UpdateObClusterStatusTask',
  timeout: 30,
  needs: { ...CLUSTER, ...HOSTS_OF_TASK },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { servers } = await readCluster(scope, cluster);
    const status = servers.some(isServing) ? 'RUNNING' : 'UNAVAILABLE';
    await scope.store.obClusters.recordStatus(cluster.id, status);
    scope.log.info(`${cluster.name} is ${status}`);
    await forgetTask(scope, await hostsOfTask(scope));
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo: the record follows the cluster');
  },
});
