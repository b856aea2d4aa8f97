import { say } from '../../runtime/messages/catalogue';
import { checkStore, storedPackage } from '../host/packageStore';
import { makeDir, taskDir } from '../places';
import { subtask } from '../subtask';
import { proveProgram } from './hotProofs';
import { runUserOf } from './proxy';
import { packageFile, placementOf, stage, unstage, upgradeFolder } from './upgrade/placing';
import { registerTarget, unregisterTarget } from './upgrade/registration';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/**
 * "Upgrade Obproxy Rpm": rpm has the new package, and its program waits in the home of the proxy, proved to run there. What
 * runs and what a keeper would start is the former program until "Hot restart obproxy".
 */
export const UpgradeObproxyRpm = subtask({
  name: 'Upgrade Obproxy Rpm',
  className: 'obproxy.UpgradeObproxyRpmTask',
  timeout: 3600,
  needs: UPGRADE,
  leaves: 'the installed package, and its program that waits in the home',

  async run(scope) {
    const host = await scope.host();
    const upgrade = await upgradeOf(scope);
    const { home, target, isHot, former } = upgrade;
    const { sha256 } = target.package;
    await checkStore(scope, target.package);
    await makeDir(host, taskDir(scope.input.taskId));
    await host.uploadFile(storedPackage(scope.config.dataDir, sha256), sha256, packageFile(scope, sha256));
    await stage(scope, host, upgrade);
    const { taskId } = scope.input;
    const waits = (await placementOf(host, home, taskId)) === 'waiting';
    const path = waits ? `${upgradeFolder(taskId)}/new/bin/obproxy` : 'bin/obproxy';
    const libraries = isHot ? {} : { libraries: waits ? `${upgradeFolder(taskId)}/new/lib` : 'lib' };
    const user = runUserOf(former.proxy);
    const version = await proveProgram({ host, home, user }, target.version, { path, ...libraries });
    scope.log.info(say('upgrade.staged', { program: `${home}/${path}`, version }));
    await registerTarget(scope, host, upgrade);
    return undefined;
  },

  async rollback(scope) {
    const host = await scope.host();
    const upgrade = await upgradeOf(scope);
    await unregisterTarget(scope, host, upgrade);
    await unstage(host, upgrade.home, scope.input.taskId);
  },
});
