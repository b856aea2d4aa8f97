import { say } from '../../runtime/messages/catalogue';
import { beginWork } from '../common/work';
import { processText } from '../host/serviceProcesses';
import { subtask } from '../subtask';
import { undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';
import { administer, homeOf, proxyOf, workedProxy } from './proxy';
import { theProcess } from './stopping';

/** "Prepare configure obproxy" (ours): the proxy runs and lets root@proxysys in, and this task works on it from now on. */
export const PrepareConfigureObproxy = subtask({
  name: 'Prepare configure obproxy',
  className: 'obproxy.PrepareConfigureObproxyTask',
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
    const admin = await administer(scope, proxy);
    admin.close();
    await beginWork(scope, workedProxy(proxy.server), { status: 'REFRESHING', from: ['RUNNING'] });
    return undefined;
  },

  rollback: undoPrepare,
});
