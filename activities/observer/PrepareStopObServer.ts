import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { homedObserver, SERVER_LIFE, sayProcesses, undoPrepareServer, workedServer } from './life';
import { memberOf } from './observer';
import { proveMayStop, warnOfAbsence } from './prepareStop';

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
    await sayProcesses(scope, host, layout.home);
    await proveMayStop(scope, member);
    await warnOfAbsence(scope, member);
    await beginWork(scope, workedServer(member), {
      status: 'STOPPING',
      from: ['RUNNING', 'UNAVAILABLE', ...(scope.value('zone_wide') === 'true' ? ['STOPPED' as const] : [])],
    });
    return undefined;
  },

  rollback: undoPrepareServer,
});
