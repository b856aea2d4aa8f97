import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { forgetFirstStart, startedByTask, startFirst } from './firstStart';
import { OBSERVER, observerOf, proveOutOfCluster, serverMadeByTask } from './observer';
import { stopObservers } from './process';

/** "Start observer process with param": the first start, proved by its process, both ports and an answer to a login. */
export const StartObServerProcessWithParam = subtask({
  name: 'Start observer process with param',
  className: 'server.StartObServerProcessWithParamTask',
  timeout: 1200,
  needs: OBSERVER,
  leaves: 'the running observer and its data',

  async run(scope) {
    await startFirst(scope, await scope.host(), await observerOf(scope));
    return undefined;
  },

  async rollback(scope) {
    if ((await serverMadeByTask(scope)) === undefined) {
      scope.log.info(say('observer.noneOfTask'));
      return;
    }
    const observer = await proveOutOfCluster(scope, say('observer.stop'));
    const host = await scope.host();
    if (!(await startedByTask(scope, host, observer))) {
      scope.log.info(say('observer.notStarted'));
      return;
    }
    await stopObservers(scope, host, observer.layout.home);
    await forgetFirstStart(host, observer);
    scope.log.info(say('observer.stopped'));
  },
});
