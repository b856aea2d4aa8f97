import { versionRelease } from '../../oceanbase/packageName';
import { say } from '../../runtime/messages/catalogue';
import { runsOn, subtask } from '../subtask';
import { askedPackage } from './askedPackage';
import { installPackage, uninstallPackage } from './packageInstallation';
import { SERVICE } from './service';

/** "Install rpm by package and version": this very package is installed, and no living service is touched for it. */
export const InstallRpmByPackageAndVersion = subtask({
  name: 'Install rpm by package and version',
  className: 'host.InstallRpmByPackageAndVersionTask',
  timeout: 3600,
  needs: { ...SERVICE, package_name: 'value', package_version: 'value' },
  leaves: 'the installed package',

  async run(scope) {
    const service = scope.service();
    const asked = `${scope.value('package_name')} ${scope.value('package_version')}`;
    const part = await askedPackage(service, asked, (row) => `${row.name} ${versionRelease(row)}`);
    await installPackage(scope, service, part);
    return undefined;
  },

  async rollback(scope) {
    const service = scope.service();
    await service.proveUnused();
    await uninstallPackage(scope, service);
  },

  takeOver: {
    /** The package of the running program is identified, nothing is installed. */
    async run(scope) {
      await scope.service().found.identifyPackage();
      scope.log.info(say('package.nothingInstalled'));
      return undefined;
    },
    rollback: runsOn,
  },
});
