import { say } from '../../runtime/messages/catalogue';
import type { HostService, InstalledService, SERVICE } from '../host/service';
import type { SubtaskScope } from '../types';
import { packageOf, proxyOf } from './proxy';
import { identifyPackage, refuseOthers } from './takeOver/onHost';

/** How an OBProxy is installed. */
export const obproxyInstallation: InstalledService = {
  program: 'obproxy',
  configuration: 'etc',
  linkFolder: '/u01/obproxy/lib',
  whenAlive: say('next.stopFirstOrTakeOver'),
};

/** An OBProxy, for the subtasks that serve any service. */
export function obproxyService(scope: SubtaskScope<typeof SERVICE>): HostService {
  return {
    ...obproxyInstallation,
    async recorded() {
      const { server, cluster } = await proxyOf(scope);
      return { ip: server.ip, runUser: cluster.runUser, port: server.sqlPort };
    },
    package: async () => packageOf(scope, await proxyOf(scope)),
    // Its process lives in the home that would go, and that is looked at on the host.
    proveUnused: async () => undefined,
    found: {
      refuseOthers: () => refuseOthers(scope),
      identifyPackage: () => identifyPackage(scope),
    },
  };
}
