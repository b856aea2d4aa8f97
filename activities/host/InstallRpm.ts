import { subtask } from '../subtask';
import { askedPackage } from './askedPackage';
import { installPackage, uninstallPackage } from './packageInstallation';
import { SERVICE } from './service';

/** "Install rpm": the package whose file name the task gives, by the same mechanism as the one by name and version. */
export const InstallRpm = subtask({
  name: 'Install rpm',
  className: 'host.InstallRpmTask',
  timeout: 3600,
  needs: { ...SERVICE, rpm_name: 'value' },
  leaves: 'the installed package',

  async run(scope) {
    const service = scope.service();
    const part = await askedPackage(service, scope.value('rpm_name'), ({ fileName }) => fileName);
    await installPackage(scope, service, part);
    return undefined;
  },

  async rollback(scope) {
    const service = scope.service();
    await service.proveUnused();
    await uninstallPackage(scope, service);
  },
});
