import { say } from '../../runtime/messages/catalogue';
import type { ObClusterStatus } from '../../store/types';
import { beginWork, formerStatus, restoreWork, settleWork } from '../common/work';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { stillLinked } from './linked';
import { workedCluster } from './worked';

/** One that does not answer may go, too: what is left of a creation that was abandoned, or of a cluster that died. */
export const MAY_BE_DELETED: readonly ObClusterStatus[] = ['RUNNING', 'STOPPED', 'UNAVAILABLE'];

/** "Prepare delete cluster": the cluster is DELETING. What else uses it is asked again. */
export const PrepareDeleteObCluster = subtask({
  name: 'Prepare delete cluster',
  className: 'cluster.PrepareDeleteObClusterTask',
  timeout: 300,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const linked = await scope.store.obproxy.clustersLinkedTo(cluster.id);
    if (linked.length > 0) {
      throw stillLinked(say('clusterDeletion.begin', { name: cluster.name }), linked, cluster.name);
    }
    const former = await beginWork(scope, workedCluster(cluster), {
      status: 'DELETING',
      from: MAY_BE_DELETED,
      // Half-way nobody can say that it is what it was.
      endStatus: 'UNAVAILABLE',
    });
    scope.log.warn(say('clusterDeletion.begun', { name: cluster.name }));
    return formerStatus('obCluster', former);
  },

  /** Once one of its servers has been stopped for good, the cluster is not what it was. */
  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const servers = await scope.store.obServers.ofCluster(cluster.id);
    if (!servers.some(({ work }) => work?.taskId === scope.input.taskId)) {
      await restoreWork(scope, workedCluster(cluster));
      return;
    }
    scope.log.warn(say('clusterDeletion.halfWay', { name: cluster.name }));
    await settleWork(scope, workedCluster(cluster), 'UNAVAILABLE');
  },
});
