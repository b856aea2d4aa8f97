import { isClusterWide } from '../cluster/cluster';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import {
  homedObserver,
  mayStopFrom,
  SERVER_LIFE,
  sayProcesses,
  undoPrepareServer,
  workedServer,
} from './life';
import { memberOf } from './observer';
import { proveMayStop, warnOfAbsence } from './prepareStop';
import { lookForObservers } from './process';

/** "Prepare stop observer": the host answers, every log stream keeps its majority, and this task works on the server from now on. */
export const PrepareStopObServer = subtask({
  name: 'Prepare stop observer',
  className: 'server.PrepareStopObServerTask',
  timeout: 300,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const { layout } = await homedObserver(scope, host, member);
    sayProcesses(scope, layout.home, await lookForObservers(host, layout.home));
    if (!isClusterWide(scope)) {
      await proveMayStop(scope, member);
      await warnOfAbsence(scope, member);
    }
    await beginWork(scope, workedServer(member), { status: 'STOPPING', from: mayStopFrom(scope) });
    return undefined;
  },

  rollback: undoPrepareServer,
});
