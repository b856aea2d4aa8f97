import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { proveStartable, undoPrepare } from './preparing';
import { lookForProxies } from './process';
import { PROXIES } from './proxiesOfTask';
import { homeOf, proxyOf, workedProxy } from './proxy';
import { refuseHeldPorts } from './starting';

/** "Prepare start obproxy": all that would make the start fail is found now, and this task works on the proxy from now on. */
export const PrepareStartObproxy = subtask({
  name: 'Prepare start obproxy',
  className: 'obproxy.PrepareStartObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const host = await scope.host();
    scope.log.info(await proveStartable(host, proxy, home));
    refuseHeldPorts(host, proxy, await lookForProxies(host, home));
    await beginWork(scope, workedProxy(proxy.server), {
      status: 'STARTING',
      from: ['STOPPED', 'UNAVAILABLE'],
    });
    return undefined;
  },

  rollback: undoPrepare,
});
