import { someAtATime } from '../../runtime/someAtATime';
import { isClusterWide } from '../cluster/cluster';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import {
  homedObserver,
  mayStopFrom,
  proveStartable,
  SERVER_LIFE,
  sayProcesses,
  undoPrepareServer,
  workedServer,
} from './life';
import { memberOf } from './observer';
import { refuseShortAbsence } from './plannedStop';
import { proveMayStop } from './prepareStop';

/** "Prepare restart observer": the server may be stopped, and could be started again. */
export const PrepareRestartObServer = subtask({
  name: 'Prepare restart observer',
  className: 'server.PrepareRestartObServerTask',
  timeout: 300,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const observer = await homedObserver(scope, host, member);
    const askHost = async () =>
      sayProcesses(scope, observer.layout.home, await proveStartable(host, observer));
    const askCluster = async () => {
      if (isClusterWide(scope)) return;
      await refuseShortAbsence(scope, member);
      await proveMayStop(scope, member);
    };
    await someAtATime([askHost, askCluster], 2, (ask) => ask());
    await beginWork(scope, workedServer(member), { status: 'RESTARTING', from: mayStopFrom(scope) });
    return undefined;
  },

  rollback: undoPrepareServer,
});
