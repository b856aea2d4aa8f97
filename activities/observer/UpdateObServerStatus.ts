import { isServing, serverStatus } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { settleWork, unsettleWork, type Worked } from '../common/work';
import { subtask } from '../subtask';
import { type ClusterMember, listedServer, memberOf, OBSERVER, serverMadeByTask } from './observer';

function worked({ server, address }: ClusterMember): Worked<'obServer'> {
  return { object: { kind: 'obServer', id: server.id }, what: `OBServer ${address}` };
}

function refuse({ address }: ClusterMember, status: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: say('observer.record', { status }),
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
    const seen = await withCluster(scope, cluster, say('observer.askState'), async (session) =>
      listedServer(await session.servers(), server),
    );
    const stopped = scope.value('target_server_status') === 'STOPPED';
    const target = stopped ? 'STOPPED' : 'RUNNING';
    if (seen === undefined) {
      throw refuse(
        member,
        target,
        say('observer.unlistedBy', { cluster: cluster.name }),
        say('next.logWhenServing'),
      );
    }
    if (isServing(seen) === stopped) {
      const text = stopped
        ? say('observer.serves')
        : say('observer.notServing', { status: seen.innerStatus });
      const next = stopped ? say('next.stopAndRetry') : say('next.logWhenServing');
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
