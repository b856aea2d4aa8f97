import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { HOST } from '../common/objects';
import { subtask } from '../subtask';

/** "Reserve host": compare-and-set; of two tasks that want a host one gets it, and the other learns which. */
export const ReserveHost = subtask({
  name: 'Reserve host',
  className: 'host.ReserveHostTask',
  timeout: 1800,
  needs: HOST,

  async run(scope) {
    const hostId = await scope.hostId();
    const { obServers } = scope.store;
    const holder = await obServers.reserveHost(hostId, scope.input.taskId);
    if (holder !== scope.input.taskId) {
      throw new PermanentError({
        type: 'HostReserved',
        code: 'CMP07004',
        tried: say('host.reserve', { host: hostId }),
        cameBack: say('host.reservedBy', { task: holder }),
        next: say('next.waitForTask'),
      });
    }
    const host = await scope.host();
    scope.log.info(say('host.reservedForTask', { ip: host.ip }));
    return undefined;
  },

  async rollback(scope) {
    const released = await scope.store.obServers.releaseHost(await scope.hostId(), scope.input.taskId);
    scope.log.info(released ? say('host.free') : say('host.notReserved'));
  },
});
