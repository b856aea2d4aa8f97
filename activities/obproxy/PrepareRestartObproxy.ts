import { say } from '../../runtime/messages/catalogue';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { proveStartable, undoPrepare } from './preparing';
import { lookForProxies, processText } from './process';
import { PROXIES } from './proxiesOfTask';
import { homeOf, proxyOf, workedProxy } from './proxy';
import { refuseHeldPorts } from './starting';
import { theProcess } from './stopping';

/** "Prepare restart obproxy": the proxy could be started again, so it may be stopped. */
export const PrepareRestartObproxy = subtask({
  name: 'Prepare restart obproxy',
  className: 'obproxy.PrepareRestartObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const host = await scope.host();
    scope.log.info(await proveStartable(host, proxy, home));
    const process = await theProcess(host, home);
    scope.log.info(
      process === undefined
        ? say('obproxy.noneRuns')
        : say('process.runsNow', { process: processText(process) }),
    );
    refuseHeldPorts(host, proxy, await lookForProxies(host, home));
    await beginWork(scope, workedProxy(proxy.server), {
      status: 'RESTARTING',
      from: ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
    });
    return undefined;
  },

  rollback: undoPrepare,
});
