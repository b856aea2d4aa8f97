import { notBack } from '../../oceanbase/rollingVerdict';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { clusterOf, isClusterWide } from './cluster';
import { recordCluster } from './clusterState';
import { lookAtRolling } from './rolling';
import { refuseUnsafe } from './stoppable';
import {
  beginClusterWork,
  CLUSTER_LIFE,
  freezeAll,
  serversOfTask,
  undoPrepareStop,
  warnOfProxies,
} from './wholeCluster';

/**
 * "Prepare restart cluster": every server serves, all logs are in sync, and no zone is needed for a majority, or the request
 * says force. An interruption is prepared like a stop.
 */
export const PrepareRestartObCluster = subtask({
  name: 'Prepare restart cluster',
  className: 'cluster.PrepareRestartObClusterTask',
  timeout: 300,
  needs: { ...CLUSTER_LIFE, zone_names: 'list' },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const state = await lookAtRolling(scope, cluster);
    await recordCluster(scope, cluster, state);
    const forced = scope.value('force') === 'true';
    const [behind] = notBack(state, { but: undefined });
    if (behind !== undefined && !forced) {
      throw new PermanentError({
        type: 'ClusterNotWhole',
        code: 'OBE11007',
        tried: say('rolling.ask'),
        where: cluster.name,
        cameBack: behind,
        next: say('stop.bringBack'),
      });
    }
    for (const zone of scope.list('zone_names'))
      refuseUnsafe(scope, state, { target: { zone }, where: zone, forced });
    if (isClusterWide(scope)) await warnOfProxies(scope, cluster);
    await beginClusterWork(scope, cluster, 'RESTARTING', ['RUNNING']);
    if (isClusterWide(scope)) await freezeAll(scope, cluster, await serversOfTask(scope));
    return undefined;
  },

  rollback: undoPrepareStop,
});
