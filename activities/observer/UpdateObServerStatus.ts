import { isServing, serverStatus } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import { listedServer, memberOf, OBSERVER } from './observer';

/** "Update observer status": what the cluster says is written; a server that does not serve is not called RUNNING. */
export const UpdateObServerStatus = subtask({
  name: 'Update observer status',
  className: 'server.UpdateObServerStatusTask',
  timeout: 300,
  needs: OBSERVER,

  async run(scope) {
    const { cluster, server, address } = await memberOf(scope);
    const { obServers } = scope.store;
    const seen = await withCluster(scope, cluster, 'ask for the state of the server', async (session) =>
      listedServer(await session.servers(), server),
    );
    if (seen === undefined || !isServing(seen)) {
      throw new PermanentError({
        type: 'ObserverNotActive',
        code: 'OBE19004',
        tried: 'record the server as RUNNING',
        where: address,
        cameBack:
          seen === undefined
            ? `${cluster.name} does not list it`
            : `it is ${seen.innerStatus} and does not serve`,
        next: 'Look at its log; retry when it serves.',
      });
    }
    const status = serverStatus(seen);
    await obServers.updateStatus(server.id, ['CREATING', 'RUNNING', 'STOPPED', 'UNAVAILABLE'], status, {
      ...seen,
      status,
    });
    // The server itself keeps the host occupied from now on.
    await obServers.releaseHost(await scope.hostId(), scope.input.taskId);
    scope.log.info(`${address} is ${status}, ${seen.buildVersion}`);
    return undefined;
  },

  async rollback(scope) {
    const { server } = await memberOf(scope);
    await scope.store.obServers.updateStatus(server.id, ['RUNNING', 'STOPPED', 'UNAVAILABLE'], 'CREATING');
    await scope.store.obServers.reserveHost(await scope.hostId(), scope.input.taskId);
    scope.log.info('The server is CREATING again');
  },
});
