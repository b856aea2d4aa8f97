/** Giving an OBProxy the passwords by which it reads the OceanBase clusters that it is linked to. */
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { PROXYRO_SLOTS, type ProxyroSlot, type SlotPair, slotPairs } from '../../oceanbase/proxyroSlots';
import { say } from '../../runtime/messages/catalogue';
import { type PasswordScope, storeClusterPassword } from './clusterPassword';
import { type Link, refuseUnfitPassword, type SlotLink, slotLink } from './links';
import type { ObproxyInstance } from './proxy';

/** Gives the proxy those that it has not got, and compares them by their stored hash. */
export async function giveLinkPasswords(
  scope: PasswordScope,
  admin: ObproxyAdmin,
  proxy: ObproxyInstance,
  links: readonly Link[],
): Promise<void> {
  for (const pair of slotPairs(links.map(slotLink), proxy.family !== 'before-4.0')) {
    await giveToProxy(scope, admin, proxy, pair);
  }
}

/** The passwords that share a pair of slots: each one that is not there yet goes where no other wanted one lies. */
async function giveToProxy(
  scope: PasswordScope,
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
