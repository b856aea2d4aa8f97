/** Which version of a proxy serves, and how a process of another one takes its place. */

import type { ObproxyAdmin } from '../../../oceanbase/obproxyAdmin';
import { runningVersion } from '../../../oceanbase/obproxyRunning';
import { compareVersions } from '../../../oceanbase/versions';
import { PermanentError, TransientError } from '../../../runtime/errors';
import { say } from '../../../runtime/messages/catalogue';
import { endsAs } from '../../common/work';
import { troublesOf } from '../../host/trouble';
import type { SubtaskScope } from '../../types';
import { endByForce } from '../forcedRestart';
import { proveProgram, proveReady } from '../hotProofs';
import { forgetHotNote, type HotProxy, hotProxyOf, readHotNote } from '../hotProxy';
import { hotRestart, restoreRollbackTimeout } from '../hotRestart';
import { startKeepers, stopKeepers } from '../keepers';
import { lookForProxies } from '../process';
import { workedProxy } from '../proxy';
import { endProxies } from '../stopping';
import { startStored } from '../storedStart';
import { bringConfiguration } from './configuration';
import { place, placementOf, putBack } from './placing';
import type { Upgrade } from './upgradeOf';

const trouble = troublesOf(say('upgrade.restart'), 'ODP10001');

/** `4.3.2.0-9.el7`, as the process that answers says it; undefined when it does not tell. */
export async function answeringVersion(admin: ObproxyAdmin): Promise<string | undefined> {
  const running = runningVersion(await admin.binaryInfo());
  if (running === undefined) return undefined;
  return running.release === undefined ? running.version : `${running.version}-${running.release}`;
}

async function versionBehind({ login }: HotProxy): Promise<string | undefined> {
  const admin = await login(10_000);
  try {
    return await answeringVersion(admin);
  } finally {
    admin.close();
  }
}

/** The version that answers; undefined when nobody does. */
async function versionNow(scope: SubtaskScope, hot: HotProxy): Promise<string | undefined> {
  try {
    return await versionBehind(hot);
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof TransientError) return undefined;
    throw error;
  }
}

function isVersion(found: string | undefined, version: string): boolean {
  return found !== undefined && compareVersions(found, version) === 0;
}

/** A process of this version answers. PermanentError ObproxyVersionDiffers (ODP21016) naming both. */
export async function proveVersion(hot: HotProxy, version: string): Promise<void> {
  const running = await versionBehind(hot);
  if (isVersion(running, version)) return;
  const text = say('obproxy.otherVersion', {
    ...{ running: running ?? say('obproxy.unknownVersion'), port: hot.sqlPort, version },
  });
  throw trouble(hot.host, 'ObproxyVersionDiffers', text, say('next.seeWhatRuns'), 'ODP21016');
}

/** The inventory says from now on what serves, whatever becomes of the task. */
export async function recordTarget(scope: SubtaskScope, { proxy, home, target }: Upgrade): Promise<void> {
  const { id } = proxy.server;
  // First the home: the package that comes next has another one.
  await scope.store.obproxy.setHome(id, home);
  await scope.store.obproxy.setVersion(id, { version: target.version, packageId: target.package.id });
  scope.log.info(say('upgrade.recorded', { version: target.version, home }));
}

async function recordFormer(scope: SubtaskScope, { proxy, former }: Upgrade): Promise<void> {
  const { id } = proxy.server;
  const { version } = former.proxy.server;
  await scope.store.obproxy.setVersion(id, { version, packageId: former.packageId });
  await scope.store.obproxy.setHome(id, former.home);
  scope.log.info(say('upgrade.recordedFormer', { version }));
}

/** Puts the new program in place, with the configuration that it reads; nothing when an attempt has. */
async function bringTarget(scope: SubtaskScope, hot: HotProxy, upgrade: Upgrade): Promise<void> {
  const placement = await placementOf(hot.host, upgrade.home, scope.input.taskId);
  if (placement === 'absent') {
    const text = say('upgrade.notStaged', { home: upgrade.home });
    throw trouble(hot.host, 'UpgradeNotStaged', text, say('next.retryRpm'));
  }
  if (placement === 'placed') return;
  // What was altered since it was copied counts, too.
  const { own } = await lookForProxies(hot.host, upgrade.home);
  if (own.length > 0) await bringConfiguration(scope, hot.host, upgrade);
  await place(scope, hot.host, upgrade);
}

