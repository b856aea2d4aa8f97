import { rootServersIn } from '../../oceanbase/rootServiceList';
import { addressText } from '../../runtime/addressText';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf, withCluster } from './cluster';

/** "Record root service list": what the cluster itself calls its root servers (parameter rootservice_list). */
export const RecordRootServiceList = subtask({
  name: 'Record root service list',
  className: 'cluster.RecordRootServiceListTask',
  timeout: 60,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const tried = say('obTakeOver.askRootServers');
    const list = await withCluster(scope, cluster, tried, (session) => session.parameter('rootservice_list'));
    const { addresses } = scope.config;
    const rootServers = rootServersIn(list ?? '').filter(({ ip }) => addresses.faultText(ip) === undefined);
    if (rootServers.length === 0) {
      throw new TransientError({
        type: 'NoRootServers',
        code: 'OBE11005',
        tried,
        where: cluster.name,
        cameBack: say('obTakeOver.noRootServers', { list: (list ?? '').slice(0, 300) }),
        next: say('next.lookAtCluster'),
      });
    }
    await scope.store.obClusters.recordRootServers(cluster.id, rootServers);
    const text = rootServers.map(({ ip, rpcPort, sqlPort }) => addressText(ip, rpcPort, sqlPort)).join(', ');
    scope.log.info(say('obTakeOver.rootServers', { rootServers: text }));
    return undefined;
  },
});
