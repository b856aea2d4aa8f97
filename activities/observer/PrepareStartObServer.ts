import { isClusterWide } from '../cluster/cluster';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import {
  homedObserver,
  isPartOfMore,
  proveStartable,
  SERVER_LIFE,
  sayProcesses,
  seenMember,
  undoPrepareServer,
  workedServer,
} from './life';
import { memberOf } from './observer';

/** "Prepare start observer": all that would make the start fail is found now, and this task works on the server from now on. */
export const PrepareStartObServer = subtask({
  name: 'Prepare start observer',
  className: 'server.PrepareStartObServerTask',
  timeout: 300,
  needs: SERVER_LIFE,

  async run(scope) {
    const member = await memberOf(scope);
    if (!isClusterWide(scope)) await seenMember(scope, member);
    const host = await scope.host();
    const observer = await homedObserver(scope, host, member);
    sayProcesses(scope, observer.layout.home, await proveStartable(host, observer));
    await beginWork(scope, workedServer(member), {
      status: 'STARTING',
      from: ['STOPPED', 'UNAVAILABLE', ...(isPartOfMore(scope) ? ['RUNNING' as const] : [])],
    });
    return undefined;
  },

  rollback: undoPrepareServer,
});
