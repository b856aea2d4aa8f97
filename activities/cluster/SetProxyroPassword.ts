import { PROXYRO } from '../../contact/foreignCluster';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { proxyroFits } from './brought';
import { CLUSTER, clusterOf } from './cluster';

/**
 * "Set proxyro password to sys tenant": proven by a login, never set, because OBProxies that use the cluster would be locked
 * out. Without a password there is nothing to prove, and a warning.
 */
export const SetProxyroPassword = subtask({
  name: 'Set proxyro password to sys tenant',
  className: 'cluster.SetProxyroPasswordTask',
  timeout: 600,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { secret } = await scope.store.credentials.open(cluster.proxyroCredentialId);
    scope.log.hide(secret);
    if (secret === '') {
      scope.log.warn(say('obTakeOver.proxyroUnproven', { user: PROXYRO }));
      return undefined;
    }
    if (await proxyroFits(scope, cluster)) {
      scope.log.info(say('obTakeOver.proxyroFits', { user: PROXYRO }));
      return undefined;
    }
    throw new PermanentError({
      type: 'ProxyroPasswordDiffers',
      code: 'ODP21006',
      tried: say('obTakeOver.proveProxyro', { user: PROXYRO }),
      where: cluster.name,
      cameBack: say('obTakeOver.proxyroDiffers', { user: PROXYRO }),
      next: say('obTakeOver.nextCredential', { user: PROXYRO }),
    });
  },
});
