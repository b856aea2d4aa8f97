/** What a subtask of an upgrade knows of its proxy: what it was when the request was accepted, and what it is to be. */
import { versionRelease } from '../../../oceanbase/packageName';
import { PermanentError } from '../../../runtime/errors';
import { say } from '../../../runtime/messages/catalogue';
import type { ObproxyServerRow, PackageRow } from '../../../store/types';
import { idOf } from '../../common/objects';
import type { InstallablePackage } from '../../host/service';
import type { Needs, SubtaskScope } from '../../types';
import { PROXIES } from '../proxiesOfTask';
import { homeOf, type ObproxyInstance, proxyInstance, proxyOf } from '../proxy';

/** Keys of the plan for each proxy of the request; nothing of them is in the documented context. */
export const UPGRADE = {
  ...PROXIES,
  hot_upgrade: 'value?',
  /** Id of the package that it gets. */
  'target_package.{element}': 'value?',
  'former_version.{element}': 'value?',
  /** Absent: no package of its is known. */
  'former_package.{element}': 'value?',
  /** Absent: it lives where its package or a take-over says. */
  'former_home.{element}': 'value?',
} as const satisfies Needs;

export type UpgradeScope = SubtaskScope<typeof UPGRADE>;

export interface Upgrade {
  /** As it is recorded now. */
  readonly proxy: ObproxyInstance;
  /** Where it lives, before and afterwards. */
  readonly home: string;
  readonly former: {
    /** The proxy with the version that it had. */
    readonly proxy: ObproxyInstance;
    readonly packageId: number | null;
    readonly home: string | null;
    /** Undefined: the store does not have it. */
    readonly package: PackageRow | undefined;
  };
  readonly target: {
    /** The proxy with the version that it gets. */
    readonly proxy: ObproxyInstance;
    readonly package: InstallablePackage;
    /** `4.3.2.0-9`. */
    readonly version: string;
  };
  /** By a hand-over to a new process; otherwise it is stopped and started. */
  readonly isHot: boolean;
}

function withVersion({ server, cluster }: ObproxyInstance, version: string): ObproxyInstance {
  return proxyInstance({ ...server, version } satisfies ObproxyServerRow, cluster);
}

/** Whether the subtask belongs to an upgrade; several do to other operations as well. */
export function isUpgrade(scope: UpgradeScope): boolean {
  return scope.value('target_package.{element}') !== undefined;
}

/** PermanentError PKG10014 when the package is gone from the store. */
export async function upgradeOf(scope: UpgradeScope): Promise<Upgrade> {
  const proxy = await proxyOf(scope);
  const { packages } = scope.store;
  const targetId = idOf(scope.value('target_package.{element}') ?? '');
  const row = targetId === undefined ? undefined : await packages.find(targetId);
  if (row?.home == null) {
    throw new PermanentError({
      type: 'InventoryIncomplete',
      code: 'PKG10014',
      tried: say('obproxy.findPackage'),
      cameBack: say('package.noneWithId', { id: targetId ?? '?' }),
      next: say('next.uploadAndSend'),
    });
  }
  const formerId = idOf(scope.value('former_package.{element}') ?? '') ?? null;
  const upgrade = upgradeTo(
    proxy,
    { ...row, home: row.home },
    {
      home: await homeOf(scope, proxy),
      isHot: scope.value('hot_upgrade') !== 'false',
      formerVersion: scope.value('former_version.{element}'),
    },
  );
  return {
    ...upgrade,
    former: {
      proxy: upgrade.former.proxy,
      packageId: formerId,
      home: scope.value('former_home.{element}') ?? null,
      package: formerId === null ? undefined : await packages.find(formerId),
    },
  };
}

/** The same of a proxy as it is recorded, before anything has begun. */
export function upgradeTo(
  proxy: ObproxyInstance,
  target: InstallablePackage,
  how: { readonly home: string; readonly isHot: boolean; readonly formerVersion?: string | undefined },
): Upgrade {
  const { version, packageId, home } = proxy.server;
  const wanted = versionRelease(target);
  return {
    proxy,
    home: how.home,
    former: {
      proxy: withVersion(proxy, how.formerVersion ?? version),
      ...{ packageId, home, package: undefined },
    },
    target: { proxy: withVersion(proxy, wanted), package: target, version: wanted },
    isHot: how.isHot,
  };
}

/** `etc/proxyconfig_v1.db` is what 4.1 and later read; what was before keeps its configuration elsewhere. */
export function crossesConfiguration({ former, target }: Upgrade): boolean {
  return former.proxy.family !== '4.1+' && target.proxy.family === '4.1+';
}

/** The package would be installed over the very home that the proxy lives in: another release of its version. */
export function isSameHome({ home, target }: Upgrade): boolean {
  return home === target.package.home;
}
