import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { objectId } from '../common/objects';
import { endsAs } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { reserveHosts } from '../host/reservation';
import { subtask } from '../subtask';
import { creationByTask } from './brought';
import { CLUSTER, clusterOf } from './cluster';
import { membersOfCreation } from './creation';
import { forgetBrought } from './forgetBrought';
import { workedCluster } from './worked';

/**
 * "Prepare install cluster": the hosts are reserved. From here on something of the cluster may lie on them, so that its rows stay
 * when the task is abandoned: the deletion of the cluster finds by them what is to be removed.
 */
export const PrepareInstallObCluster = subtask({
  name: 'Prepare install cluster',
  className: 'cluster.PrepareInstallObClusterTask',
  timeout: 300,
  needs: { ...CLUSTER, host_ids: 'list' },
  leaves: 'the cluster in the inventory',

  async run(scope) {
    const cluster = await clusterOf(scope);
    if (creationByTask(scope, cluster) === undefined) {
      throw new PermanentError({
        type: 'ClusterUnfit',
        code: 'OBE11014',
        tried: say('creation.prepare'),
        where: cluster.name,
        cameBack: say('creation.ofOthers'),
        next: say('next.sendAgain'),
      });
    }
    await reserveHosts(scope, scope.list('host_ids').map(Number));
    await endsAs(scope, workedCluster(cluster), 'UNAVAILABLE');
    const { zones, servers } = await membersOfCreation(scope, cluster);
    for (const zone of zones) await endsAs(scope, zone, 'STOPPED');
    for (const server of servers) await endsAs(scope, server.worked, 'UNAVAILABLE');
    scope.log.info(
      say('creation.begins', { name: cluster.name, zones: zones.length, servers: servers.length }),
    );
    return undefined;
  },

  async rollback(scope) {
    const hostIds = scope.list('host_ids').map(Number);
    const id = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
    const cluster = await scope.store.obClusters.find(id);
    if (cluster === undefined) scope.log.info(say('obTakeOver.forgottenBefore'));
    else await forgetBrought(scope, cluster);
    for (const hostId of hostIds) await scope.store.obServers.releaseHost(hostId, scope.input.taskId);
    await forgetTask(scope, hostIds);
  },
});
