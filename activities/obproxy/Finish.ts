import { lookAtPath } from '../../hosts/paths';
import { PermanentError } from '../../runtime/errors';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
import { forgetTask } from '../host/forgetTask';
import { taskDir } from '../places';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';

async function deleteCluster(scope: SubtaskScope, id: number): Promise<void> {
  const { obproxy } = scope.store;
  const cluster = await obproxy.findCluster(id);
  if (cluster === undefined) return scope.log.info(`The inventory holds OBProxy cluster ${id} no more`);
  if (cluster.servers.length > 0) {
    throw new PermanentError({
      type: 'ObproxyClusterInUse',
      code: 'ODP21107',
      tried: `delete OBProxy cluster ${cluster.name}`,
      cameBack: `it still has OBProxy ${cluster.servers.map((server) => server.id).join(', ')}`,
      next: 'Delete these OBProxies, then retry.',
    });
  }
  await obproxy.deleteCluster(id);
  scope.log.info(`The inventory holds OBProxy cluster ${cluster.name} no more`);
}

/**
 * "Finish node": what obflow kept on the hosts for this task is removed, and a cluster that the task deletes goes. A host
 * that cannot be reached is no reason to fail.
 */
export const Finish = subtask({
  name: 'Finish node',
  className: 'obproxy.FinishTask',
  timeout: 0,
  needs: {
    ...HOSTS_OF_TASK,
    obproxy_take_over: 'value?',
    skipped_host_ids: 'list?',
    deleted_obproxy_cluster_id: 'value?',
  },

  async run(scope) {
    const skipped = scope.list('skipped_host_ids') ?? [];
    const hosts = (await hostsOfTask(scope)).filter((id) => !skipped.includes(String(id)));
    await forgetTask(scope, hosts);
    const clusterId = idOf(scope.value('deleted_obproxy_cluster_id') ?? '');
    if (clusterId !== undefined) await deleteCluster(scope, clusterId);
    return undefined;
  },

  /** Only of a deletion: a cluster that is gone does not come back. */
  async rollback(scope) {
    const clusterId = idOf(scope.value('deleted_obproxy_cluster_id') ?? '');
    const gone = clusterId !== undefined && (await scope.store.obproxy.findCluster(clusterId)) === undefined;
    if (!gone) return scope.log.info('Nothing to undo');
    throw new PermanentError({
      type: 'ObproxyClusterDeleted',
      code: 'ODP21107',
      tried: 'undo the deletion of the cluster',
      cameBack: `the inventory holds OBProxy cluster ${clusterId} no more`,
      next: 'Abandon the task, or skip this undo; create the cluster again if it is needed.',
    });
  },

  takeOver: {
    /**
     * What an undo would need is forgotten by the run, so this fails afterwards. It runs before every other undo: better
     * nothing is undone than some of it, with the rest reported as undone.
     */
    async rollback(scope) {
      const host = await scope.host();
      const { kind } = await lookAtPath(host, taskDir(scope.input.taskId));
      if (kind !== 'absent') return scope.log.info('Nothing to undo');
      throw new PermanentError({
        type: 'TakeOverFinished',
        tried: 'undo the take-over',
        where: host.ip,
        cameBack: 'its last step has already forgotten the former passwords and parameters',
        next: 'The proxy serves in its cluster: abandon the task. Or skip this undo and the ones that fail: the proxy leaves the cluster and keeps the passwords and parameters it has.',
      });
    },
  },
});
