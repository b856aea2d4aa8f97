import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { PROXIES, skipsHost } from './proxiesOfTask';
import { proxyOf } from './proxy';
import { removePackage } from './removal';

/** "Uninstall obproxy package": the package that obflow has installed for the proxy is gone. */
export const UninstallObproxyPackage = subtask({
  name: 'Uninstall obproxy package',
  className: 'obproxy.UninstallObproxyPackageTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    if (await skipsHost(scope)) scope.log.warn(say('host.packageRemains', { ip: proxy.server.ip }));
    else await removePackage(scope, proxy);
    return undefined;
  },
});
