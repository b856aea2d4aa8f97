import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';

/** "Reserve host": compare-and-set; of two tasks that want a host one gets it, and the other learns which. Not split, it reserves all. */
export const ReserveHost = subtask({
  name: 'Reserve host',
  className: 'host.ReserveHostTask',
  timeout: 1800,
  needs: { ...HOSTS_OF_TASK, ...CLUSTER_TAKE_OVER },

  async run(scope) {
    for (const hostId of await hostsOfTask(scope)) {
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
    return undefined;
  },

  async rollback(scope) {
    for (const hostId of await hostsOfTask(scope)) {
      const released = await scope.store.obServers.releaseHost(hostId, scope.input.taskId);
      scope.log.info(released ? say('host.free') : say('host.notReserved'));
    }
  },
});
