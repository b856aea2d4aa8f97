import { type ClusterState, recordState } from '../../contact/clusterState';
import { isServing } from '../../oceanbase/clusterSql';
import { SqlConnectionError } from '../../oceanbase/sqlSession';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError, TransientError } from '../../runtime/errors';
import { joined, say } from '../../runtime/messages/catalogue';
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
import { refuseForgotten, STOP_TYPE } from './forgottenNotes';
import { workedCluster, workedServers } from './worked';

/** Every root server's machine says that nothing listens there. One that is silent may serve behind a broken network. */
function nobodyListens(error: unknown): boolean {
  const cause = error instanceof TransientError ? error.cause : undefined;
  return cause instanceof SqlConnectionError && cause.nobodyListens;
}

/** What the cluster says; nothing also when nobody listens any more, if that is what the task wants. */
async function seenCluster(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  mayBeGone: boolean,
): Promise<ClusterState | undefined> {
  try {
    return await readCluster(scope, cluster);
  } catch (error) {
    if (!mayBeGone || !nobodyListens(error)) throw error;
    scope.log.info(say('cluster.gone', { cluster: cluster.name }));
    return undefined;
  }
}

/**
 * Servers that this task has recorded as RUNNING serve still: one may have lost its power since, and what the cluster said of it
 * a moment ago is as old as its lease. TransientError ServersLost; they are waited for as long as the subtask may take.
 */
async function proveServing(scope: SubtaskScope, cluster: ObClusterRow, seen: ClusterState): Promise<void> {
  const own = (await workedServers(scope, cluster.id)).filter(({ status }) => status === 'RUNNING');
  if (own.length === 0) return;
  await recordState(scope.store, cluster.id, seen);
  const serving = new Set(seen.servers.filter(isServing).map(rpcAddress));
  const lost = own.map(rpcAddress).filter((address) => !serving.has(address));
  if (lost.length === 0) return;
  throw new TransientError({
    type: 'ServersLost',
    code: 'OBE19004',
    tried: say('cluster.proveServers'),
    where: cluster.name,
    cameBack: say('cluster.serversLost', { servers: joined(lost, 'list.comma') }),
    next: say('next.logWhenServing'),
  });
}

/**
 * "Update OB cluster status": RUNNING when the sys tenant answers and a server serves, else UNAVAILABLE; STOPPED, which
 * `target_cluster_status` asks for, when none serves or nothing listens. Servers that the task has brought up serve still. The task's
 * files on hosts go.
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
    ...STOP_TYPE,
    target_cluster_status: 'value?',
  },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const stopped = scope.value('target_cluster_status') === 'STOPPED';
    const seen = await seenCluster(scope, cluster, stopped);
    const count = seen?.servers.filter(isServing).length ?? 0;
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
    if (seen !== undefined) await proveServing(scope, cluster, seen);
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
    const cluster = await clusterOf(scope);
    await refuseForgotten(scope, cluster.id);
    const again = await unsettleWork(scope, workedCluster(cluster));
    await unsettleMembers(scope, cluster);
    if (!again) scope.log.info(say('cluster.undoFollows'));
  },
});
