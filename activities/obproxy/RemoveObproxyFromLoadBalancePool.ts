import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { hasEmptied, sayOffline, sayOnline } from './prevent';
import { othersServing, PROXIES, skipsHost } from './proxiesOfTask';
import { proxyOf } from './proxy';

/**
 * "remove obproxy from load balance resource pool": obflow manages no load balancers; those that ask the proxy itself hear
 * that it takes no new work, and clients have some time to leave.
 */
export const RemoveObproxyFromLoadBalancePool = subtask({
  name: 'remove obproxy from load balance resource pool',
  className: 'obproxy.RemoveObproxyFromLoadBalancePoolTask',
  timeout: 300,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    if (await skipsHost(scope)) {
      scope.log.warn(say('host.notContacted', { ip: proxy.server.ip }));
      return undefined;
    }
    if (othersServing(scope, proxy) === 0) {
      scope.log.warn(say('obproxy.nowhereToGo', { cluster: proxy.cluster.name }));
      return undefined;
    }
    const told = await sayOffline(scope, proxy);
    while (told !== undefined && !(await hasEmptied(scope, told))) await scope.pause(1_000);
    return undefined;
  },

  async rollback(scope) {
    if (await skipsHost(scope)) return;
    const proxy = await proxyOf(scope);
    if (await sayOnline(scope, proxy)) scope.log.info(say('offline.online', { ip: proxy.server.ip }));
  },
});
