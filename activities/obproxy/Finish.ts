import { lookAtPath } from '../../hosts/paths';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { CONTACTED_HOSTS, contactedHosts } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
import { forgetTask } from '../host/forgetTask';
import { taskDir } from '../places';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';

async function deleteCluster(scope: SubtaskScope, id: number): Promise<void> {
  const { obproxy } = scope.store;
  const cluster = await obproxy.findCluster(id);
  if (cluster === undefined) return scope.log.info(say('obproxyCluster.gone', { cluster: id }));
  if (cluster.servers.length > 0) {
    throw new PermanentError({
      type: 'ObproxyClusterInUse',
      code: 'ODP21107',
      tried: say('obproxyCluster.delete', { cluster: cluster.name }),
      cameBack: say('obproxyCluster.hasProxies', {
        ids: cluster.servers.map((server) => server.id).join(', '),
      }),
      next: say('next.deleteProxies'),
    });
  }
  await obproxy.deleteCluster(id);
  scope.log.info(say('obproxyCluster.gone', { cluster: cluster.name }));
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
    ...CONTACTED_HOSTS,
    obproxy_take_over: 'value?',
    deleted_obproxy_cluster_id: 'value?',
  },

  async run(scope) {
    await forgetTask(scope, await contactedHosts(scope));
    const clusterId = idOf(scope.value('deleted_obproxy_cluster_id') ?? '');
    if (clusterId !== undefined) await deleteCluster(scope, clusterId);
    return undefined;
  },

  /** Only of a deletion: a cluster that is gone does not come back. */
  async rollback(scope) {
    const clusterId = idOf(scope.value('deleted_obproxy_cluster_id') ?? '');
    const gone = clusterId !== undefined && (await scope.store.obproxy.findCluster(clusterId)) === undefined;
    if (!gone) return scope.log.info(say('undo.nothing'));
    throw new PermanentError({
      type: 'ObproxyClusterDeleted',
      code: 'ODP21107',
      tried: say('obproxyCluster.undoDelete'),
      cameBack: say('obproxyCluster.isGone', { cluster: clusterId }),
      next: say('next.abandonOrSkipUndo'),
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
      if (kind !== 'absent') return scope.log.info(say('undo.nothing'));
      throw new PermanentError({
        type: 'TakeOverFinished',
        tried: say('takeOver.undo'),
        where: host.ip,
        cameBack: say('takeOver.forgotten'),
        next: say('next.abandonTakeOver'),
      });
    },
  },
});
