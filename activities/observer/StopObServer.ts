import { startServerSql, stopServerSql } from '../../oceanbase/clusterSql';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { isRefused, stopping } from '../cluster/tell';
import { formerOf } from '../common/work';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { leadersOf, SERVER_LIFE, seenMember, workedServer } from './life';
import { type ClusterMember, memberOf } from './observer';
import { tellCluster } from './tell';

/** Within the documented 300 s, the statement included. */
const LEADERS_MS = 120_000;

/** STOP SERVER ends when the leaders have moved; one whose answer was lost may not have. */
async function untilWithoutLeaders(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const started = Date.now();
  for (let looks = 0; ; looks += 1) {
    const leaders = await leadersOf(scope, member);
    if (leaders === 0) return;
    if (Date.now() - started > LEADERS_MS) {
      throw new TransientError({
        type: 'LeadersStay',
        code: 'OBE19003',
        tried: say('observer.moveLeaders'),
        where: member.address,
        cameBack: say('server.leadersLeft', { count: leaders }),
        next: say('next.askedWhetherDone'),
      });
    }
    await scope.pause(Math.min(200 * 1.5 ** looks, 5_000));
  }
}

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
      if (!isRefused(error) || scope.value('force') !== 'true') throw error;
      scope.log.warn(say('server.stoppedAnyway', { said: error.said }));
      return undefined;
    }
    await untilWithoutLeaders(scope, member);
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
