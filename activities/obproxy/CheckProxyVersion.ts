import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { hotOf, proveVersion } from './upgrade/serving';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** "Check proxy version": a login reaches the new version. */
export const CheckProxyVersion = subtask({
  name: 'Check proxy version',
  className: 'obproxy.CheckProxyVersionTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    const upgrade = await upgradeOf(scope);
    const hot = await hotOf(scope, upgrade);
    await proveVersion(hot, upgrade.target.version);
    scope.log.info(say('obproxy.answers', { running: upgrade.target.version, port: hot.sqlPort }));
    return undefined;
  },
});
