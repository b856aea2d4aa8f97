import { isServing } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf } from './cluster';
import { readCluster } from './clusterState';

/** "Wait cluster accessible": the sys tenant answers, and every server that the cluster lists serves. */
export const WaitObClusterAccessible = subtask({
  name: 'Wait cluster accessible',
  className: 'cluster.WaitObClusterAccessibleTask',
  timeout: 1200,
  waits: true,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { servers } = await readCluster(scope, cluster);
    const away = servers.filter((server) => !isServing(server));
    if (servers.length === 0 || away.length > 0) {
      const list = away.map(rpcAddress).join(', ');
      throw scope.notYet(say('obTakeOver.serversAway', { servers: list }));
    }
    scope.log.info(say('obTakeOver.allServe', { count: servers.length }));
    return undefined;
  },
});
