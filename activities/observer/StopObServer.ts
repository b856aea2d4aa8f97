import { startServerSql, stopServerSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { untilLeadersGone } from '../cluster/leaders';
import { isRefusedNow, stopping } from '../cluster/tell';
import { formerOf } from '../common/work';
import { subtask } from '../subtask';
import { leadersOf, SERVER_LIFE, seenMember, workedServer } from './life';
import { memberOf } from './observer';
import { tellCluster } from './tell';

/** Within the documented 300 s, the statement included. */
const LEADERS_MS = 120_000;

/**
 * "Stop server", "Stop observer service": clients and leaders leave the server. Asked before it is sent, so that it is
 * sent once. Forced: when OceanBase refuses it, the process is stopped all the same.
 */
export const StopObServer = subtask({
  name: 'Stop server',
  className: 'server.StopObServerTask',
  timeout: 300,
  needs: SERVER_LIFE,
  leaves: 'the stopped server',

  async run(scope) {
    const member = await memberOf(scope);
    try {
      await stopping(scope, workedServer(member), () =>
        tellCluster(scope, member, {
          tried: say('observer.moveLeaders'),
          sql: stopServerSql(member.server, member.server.zone),
          isDone: async ({ stopTime }, session) =>
            stopTime !== null && (await session.leaders(member.server)) === 0,
        }),
      );
    } catch (error) {
      if (scope.value('force') !== 'true' || !isRefusedNow(error)) throw error;
      scope.log.warn(say('server.stoppedAnyway', { said: error.said }));
      return undefined;
    }
    const about = { tried: say('observer.moveLeaders'), where: member.address, code: 'OBE19003' };
    await untilLeadersGone(scope, { ...about, ms: LEADERS_MS }, () => leadersOf(scope, member));
    const { server } = await seenMember(scope, member);
    scope.log.info(say('server.outOfService', { address: member.address, time: server.stopTime ?? '-' }));
    return undefined;
  },

  async rollback(scope) {
    const member = await memberOf(scope);
    if ((await formerOf(scope, workedServer(member))) === 'STOPPED')
      return scope.log.info(say('undo.nothing'));
    await tellCluster(scope, member, {
      tried: say('observer.letBack'),
      sql: startServerSql(member.server, member.server.zone),
      isDone: ({ stopTime }) => stopTime === null,
    });
  },
});
