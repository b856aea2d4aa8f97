import { isServing } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { objectId } from '../common/objects';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf, withCluster } from './cluster';
import { forgetBrought } from './forgetBrought';

/** "Prepare take over cluster": what the request saw of the cluster is asked again. Changes nothing; its undo forgets the cluster. */
export const PrepareTakeOverObCluster = subtask({
  name: 'Prepare take over cluster',
  className: 'cluster.PrepareTakeOverObClusterTask',
  timeout: 30,
  needs: CLUSTER,
  leaves: 'hosts that the request has added, and the cluster where its take-over was recorded as done',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const tried = say('obTakeOver.prepare');
    const unfit = (code: string, cameBack: ReturnType<typeof say>) =>
      new PermanentError({
        type: 'ClusterUnfit',
        code,
        tried,
        where: cluster.name,
        cameBack,
        next: say('obTakeOver.nextAgain'),
      });
    await withCluster(scope, cluster, tried, async (session) => {
      const name = await session.parameter('cluster');
      const id = Number(await session.parameter('cluster_id'));
      if (name !== cluster.name || id !== cluster.obClusterId) {
        const args = { name: name ?? '', id: String(id) };
        throw unfit('OBE11404', say('obTakeOver.answersAs', args));
      }
      const servers = await session.servers();
      const known = await scope.store.obServers.ofCluster(cluster.id);
      const unknown = servers.filter(
        ({ ip, rpcPort }) => !known.some((row) => row.ip === ip && row.rpcPort === rpcPort),
      );
      if (unknown.length > 0) {
        const list = unknown.map(rpcAddress).join(', ');
        throw unfit('OBE11030', say('obTakeOver.newServers', { servers: list }));
      }
      const away = servers.filter((server) => !isServing(server));
      if (away.length > 0) {
        const list = away.map(rpcAddress).join(', ');
        throw unfit('OBE11403', say('obTakeOver.serversAway', { servers: list }));
      }
      scope.log.info(
        say('obTakeOver.found', { name: cluster.name, version: session.version, count: servers.length }),
      );
    });
    return undefined;
  },

  async rollback(scope) {
    const id = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
    const cluster = await scope.store.obClusters.find(id);
    if (cluster === undefined) scope.log.info(say('obTakeOver.forgottenBefore'));
    else await forgetBrought(scope, cluster);
  },
});
