import { startServerSql, stopServerSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { isClusterWide } from '../cluster/cluster';
import { endsAs, formerOf } from '../common/work';
import { subtask } from '../subtask';
import { SERVER_LIFE, workedServer } from './life';
import { memberOf } from './observer';
import { tellCluster } from './tell';

/** "Start server", "Start observer service": clients and leaders may come back. */
export const StartObServer = subtask({
  name: 'Start server',
  className: 'server.StartObServerTask',
  timeout: 300,
  needs: SERVER_LIFE,
  leaves: 'the server in service',

  async run(scope) {
    const member = await memberOf(scope);
    await tellCluster(scope, member, {
      tried: say('observer.letBack'),
      sql: startServerSql(member.server, member.server.zone),
      isDone: ({ stopTime }) => stopTime === null,
    });
    await endsAs(scope, workedServer(member), 'RUNNING');
    return undefined;
  },

  /** Only a server that was stopped before this task is stopped again; with its cluster it goes anyway. */
  async rollback(scope) {
    if (isClusterWide(scope)) return scope.log.info(say('undo.withCluster'));
    const member = await memberOf(scope);
    if ((await formerOf(scope, workedServer(member))) !== 'STOPPED')
      return scope.log.info(say('undo.nothing'));
    await tellCluster(scope, member, {
      tried: say('observer.moveLeaders'),
      sql: stopServerSql(member.server, member.server.zone),
      isDone: ({ stopTime }) => stopTime !== null,
    });
  },
});
