import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { PROXYRO_SLOTS, type ProxyroSlot, type SlotPair, slotPairs } from '../../oceanbase/proxyroSlots';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { storeClusterPassword } from './clusterPassword';
import { provenLinks, refuseUnfitPassword, type SlotLink, slotLink } from './links';
import { administer, OBPROXY, type ObproxyInstance, proxyMadeByTask, proxyOf } from './proxy';
import { adoptPasswords } from './takeOver/SetObproxyUserPasswordForOb';

/** The passwords that share a pair of slots: each one that is not there yet goes where no other wanted one lies. */
async function giveToProxy(
  scope: SubtaskScope,
  admin: ObproxyAdmin,
  proxy: ObproxyInstance,
  { clusterName, links }: SlotPair<SlotLink>,
): Promise<void> {
  const place =
    clusterName === '' ? say('obproxy.forAllClusters') : say('obproxy.forCluster', { cluster: clusterName });
  const stored = new Map<ProxyroSlot, string | undefined>();
  for (const slot of PROXYRO_SLOTS) {
    const value =
      clusterName === ''
        ? (await admin.showConfig(slot))?.value
        : await admin.clusterValue(clusterName, slot);
    stored.set(slot, value);
  }
  const wanted = new Set(links.map(({ password }) => sha1Hex(password)));
  const free = PROXYRO_SLOTS.filter((slot) => !wanted.has(stored.get(slot) ?? ''));
  for (const { link, password } of links) {
    if ([...stored.values()].includes(sha1Hex(password))) {
      scope.log.info(say('obproxy.passwordThere', { place }));
      continue;
    }
    refuseUnfitPassword(link);
    const slot = free.shift();
    if (slot === undefined) throw new Error('more passwords than slots, which provenLinks refuses');
    if (clusterName === '') await admin.alter(slot, password);
    else await storeClusterPassword(scope, proxy, admin, { cluster: clusterName, slot, password });
    scope.log.info(say('obproxy.passwordSet', { place, slot }));
  }
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
      for (const pair of slotPairs(links.map(slotLink), proxy.family !== 'before-4.0')) {
        await giveToProxy(scope, admin, proxy, pair);
      }
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
