import { subtask } from '../subtask';
import { PROXIES, skipsHost } from './proxiesOfTask';
import { homeOf, proxyOf } from './proxy';
import { remains } from './removal';
import { stopForGood } from './stopping';

/** "Stop obproxy": nobody starts the proxy again, not after a reboot either, and its process is gone. */
export const StopObproxy = subtask({
  name: 'Stop obproxy',
  className: 'obproxy.StopObproxyTask',
  timeout: 1800,
  prohibitRollback: true,
  waits: true,
  needs: PROXIES,
  leaves: 'the stopped proxy',

  async run(scope) {
    const proxy = await proxyOf(scope);
    if (await skipsHost(scope)) scope.log.warn(await remains(scope, proxy));
    else await stopForGood(scope, await scope.host(), proxy, await homeOf(scope, proxy));
    return undefined;
  },
});
