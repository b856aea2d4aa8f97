/** What rpm knows of a proxy that is upgraded in its home: the new package in place of the former one. */
import { lookAtPath } from '../../../hosts/paths';
import { quote } from '../../../hosts/quote';
import type { Host } from '../../../hosts/types';
import { say } from '../../../runtime/messages/catalogue';
import { DELETABLE } from '../../host/packageMark';
import { storedPackage } from '../../host/packageStore';
import { isInstalled, nvra, partOf, rpm, rpmAgain } from '../../host/rpmCommands';
import { troublesOf } from '../../host/trouble';
import { makeDir, removeBy, taskDir } from '../../places';
import type { SubtaskScope } from '../../types';
import { addToUpgradeNote, upgradeNote } from './note';
import { packageFile } from './placing';
import { isSameHome, type Upgrade } from './upgradeOf';

const trouble = troublesOf(say('upgrade.register'), 'COM10999');

/**
 * rpm forgets the former package, but not a file of it goes: the proxy runs on them, and whoever erased the package later would
 * take the program of the newer version with it. One that is not in the store stays listed: an undo could not list it again.
 */
export async function unregisterFormer(scope: SubtaskScope, host: Host, upgrade: Upgrade): Promise<void> {
  const { former, home } = upgrade;
  const owner = await host.rpmOwner(`${home}/bin/obproxy`);
  const { unregistered } = await upgradeNote(scope, host, former.proxy);
  if (unregistered !== undefined && owner === undefined) {
    return scope.log.info(say('upgrade.unregistered', { package: unregistered }));
  }
  if (owner === undefined) return scope.log.info(say('upgrade.noOwner', { path: `${home}/bin/obproxy` }));
  const stored = former.package === undefined ? undefined : partOf(former.package);
  if (stored === undefined || nvra(stored) !== nvra(owner)) {
    return scope.log.warn(say('upgrade.ownerStays', { package: nvra(owner) }));
  }
  await addToUpgradeNote(scope, host, former.proxy, { unregistered: nvra(owner) });
  const gone = async () => !(await isInstalled(host, owner));
  const words = ['-e', '--justdb', '--noscripts', '--nodeps', nvra(owner)];
  const result = await rpm(scope, 'unregister', words, gone);
  if (result !== undefined && !(await gone())) {
    const said = say('rpm.ended', { exitCode: result.exitCode, said: result.output.trim().slice(-1_000) });
    throw trouble(host, 'RpmFailed', said, say('next.repairRpm'));
  }
  scope.log.info(say('upgrade.unregistered', { package: nvra(owner) }));
}

/** The undo: rpm lists the former package again. */
export async function registerFormer(scope: SubtaskScope, host: Host, { former }: Upgrade): Promise<void> {
  const { unregistered } = await upgradeNote(scope, host, former.proxy);
  const row = former.package;
  if (unregistered === undefined || row === undefined) return scope.log.info(say('undo.nothing'));
  const path = packageFile(scope, row.sha256);
  await makeDir(host, taskDir(scope.input.taskId));
  await host.uploadFile(storedPackage(scope.config.dataDir, row.sha256), row.sha256, path);
  const words = ['-i', '--justdb', '--noscripts', '--nodeps', '--oldpackage', '--replacefiles', path];
  const said = await rpmAgain(scope, 'rollback-register', words, () => isInstalled(host, partOf(row)));
  if (said !== undefined) throw trouble(host, 'RpmFailed', said, say('next.repairRpmAndRollBack'));
  scope.log.info(say('upgrade.registered', { package: unregistered }));
}

/**
 * The new package is installed beside, without its scripts: that of OBProxy removes log, bin, etc and .conf of its home. Another
 * release of the same version has the home of the living proxy; its files are put there one by one, and rpm only lists it.
 */
export async function registerTarget(scope: SubtaskScope, host: Host, upgrade: Upgrade): Promise<void> {
  const { former, target } = upgrade;
  const wanted = partOf(target.package);
  const installed = () => isInstalled(host, wanted);
  if (await installed()) return scope.log.info(say('upgrade.registered', { package: nvra(wanted) }));
  const note = await upgradeNote(scope, host, former.proxy);
  if (note.installed === undefined) {
    const { kind } = await lookAtPath(host, target.package.home);
    const homeExisted = kind !== 'absent';
    await addToUpgradeNote(scope, host, former.proxy, { installed: nvra(wanted), homeExisted });
  }
  const listed = isSameHome(upgrade) ? ['--justdb', '--replacefiles'] : [];
  const words = ['-ivh', '--noscripts', '--oldpackage', ...listed, packageFile(scope, target.package.sha256)];
  const result = await rpm(scope, 'register', words, installed, true);
  if (result !== undefined && !(await installed())) {
    const said = say('rpm.ended', { exitCode: result.exitCode, said: result.output.trim().slice(-1_000) });
    throw trouble(host, 'RpmFailed', said, say('next.repairRpm'));
  }
  scope.log.info(say('upgrade.registered', { package: nvra(wanted) }));
}

/** The undo: the new package goes, with the files that rpm has put beside. */
export async function unregisterTarget(scope: SubtaskScope, host: Host, upgrade: Upgrade): Promise<void> {
  const { former, target } = upgrade;
  const { installed, homeExisted } = await upgradeNote(scope, host, former.proxy);
  if (installed === undefined) return scope.log.info(say('undo.nothing'));
  const gone = async () => !(await isInstalled(host, partOf(target.package)));
  const words = ['-e', '--noscripts', '--nodeps', ...(isSameHome(upgrade) ? ['--justdb'] : []), installed];
  const said = await rpmAgain(scope, 'rollback-unregister', words, gone);
  if (said !== undefined) throw trouble(host, 'RpmFailed', said, say('next.repairRpmAndRollBack'));
  const { home } = target.package;
  // Made by this task; of an installation that was broken off rpm lists nothing.
  if (homeExisted === false && !isSameHome(upgrade) && DELETABLE.test(home)) {
    await removeBy(host, `rm -rf --one-file-system -- ${quote(home)}`, home);
  }
  scope.log.info(say('package.erased', { package: installed }));
}
