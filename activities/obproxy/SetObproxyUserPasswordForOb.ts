import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { storeClusterPassword } from './clusterPassword';
import { type Link, provenLinks, refuseUnfitPassword } from './links';
import { administer, OBPROXY, type ObproxyInstance, proxyMadeByTask, proxyOf } from './proxy';
import { adoptPasswords } from './takeOver/SetObproxyUserPasswordForOb';

const PARAMETER = 'observer_sys_password';

/** The password in the proxy: one for all clusters before 4.0, one a cluster from then on. */
async function giveToProxy(
  scope: SubtaskScope,
  admin: ObproxyAdmin,
  proxy: ObproxyInstance,
  link: Link,
): Promise<void> {
  const { cluster, password } = link;
  const wanted = sha1Hex(password);
  const perCluster = proxy.family !== 'before-4.0';
  const place = perCluster ? `for cluster ${cluster.name}` : 'for all clusters';
  const stored = perCluster
    ? await admin.clusterValue(cluster.name, PARAMETER)
    : (await admin.showConfig(PARAMETER))?.value;
  if (stored === wanted) {
    scope.log.info(`OBProxy has the password already, ${place}`);
    return;
  }
  refuseUnfitPassword(link);
  if (perCluster) {
    await storeClusterPassword(scope, proxy, admin, { cluster: cluster.name, slot: PARAMETER, password });
  } else await admin.alter(PARAMETER, password);
  scope.log.info(`OBProxy has the password now, ${place}; its stored hash is the right one`);
}

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
      for (const link of links) await giveToProxy(scope, admin, proxy, link);
    } finally {
      admin.close();
    }
    return undefined;
  },

  async rollback(scope) {
    if ((await proxyMadeByTask(scope)) === undefined) {
      scope.log.info('The proxy was not made by this task, its passwords stay');
      return;
    }
    // A former hash cannot be written back by SQL: the proxy would hash it again. The proxy of this task had none.
    scope.log.info('The passwords go with the configuration of the proxy, when its start is undone');
    scope.log.info('Users that were created in OceanBase stay: other proxies may use them');
  },

  takeOver: adoptPasswords,
});
