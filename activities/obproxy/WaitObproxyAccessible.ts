import { subtask } from '../subtask';
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
    await provedLogin(scope, await scope.host(), await proxyOf(scope));
    return undefined;
  },
});
