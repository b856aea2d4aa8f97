import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { lookForTheProcess, undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';
import { administer, proxyOf, workedProxy } from './proxy';

/** "Prepare configure obproxy" (ours): the proxy runs and lets root@proxysys in, and this task works on it from now on. */
export const PrepareConfigureObproxy = subtask({
  name: 'Prepare configure obproxy',
  className: 'obproxy.PrepareConfigureObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    await lookForTheProcess(scope, proxy);
    const admin = await administer(scope, proxy);
    admin.close();
    await beginWork(scope, workedProxy(proxy.server), { status: 'REFRESHING', from: ['RUNNING'] });
    return undefined;
  },

  rollback: undoPrepare,
});
