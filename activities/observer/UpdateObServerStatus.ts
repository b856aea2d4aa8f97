import { isServing, serverStatus } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { withCluster } from '../cluster/cluster';
import { settleWork, unsettleWork, type Worked } from '../common/work';
import { subtask } from '../subtask';
import { type ClusterMember, listedServer, memberOf, OBSERVER, serverMadeByTask } from './observer';

function worked({ server, address }: ClusterMember): Worked<'obServer'> {
  return { object: { kind: 'obServer', id: server.id }, what: `OBServer ${address}` };
}

function refuse({ address }: ClusterMember, status: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: `record the server as ${status}`,
    where: address,
    cameBack,
    next,
  });
}

/**
 * "Update observer status": what the cluster says is written. A server that does not serve is not called RUNNING; one that
 * serves is not called STOPPED, which `target_server_status` asks for.
 */
export const UpdateObServerStatus = subtask({
  name: 'Update observer status',
  className: 'server.UpdateObServerStatusTask',
  timeout: 300,
  needs: { ...OBSERVER, target_server_status: 'value?' },

  async run(scope) {
    const member = await memberOf(scope);
    const { cluster, server, address } = member;
    const seen = await withCluster(scope, cluster, 'ask for the state of the server', async (session) =>
      listedServer(await session.servers(), server),
    );
    const stopped = scope.value('target_server_status') === 'STOPPED';
    const target = stopped ? 'STOPPED' : 'RUNNING';
    if (seen === undefined) {
      throw refuse(
        member,
        target,
        `${cluster.name} does not list it`,
        'Look at its log; retry when it serves.',
      );
    }
    if (isServing(seen) === stopped) {
      const text = stopped ? 'it serves' : `it is ${seen.innerStatus} and does not serve`;
      const next = stopped ? 'Stop it and retry.' : 'Look at its log; retry when it serves.';
      throw refuse(member, target, text, next);
    }
    const status = stopped ? target : serverStatus(seen);
    await settleWork(scope, worked(member), status);
    await scope.store.obServers.recordSeen(server.id, { ...seen, status });
    // The server itself keeps the host occupied from now on.
    if (server.hostId !== null) {
      await scope.store.obServers.releaseHost(server.hostId, scope.input.taskId);
    }
    scope.log.info(`${address}: ${seen.buildVersion}`);
    return undefined;
  },

  async rollback(scope) {
    const member = await memberOf(scope);
    await unsettleWork(scope, worked(member));
    if ((await serverMadeByTask(scope)) === undefined) return;
    await scope.store.obServers.reserveHost(await scope.hostId(), scope.input.taskId);
  },
});