/**
 * The proxy hands over to a process of the new program. When that ends, hangs or is another version the former program is put
 * back, and the former process serves as before.
 *
 * @throws PermanentError HotRestartFailed, HotRestartIgnored, ObproxyVersionDiffers
 */
export async function handOver(scope: SubtaskScope, hot: HotProxy, upgrade: Upgrade): Promise<void> {
  const { target } = upgrade;
  try {
    await bringTarget(scope, hot, upgrade);
    await proveProgram(hot, target.version);
    await hotRestart(scope, hot);
    if (!isVersion(await versionNow(scope, hot), target.version)) {
      // A keeper has started the former program anew, before the new one was in place.
      await forgetHotNote(scope, hot);
      await hotRestart(scope, hot);
      await proveVersion(hot, target.version);
    }
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const running = await versionNow(scope, hot);
    if (running === undefined) await endsAs(scope, workedProxy(upgrade.proxy.server), 'UNAVAILABLE');
    if (isVersion(running, target.version)) throw error;
    await putBack(scope, hot.host, upgrade, 'put-back');
    scope.log.warn(say('upgrade.isBack', { version: upgrade.former.proxy.server.version }));
    throw error;
  }
}

/** The undo: a process of the former program serves, by another hand-over when one of the new program does. */
export async function handBack(scope: SubtaskScope, hot: HotProxy, upgrade: Upgrade): Promise<void> {
  const { former } = upgrade;
  const { version } = former.proxy.server;
  const back: HotProxy = { ...hot, note: 'hot-return' };
  await putBack(scope, hot.host, upgrade, 'rollback-put-back');
  // A command that has not been taken up yet is taken back with it.
  if ((await readHotNote(scope, back)) === undefined) await restoreRollbackTimeout(scope, hot);
  if (!isVersion(await versionBehind(hot), version)) {
    if ((await readHotNote(scope, back)) === undefined) {
      await proveProgram(hot, version);
      const admin = await hot.login(10_000);
      try {
        await proveReady(hot.host, upgrade.target.proxy.version, admin);
      } finally {
        admin.close();
      }
    }
    await hotRestart(scope, back);
    await proveVersion(hot, version);
  }
  scope.log.info(say('upgrade.servesAgain', { version }));
  await recordFormer(scope, upgrade);
}

/** The proxy is stopped and started with the new program; with the former one when that does not serve. */
export async function startAnew(scope: SubtaskScope, hot: HotProxy, upgrade: Upgrade): Promise<void> {
  const { former, home, target } = upgrade;
  const { host } = hot;
  // What the running proxy shows is copied before it ends.
  await bringTarget(scope, hot, upgrade);
  // A retry may find the new program serving already, and only its keeper to be put back.
  if (!isVersion(await versionNow(scope, hot), target.version))
    await endByForce(scope, host, former.proxy, home);
  try {
    await startStored(scope, host, target.proxy, home);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    await endProxies(scope, host, home);
    await putBack(scope, host, upgrade, 'put-back');
    await startStored(scope, host, former.proxy, home, 'start-former');
    await startKeepers(scope, host, former.proxy, home);
    scope.log.warn(say('upgrade.isBack', { version: former.proxy.server.version }));
    throw error;
  }
  await startKeepers(scope, host, target.proxy, home);
}

/** The undo: the proxy runs with the former program, and who kept it keeps it. */
export async function startFormer(scope: SubtaskScope, hot: HotProxy, upgrade: Upgrade): Promise<void> {
  const { former, home } = upgrade;
  const { host } = hot;
  await putBack(scope, host, upgrade, 'rollback-put-back');
  if (!isVersion(await versionNow(scope, hot), former.proxy.server.version)) {
    await stopKeepers(scope, host, former.proxy, home);
    await endProxies(scope, host, home);
    await startStored(scope, host, former.proxy, home, 'rollback-start');
  }
  await startKeepers(scope, host, former.proxy, home);
  await recordFormer(scope, upgrade);
}

/** The proxy as its hot restart sees it. */
export function hotOf(scope: SubtaskScope, { former, home }: Upgrade): Promise<HotProxy> {
  return hotProxyOf(scope, former.proxy, home);
}
