import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { SERVER_LIFE, undoPrepareServer, workedServer } from './life';
import { memberOf } from './observer';
import { proveMayStop } from './prepareStop';

/** "Prepare stop observer service": the same for a stop that leaves the process alone, so nothing is asked of the host. */
export const PrepareStopObServerService = subtask({
  name: 'Prepare stop observer service',
  className: 'server.PrepareStopObServerServiceTask',
  timeout: 300,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    await proveMayStop(scope, member);
    await beginWork(scope, workedServer(member), { status: 'STOPPING', from: ['RUNNING', 'UNAVAILABLE'] });
    return undefined;
  },

  rollback: undoPrepareServer,
});
