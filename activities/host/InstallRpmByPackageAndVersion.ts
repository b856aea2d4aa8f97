import { versionRelease } from '../../oceanbase/packageName';
import { PermanentError } from '../../runtime/errors';
import { packageOf, proxyOf } from '../obproxy/proxy';
import type { Subtask } from '../types';
import { type InstalledService, installPackage, uninstallPackage } from './packageInstallation';

const OBPROXY: InstalledService = {
  program: 'obproxy',
  configuration: 'etc',
  whenAlive: 'Stop it first, or take the proxy over.',
};

/** "Install rpm by package and version": this very package is installed, and no living proxy is touched for it. */
export const InstallRpmByPackageAndVersion: Subtask = {
  async run(scope) {
    const proxy = await proxyOf(scope);
    const row = await packageOf(scope, proxy);
    const asked = `${scope.value('package_name')} ${scope.value('package_version')}`;
    if (asked !== `${row.name} ${versionRelease(row)}`) {
      throw new PermanentError({
        type: 'PackageUnfit',
        code: 'PKG10014',
        tried: `install ${asked}`,
        where: proxy.server.ip,
        cameBack: `the record of the proxy names ${row.fileName}`,
        next: 'Add the proxy again.',
      });
    }
    await installPackage(scope, OBPROXY, row);
    return undefined;
  },

  rollback: (scope) => uninstallPackage(scope, OBPROXY),
};
