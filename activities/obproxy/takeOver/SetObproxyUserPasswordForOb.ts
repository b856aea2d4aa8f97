import type { ObproxyAdmin } from '../../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../../oceanbase/passwords';
import { PROXYRO_SLOTS, type ProxyroSlot } from '../../../oceanbase/proxyroSlots';
import { PermanentError } from '../../../runtime/errors';
import { say } from '../../../runtime/messages/catalogue';
import { readJson, taskDir, writeJson } from '../../places';
import type { SubtaskScope, SubtaskWork } from '../../types';
import { storeClusterPassword } from '../clusterPassword';
import { type Link, provenLinks, refuseUnfitPassword } from '../links';
import { type OBPROXY, type ObproxyInstance, proxyOf, proxysysPassword } from '../proxy';
import { administerAdopted, type OpenProxy } from './passwords';

/**
 * OBProxy has two slots for proxyro's password, and takes either. A take-over writes only into an empty one, because a
 * former hash cannot be written back by SQL (the proxy would hash it again) and an undo must restore it.
 */
const SLOTS = PROXYRO_SLOTS;
type Slot = ProxyroSlot;

/** What this task changed, on the host; passwords are not in it. */
interface Mark {
  /** Cluster '' before 4.0: one password for all clusters. */
  readonly slots: readonly { readonly cluster: string; readonly slot: Slot }[];
  readonly proxysys: boolean;
}

function markFile(scope: SubtaskScope): string {
  return `${taskDir(scope.input.taskId)}/passwords-${scope.input.subtaskId}.json`;
}

async function readMark(scope: SubtaskScope): Promise<Mark> {
  const mark = await readJson<Mark>(await scope.host(), markFile(scope));
  return { slots: mark?.slots ?? [], proxysys: mark?.proxysys === true };
}

async function writeMark(scope: SubtaskScope, mark: Mark): Promise<void> {
  const host = await scope.host();
  await writeJson(host, markFile(scope), mark);
}

interface SlotValues {
  /** In effect, by slot; undefined where this version has no such slot. */
  readonly inEffect: readonly (string | undefined)[];
  /** The slots that nothing is written in, in the place we would write to. */
  readonly free: readonly Slot[];
}

async function slotValues(admin: ObproxyAdmin, cluster: string): Promise<SlotValues> {
  const global = await Promise.all(SLOTS.map(async (slot) => (await admin.showConfig(slot))?.value));
  // Before 4.0 the first slot always holds something, at least the built-in value.
  if (cluster === '') return { inEffect: global, free: SLOTS.filter((_, i) => global[i] === '') };
  const own = await Promise.all(SLOTS.map((slot) => admin.clusterValue(cluster, slot)));
  return {
    inEffect: own.map((value, i) => value ?? global[i]),
    free: SLOTS.filter((_, i) => own[i] === undefined && global[i] !== undefined),
  };
}

/** Gives the proxy the password of a linked cluster, in a slot that is free. */
async function giveToProxy(
  scope: SubtaskScope,
  admin: ObproxyAdmin,
  proxy: ObproxyInstance,
  link: Link,
): Promise<void> {
  const cluster = proxy.family === 'before-4.0' ? '' : link.cluster.name;
  const place = cluster === '' ? say('obproxy.forAllClusters') : say('obproxy.forCluster', { cluster });
  const { inEffect, free } = await slotValues(admin, cluster);
  if (inEffect.includes(sha1Hex(link.password))) {
    scope.log.info(say('takeOver.passwordThere', { username: link.link.username, place }));
    return;
  }
  const [slot] = free;
  if (slot === undefined) {
    throw new PermanentError({
      type: 'PasswordSlotsTaken',
      code: 'ODP21006',
      tried: say('takeOver.givePassword', { username: link.link.username }),
      where: proxy.server.ip,
      cameBack: say('takeOver.slotsFull', { slots: SLOTS.join(', '), place }),
      next: say('next.setOneSlot', { username: link.link.username }),
    });
  }
  refuseUnfitPassword(link);
  const mark = await readMark(scope);
  await writeMark(scope, { ...mark, slots: [...mark.slots, { cluster, slot }] });
  if (cluster === '') await admin.alter(slot, link.password);
  else await storeClusterPassword(scope, proxy, admin, { cluster, slot, password: link.password });
  scope.log.info(say('takeOver.passwordSet', { username: link.link.username, place, slot }));
}

/** Whether SQL can carry the password back (OBProxy knows no escapes). */
function canBeRestored(password: string): boolean {
  return !/['"`\\\p{Cc}]/u.test(password);
}

/** From here on root@proxysys has the cluster's password, as in every proxy of the cluster. */
async function takePassword(scope: SubtaskScope, proxy: ObproxyInstance, open: OpenProxy): Promise<void> {
  const wanted = await proxysysPassword(scope, proxy);
  const { admin, used } = open;
  if (used.password === wanted) {
    scope.log.info(say('takeOver.rootPasswordThere'));
    return;
  }
  if (!canBeRestored(used.password)) {
    throw new PermanentError({
      type: 'PasswordUnfit',
      code: 'ODP21106',
      tried: say('takeOver.giveRootPassword'),
      where: proxy.server.ip,
      cameBack: say('takeOver.oddPassword'),
      next: say('next.anotherRootPassword'),
    });
  }
  await scope.store.obproxy.setFormerPassword(proxy.server.id, used.password);
  await writeMark(scope, { ...(await readMark(scope)), proxysys: true });
  await admin.alter('obproxy_sys_password', wanted);
  scope.log.info(say('takeOver.rootPasswordSet'));
}

function forgotten(where: string): PermanentError {
  return new PermanentError({
    type: 'TakeOverFinished',
    tried: say('takeOver.rootPasswordBack'),
    where,
    cameBack: say('takeOver.passwordForgotten'),
    next: say('next.skipRootPassword'),
  });
}

/** "Set obproxy user and password for connect" of a take-over: proxyro's password first, the administrator's last. */
export const adoptPasswords: SubtaskWork<typeof OBPROXY> = {
  async run(scope) {
    const proxy = await proxyOf(scope);
    const links = await provenLinks(scope, proxy);
    const open = await administerAdopted(scope, proxy);
    try {
      for (const link of links) await giveToProxy(scope, open.admin, proxy, link);
      await takePassword(scope, proxy, open);
    } finally {
      open.admin.close();
    }
    return undefined;
  },

  async rollback(scope) {
    const mark = await readMark(scope);
    if (mark.slots.length === 0 && !mark.proxysys) {
      scope.log.info(say('takeOver.noPasswordSet'));
      return;
    }
    const proxy = await proxyOf(scope);
    const former = await scope.store.obproxy.formerPassword(proxy.server.id);
    const { admin, used } = await administerAdopted(scope, proxy);
    try {
      for (const { cluster, slot } of mark.slots) {
        if (cluster === '') await admin.alter(slot, '');
        else await admin.deleteClusterValue(cluster, slot);
        scope.log.info(
          say('takeOver.emptied', {
            slot,
            ofCluster: cluster === '' ? '' : say('takeOver.ofCluster', { cluster }),
          }),
        );
      }
      if (mark.proxysys && former === undefined) throw forgotten(proxy.server.ip);
      if (mark.proxysys && former !== undefined && former !== used.password) {
        await admin.alter('obproxy_sys_password', former);
        scope.log.info(say('takeOver.rootPasswordAgain'));
      }
    } finally {
      admin.close();
    }
  },
};
