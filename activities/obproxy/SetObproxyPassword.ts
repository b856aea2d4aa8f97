import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { changedPassword, givePassword } from './passwordChange';
import { PROXIES } from './proxiesOfTask';
import { proxyOf, proxyRowOf, proxysysPassword } from './proxy';

/** "Set obproxy password" (ours): root@proxysys of the proxy has the new password, and no longer the former one. */
export const SetObproxyPassword = subtask({
  name: 'Set obproxy password',
  className: 'obproxy.SetObproxyPasswordTask',
  timeout: 300,
  needs: PROXIES,
  leaves: 'the password of root@proxysys',

  async run(scope) {
    const wished = await changedPassword(scope);
    await givePassword(scope, await proxyOf(scope), wished);
    return undefined;
  },

  async rollback(scope) {
    if ((await proxyRowOf(scope)) === undefined) return scope.log.info(say('obproxy.notInInventory'));
    const proxy = await proxyOf(scope);
    await givePassword(scope, proxy, await proxysysPassword(scope, proxy));
  },
});
