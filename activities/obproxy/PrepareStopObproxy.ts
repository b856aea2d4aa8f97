import { say } from '../../runtime/messages/catalogue';
import { beginWork } from '../common/work';
import { processText } from '../host/serviceProcesses';
import { subtask } from '../subtask';
import { undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';
import { homeOf, proxyOf, workedProxy } from './proxy';
import { theProcess } from './stopping';

/** "Prepare stop obproxy": the host answers, at most one proxy lives in the home, and this task works on it from now on. */
export const PrepareStopObproxy = subtask({
  name: 'Prepare stop obproxy',
  className: 'obproxy.PrepareStopObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const process = await theProcess(await scope.host(), home);
    scope.log.info(
      process === undefined
        ? say('obproxy.noneLives', { home })
        : say('process.livesIn', { processes: [processText(process)], home }),
    );
    await beginWork(scope, workedProxy(proxy.server), {
      status: 'STOPPING',
      from: ['RUNNING', 'UNAVAILABLE'],
    });
    return undefined;
  },

  rollback: undoPrepare,
});
