import { subtask } from '../subtask';
import { settleWaited } from './parameters';
import { homeOf, OBPROXY, proxyOf } from './proxy';
import { startStored } from './storedStart';

/**
 * "Wait obproxy accessible": root@proxysys can log in, and the recorded version answers. Nobody keeps the proxy yet: one that has
 * gone since its start, with the power of its host say, would be waited for in vain, and is started again.
 */
export const WaitObproxyAccessible = subtask({
  name: 'Wait obproxy accessible',
  className: 'obproxy.WaitObproxyAccessibleTask',
  timeout: 1800,
  waits: true,
  needs: OBPROXY,

  async run(scope) {
    const proxy = await proxyOf(scope);
    await startStored(scope, await scope.host(), proxy, await homeOf(scope, proxy), 'start-again');
    await settleWaited(scope, proxy);
    return undefined;
  },
});
