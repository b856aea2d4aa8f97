import { say } from '../../runtime/messages/catalogue';
import type { ObClusterStatus } from '../../store/types';
import { beginWork, formerStatus, restoreWork } from '../common/work';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { workedCluster } from './worked';

/** A cluster that only stands still, or does not answer, may go; one that somebody works on may not. */
export const MAY_MOVE_OUT: readonly ObClusterStatus[] = ['RUNNING', 'UNAVAILABLE', 'STOPPED'];

/** "Prepare move out cluster": the cluster is MOVINGOUT. What will be lost is said. */
export const PrepareMoveOutObCluster = subtask({
  name: 'Prepare move out cluster',
  className: 'cluster.PrepareMoveOutObClusterTask',
  timeout: 300,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const former = await beginWork(scope, workedCluster(cluster), {
      status: 'MOVINGOUT',
      from: MAY_MOVE_OUT,
    });
    if ((cluster.origin?.credentialIds.length ?? 0) > 0) scope.log.warn(say('moveOut.credentials'));
    if (cluster.origin?.formerConfigUrl !== undefined)
      scope.log.warn(say('moveOut.configUrl', { former: cluster.origin.formerConfigUrl }));
    return formerStatus('obCluster', former);
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    await restoreWork(scope, workedCluster(cluster));
  },
});
