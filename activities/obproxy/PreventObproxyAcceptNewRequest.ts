import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { subtask } from '../subtask';
import { hasEmptied, type Prevented, sayOffline, sayOnline } from './prevent';
import { othersServing, PROXIES, proxiesOf } from './proxiesOfTask';

const TOGETHER = 10;

/**
 * "Prevent obproxy from accepting new request": load balancers are told to send nothing more, and clients have some time
 * to leave. Where no other proxy of the cluster would take them, nobody is sent away before it must be.
 */
export const PreventObproxyAcceptNewRequest = subtask({
  name: 'Prevent obproxy from accepting new request',
  className: 'obproxy.PreventObproxyAcceptNewRequestTask',
  timeout: 300,
  needs: { ...PROXIES, hot_restart: 'value?' },

  async run(scope) {
    if (scope.value('hot_restart') === 'true') {
      scope.log.info(say('obproxy.hotLosesNone'));
      return undefined;
    }
    const proxies = await proxiesOf(scope);
    const [first] = proxies;
    if (first === undefined) return undefined;
    const others = othersServing(scope, first);
    if (others === 0) {
      scope.log.warn(say('obproxy.nowhereToGo', { cluster: first.cluster.name }));
      return undefined;
    }
    scope.log.info(say('obproxy.othersRunning', { count: others, cluster: first.cluster.name }));
    const told = await someAtATime(proxies, TOGETHER, (proxy) => sayOffline(scope, proxy));
    let waiting: Prevented[] = told.flatMap((one) => one ?? []);
    while (waiting.length > 0) {
      const emptied = await someAtATime(waiting, TOGETHER, (one) => hasEmptied(scope, one));
      waiting = waiting.filter((_, index) => emptied[index] === false);
      if (waiting.length > 0) await scope.pause(1_000);
    }
    return undefined;
  },

  async rollback(scope) {
    const proxies = await proxiesOf(scope);
    await someAtATime(proxies, TOGETHER, async (proxy) => {
      if (await sayOnline(scope, proxy)) scope.log.info(say('offline.online', { ip: proxy.server.ip }));
    });
  },
});
