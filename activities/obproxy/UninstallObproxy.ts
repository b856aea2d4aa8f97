import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { startKeepers } from './keepers';
import { lookForProxies } from './process';
import { PROXIES } from './proxiesOfTask';
import { homeOf, proxyOf, proxyRowOf } from './proxy';
import { cleanFiles, removePackage } from './removal';
import { stopForGood } from './stopping';

/** "Stop and uninstall obproxy": the proxy is stopped, and what it has left on the host goes, its package too. */
export const UninstallObproxy = subtask({
  name: 'Stop and uninstall obproxy',
  className: 'obproxy.UninstallObproxyTask',
  timeout: 1800,
  needs: PROXIES,
  leaves: 'the host without the proxy',

  async run(scope) {
    const proxy = await proxyOf(scope);
    await stopForGood(scope, await scope.host(), proxy, await homeOf(scope, proxy));
    await cleanFiles(scope, await scope.host(), proxy);
    await removePackage(scope, proxy);
    return undefined;
  },

  /** OCP documents no prohibition; what was stopped and removed cannot be brought back all the same. */
  async rollback(scope) {
    const server = await proxyRowOf(scope);
    if (server !== undefined) {
      const proxy = await proxyOf(scope);
      const home = await homeOf(scope, proxy);
      const host = await scope.host();
      if ((await lookForProxies(host, home)).own.length > 0) {
        await startKeepers(scope, host, proxy, home);
        return scope.log.info(say('obproxy.stillRunsKept'));
      }
    }
    throw new PermanentError({
      type: 'ObproxyRemoved',
      code: 'ODP21107',
      tried: say('obproxy.undoRemoval'),
      cameBack: say('obproxy.removedAlready'),
      next: say('next.endDeletion'),
    });
  },
});
