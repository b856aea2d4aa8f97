import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { processText } from '../host/serviceProcesses';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import { homedObserver, SERVER_LIFE, seenMember } from './life';
import { memberOf } from './observer';
import { lookForObservers } from './process';

/** A lease is 10 s; what takes longer is waited for without a worker. */
const QUICK_MS = 15_000;

/** "Wait observer stop": its process is gone, and the cluster has noticed (STATUS INACTIVE). */
export const WaitObServerStop = subtask({
  name: 'Wait observer stop',
  className: 'server.WaitObServerStopTask',
  timeout: 1800,
  waits: true,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const { layout } = await homedObserver(scope, host, member);
    const begun = Date.now();
    for (;;) {
      const { own } = await lookForObservers(host, layout.home);
      if (own.length > 0) {
        throw new PermanentError({
          type: 'ObserverStillRuns',
          code: 'OBE19005',
          tried: say('server.waitStopped'),
          where: member.address,
          cameBack: say('server.cameBack', { processes: own.map(processText) }),
          next: say('server.endKeeper'),
        });
      }
      const { server } = await seenMember(scope, member);
      if (server.innerStatus !== 'ACTIVE') {
        scope.log.info(say('server.isNow', { address: member.address, status: server.innerStatus }));
        return undefined;
      }
      if (scope.goesOn || Date.now() - begun > QUICK_MS)
        scope.notYet(say('server.stillActive', { address: member.address }));
      await scope.pause(pauseAfter(Date.now() - begun));
    }
  },
});
