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
    await proveStartable(host, observer);
    await sayProcesses(scope, host, observer.layout.home);
    if (!isClusterWide(scope)) {
      await refuseShortAbsence(scope, member);
      await proveMayStop(scope, member);
    }
    await beginWork(scope, workedServer(member), { status: 'RESTARTING', from: mayStopFrom(scope) });
    return undefined;
  },

  rollback: undoPrepareServer,
});
