import { isServing } from '../../oceanbase/clusterSql';
import { SqlConnectionError } from '../../oceanbase/sqlSession';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { CONTACTED_HOSTS, contactedHosts, OLD_HOSTS } from '../common/hostsOfTask';
import { settleWork, unsettleWork } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import type { SubtaskScope } from '../types';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster } from './clusterState';
import { settleMembers, unsettleMembers } from './creation';
import { refuseForgotten, STOPPED_OR_STARTED } from './forgottenNotes';
import { workedCluster } from './worked';

/** Every root server's machine says that nothing listens there. One that is silent may serve behind a broken network. */
function nobodyListens(error: unknown): boolean {
  const cause = error instanceof TransientError ? error.cause : undefined;
  return cause instanceof SqlConnectionError && cause.nobodyListens;
}

/** How many servers serve; 0 also when nobody listens any more, if that is what the task wants. */
async function serving(scope: SubtaskScope, cluster: ObClusterRow, mayBeGone: boolean): Promise<number> {
  try {
    const { servers } = await readCluster(scope, cluster);
    return servers.filter(isServing).length;
  } catch (error) {
    if (!mayBeGone || !nobodyListens(error)) throw error;
    scope.log.info(say('cluster.gone', { cluster: cluster.name }));
    return 0;
  }
}

/**
 * "Update OB cluster status": RUNNING when the sys tenant answers and a server serves, else UNAVAILABLE; STOPPED, which
 * `target_cluster_status` asks for, when none serves or nothing listens. The task's files on hosts go.
 */
export const UpdateObClusterStatus = subtask({
  name: 'Update OB cluster status',
  className: 'cluster.UpdateObClusterStatusTask',
  timeout: 30,
  needs: {
    ...CLUSTER,
    ...CONTACTED_HOSTS,
    ...OLD_HOSTS,
    ...CLUSTER_TAKE_OVER,
    ...STOPPED_OR_STARTED,
    target_cluster_status: 'value?',
  },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const stopped = scope.value('target_cluster_status') === 'STOPPED';
    const count = await serving(scope, cluster, stopped);
    if (stopped && count > 0) {
      throw new PermanentError({
        type: 'ClusterStillServes',
        code: 'OBE11007',
        tried: say('cluster.recordStopped'),
        where: cluster.name,
        cameBack: say('cluster.stillServes', { count }),
        next: say('next.stopThemAndRetry'),
      });
    }
    await settleWork(
      scope,
      workedCluster(cluster),
      stopped ? 'STOPPED' : count > 0 ? 'RUNNING' : 'UNAVAILABLE',
    );
    await settleMembers(scope, cluster);
    await forgetTask(scope, await contactedHosts(scope, scope.list('old.host_ids')));
    return undefined;
  },

  async rollback(scope) {
    await refuseForgotten(scope);
    const cluster = await clusterOf(scope);
    const again = await unsettleWork(scope, workedCluster(cluster));
    await unsettleMembers(scope, cluster);
    if (!again) scope.log.info(say('cluster.undoFollows'));
  },
});
