import type { ClusterSession } from '../../oceanbase/clusterSession';
import { deleteServerSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { stopping, tell } from '../cluster/tell';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { askedWithout, beginDeletion, cancelDeletion, DELETABLE_SERVER } from './deletion';
import { workedServer } from './life';
import { listedServer, memberOf, OBSERVER } from './observer';

/** "Delete observer": its units begin to move to other servers of the zone. Asked before it is sent, so that it is sent once. */
export const DeleteObServer = subtask({
  name: 'Delete observer',
  className: 'server.DeleteObServerTask',
  timeout: 1800,
  needs: OBSERVER,
  leaves: 'the server that leaves its cluster, or has left it',

  async run(scope) {
    const member = await memberOf(scope);
    const { server, address } = member;
    const cluster = await askedWithout(scope, member.cluster, [server]);
    const isDone = async (session: ClusterSession) => {
      const listed = listedServer(await session.servers(), server);
      return listed === undefined || listed.innerStatus === 'DELETING';
    };
    const tried = say('observer.delete');
    // What has begun goes on, whatever is against it by now.
    if (!(await withCluster(scope, cluster, tried, isDone))) await beginDeletion(scope, member);
    await beginWork(scope, workedServer(member), { status: 'DELETING', from: DELETABLE_SERVER });
    const sql = deleteServerSql(server, server.zone);
    const statement = { tried, sql, where: address, code: 'OBE19011', isDone };
    await stopping(scope, workedServer(member), () => tell(scope, cluster, statement), 'DELETING');
    scope.log.info(say('delete.begun', { address, cluster: cluster.name }));
    return undefined;
  },

  async rollback(scope) {
    const member = await memberOf(scope);
    await cancelDeletion(scope, member);
  },
});
