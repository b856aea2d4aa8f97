import { PermanentError } from '../../runtime/errors';
import { type InstalledService, installPackage, uninstallPackage } from '../host/packageInstallation';
import type { Subtask } from '../types';
import { observerOf, proveOutOfCluster } from './observer';

const OBSERVER: InstalledService = {
  program: 'observer',
  // The home of OceanBase has no version in it, so an older observer's configuration would be found there.
  configuration: 'etc/observer.config.bin',
  whenAlive: 'Choose another host: the home of an observer has no version, so one host holds one observer.',
};

/** "Install rpm": the package of the cluster's version, by the same mechanism as OBProxy's. */
export const InstallRpm: Subtask = {
  async run(scope) {
    const { part, server } = await observerOf(scope);
    const asked = scope.value('rpm_name');
    if (asked !== part.fileName) {
      throw new PermanentError({
        type: 'PackageUnfit',
        code: 'PKG10014',
        tried: `install ${asked}`,
        where: server.ip,
        cameBack: `the record of the server names ${part.fileName}`,
        next: 'Send the request again.',
      });
    }
    await installPackage(scope, OBSERVER, part);
    return undefined;
  },

  async rollback(scope) {
    await proveOutOfCluster(scope, 'remove the package');
    await uninstallPackage(scope, OBSERVER);
  },
};
