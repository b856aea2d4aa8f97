import { isServing } from '../../oceanbase/clusterSql';
import type { Subtask } from '../types';
import { readCluster } from './clusterState';
import { clusterOf } from './observer';

/** "Update OB cluster status": RUNNING when the sys tenant answers and a server serves. The task's files on hosts go. */
export const UpdateObClusterStatus: Subtask = {
  async run(scope) {
    const cluster = await clusterOf(scope);
    const { servers } = await readCluster(scope, cluster);
    const status = servers.some(isServing) ? 'RUNNING' : 'UNAVAILABLE';
    await scope.inventory.obClusters.recordStatus(cluster.id, status);
    scope.log.info(`${cluster.name} is ${status}`);
    for (const id of scope.input.context.listMap.host_ids ?? []) {
      try {
        await (await scope.hostById(Number(id))).forgetTask(scope.input.taskId);
      } catch (error) {
        scope.signal.throwIfAborted();
        const said = error instanceof Error ? error.message : String(error);
        scope.log.warn(`Files of this task stay on host ${id}: ${said}`);
      }
    }
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo: the record follows the cluster');
  },
};
