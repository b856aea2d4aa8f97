import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';

/** Compare-and-set: of two tasks that want a host one gets it, and the other learns which. PermanentError HostReserved. */
export async function reserveHosts(scope: SubtaskScope, hostIds: readonly number[]): Promise<void> {
  for (const hostId of hostIds) {
    const holder = await scope.store.obServers.reserveHost(hostId, scope.input.taskId);
    if (holder !== scope.input.taskId) {
      throw new PermanentError({
        type: 'HostReserved',
        code: 'CMP07004',
        tried: say('host.reserve', { host: hostId }),
        cameBack: say('host.reservedBy', { task: holder }),
        next: say('next.waitForTask'),
      });
    }
    const host = await scope.hostById(hostId);
    scope.log.info(say('host.reservedForTask', { ip: host.ip }));
  }
}
