import { say } from '../../runtime/messages/catalogue';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { proveProgram, proveReady, proveUnkept } from './hotProofs';
import { hotProxyOf } from './hotProxy';
import { proveStartable, undoPrepare } from './preparing';
import { lookForProxies, processText } from './process';
import { PROXIES } from './proxiesOfTask';
import { homeOf, type ObproxyInstance, proxyOf, workedProxy } from './proxy';
import { refuseHeldPorts } from './starting';
import { theProcess } from './stopping';

/** The proxy would hand over now, and its program runs as the new process will run it. */
async function prepareHot(scope: SubtaskScope, proxy: ObproxyInstance, home: string): Promise<void> {
  const hot = await hotProxyOf(scope, proxy, home);
  const { version } = proxy.server;
  const found = await proveProgram(hot, version);
  scope.log.info(say('hot.programAlone', { program: `${home}/bin/obproxy`, version: found }));
  scope.log.info(await proveUnkept(hot.host, proxy, home));
  const admin = await hot.login(10_000);
  try {
    await proveReady(hot.host, proxy.version, admin);
    scope.log.info(say('hot.can', { count: await admin.clientSessions() }));
  } finally {
    admin.close();
  }
}

/** "Prepare restart obproxy": the proxy could be started again, so it may be stopped. */
export const PrepareRestartObproxy = subtask({
  name: 'Prepare restart obproxy',
  className: 'obproxy.PrepareRestartObproxyTask',
  timeout: 1800,
  needs: { ...PROXIES, hot_restart: 'value?' },

  async run(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    if (scope.value('hot_restart') === 'true') {
      await prepareHot(scope, proxy, home);
      await beginWork(scope, workedProxy(proxy.server), { status: 'RESTARTING', from: ['RUNNING'] });
      return undefined;
    }
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
