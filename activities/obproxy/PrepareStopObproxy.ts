import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { lookForTheProcess, undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';
import { proxyOf, workedProxy } from './proxy';

/** "Prepare stop obproxy": the host answers, at most one proxy lives in the home, and this task works on it from now on. */
export const PrepareStopObproxy = subtask({
  name: 'Prepare stop obproxy',
  className: 'obproxy.PrepareStopObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    await lookForTheProcess(scope, proxy);
    await beginWork(scope, workedProxy(proxy.server), {
      status: 'STOPPING',
      from: ['RUNNING', 'UNAVAILABLE'],
    });
    return undefined;
  },

  rollback: undoPrepare,
});
