import { subtask } from '../subtask';
import { settleWaited } from './parameters';
import { OBPROXY, proxyOf } from './proxy';
import { provedLogin } from './starting';

/** "Wait obproxy accessible": root@proxysys can log in, and the recorded version answers. */
export const WaitObproxyAccessible = subtask({
  name: 'Wait obproxy accessible',
  className: 'obproxy.WaitObproxyAccessibleTask',
  timeout: 1800,
  waits: true,
  needs: OBPROXY,

  async run(scope) {
    const proxy = await proxyOf(scope);
    await provedLogin(scope, await scope.host(), proxy);
    await settleWaited(scope, proxy);
    return undefined;
  },
});
