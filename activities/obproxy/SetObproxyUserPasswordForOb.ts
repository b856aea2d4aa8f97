import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { giveLinkPasswords } from './linkPasswords';
import { provenLinks } from './links';
import { administer, OBPROXY, proxyMadeByTask, proxyOf } from './proxy';
import { adoptPasswords } from './takeOver/SetObproxyUserPasswordForOb';

/**
 * "Set obproxy user and password for connect": the user of every linked cluster is proved at OceanBase itself, then given
 * to the proxy and compared by the stored hash.
 */
export const SetObproxyUserPasswordForOb = subtask({
  name: 'Set obproxy user and password for connect',
  className: 'obproxy.SetObproxyUserPasswordForObTask',
  timeout: 30,
  needs: OBPROXY,
  leaves: 'users and passwords on proxy and OceanBase cluster',

  async run(scope) {
    const proxy = await proxyOf(scope);
    const links = await provenLinks(scope, proxy);
    if (links.length === 0) return undefined;
    const admin = await administer(scope, proxy);
    try {
      await giveLinkPasswords(scope, admin, proxy, links);
    } finally {
      admin.close();
    }
    return undefined;
  },

  async rollback(scope) {
    if ((await proxyMadeByTask(scope)) === undefined) {
      scope.log.info(say('obproxy.passwordsStay'));
      return;
    }
    // A former hash cannot be written back by SQL: the proxy would hash it again. The proxy of this task had none.
    scope.log.info(say('obproxy.passwordsGo'));
    scope.log.info(say('obproxy.usersStay'));
  },

  takeOver: adoptPasswords,
});
