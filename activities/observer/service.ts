import { RUN_USER } from '../../oceanbase/observerLayout';
import { say } from '../../runtime/messages/catalogue';
import type { HostService, InstalledService, SERVICE } from '../host/service';
import type { SubtaskScope } from '../types';
import { memberOf, observerOf, proveOutOfCluster } from './observer';

/** How an OBServer is installed. */
export const observerInstallation: InstalledService = {
  program: 'observer',
  // The home of OceanBase has no version in it, so an older observer's configuration would be found there.
  configuration: 'etc/observer.config.bin',
  whenAlive: say('next.otherHostForObserver'),
};

/** An OBServer, for the subtasks that serve any service. */
export function observerService(scope: SubtaskScope<typeof SERVICE>): HostService {
  return {
    ...observerInstallation,
    async recorded() {
      const { server } = await memberOf(scope);
      return { ip: server.ip, runUser: RUN_USER, port: server.sqlPort };
    },
    package: async () => (await observerOf(scope)).part,
    async proveUnused() {
      await proveOutOfCluster(scope, say('package.removeIt'));
    },
    found: {
      refuseOthers: unknownTakeOver,
      identifyPackage: unknownTakeOver,
    },
  };
}

/** No chain takes an observer over; a plan that says so was not made by this version. */
async function unknownTakeOver(): Promise<never> {
  throw new RangeError('An OBServer cannot be taken over.');
}
