import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { skipsHost } from './proxiesOfTask';
import { proxyOf } from './proxy';
import { removePackage } from './removal';
import { registerFormer, unregisterFormer } from './upgrade/registration';
import { isUpgrade, UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/**
 * "Uninstall obproxy package": the package that obflow has installed for the proxy is gone. Of one that is upgraded, and runs
 * on its files, rpm forgets it.
 */
export const UninstallObproxyPackage = subtask({
  name: 'Uninstall obproxy package',
  className: 'obproxy.UninstallObproxyPackageTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    if (isUpgrade(scope)) {
      await unregisterFormer(scope, await scope.host(), await upgradeOf(scope));
      return undefined;
    }
    const proxy = await proxyOf(scope);
    if (await skipsHost(scope)) scope.log.warn(say('host.packageRemains', { ip: proxy.server.ip }));
    else await removePackage(scope, proxy);
    return undefined;
  },

  async rollback(scope) {
    if (!isUpgrade(scope)) return scope.log.info(say('undo.nothing'));
    await registerFormer(scope, await scope.host(), await upgradeOf(scope));
  },
});
