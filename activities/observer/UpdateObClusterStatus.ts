import { isServing } from '../../oceanbase/clusterSql';
import { forgetTask } from '../host/forgetTask';
import type { Subtask } from '../types';
import { readCluster } from './clusterState';
import { clusterOf } from './observer';

/** "Update OB cluster status": RUNNING when the sys tenant answers and a server serves. The task's files on hosts go. */
export const UpdateObClusterStatus: Subtask = {
  async run(scope) {
    const cluster = await clusterOf(scope);
    const { servers } = await readCluster(scope, cluster);
    const status = servers.some(isServing) ? 'RUNNING' : 'UNAVAILABLE';
    await scope.store.obClusters.recordStatus(cluster.id, status);
    scope.log.info(`${cluster.name} is ${status}`);
    await forgetTask(scope, (scope.input.context.listMap.host_ids ?? []).map(Number));
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo: the record follows the cluster');
  },
};
