import { PermanentError } from '../../runtime/errors';
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
        tried: `reserve host ${hostId}`,
        cameBack: `task ${holder} has it`,
        next: 'Wait until that task has ended and retry.',
      });
    }
    const host = await scope.host();
    scope.log.info(`Host ${host.ip} is reserved for this task`);
    return undefined;
  },

  async rollback(scope) {
    const released = await scope.store.obServers.releaseHost(await scope.hostId(), scope.input.taskId);
    scope.log.info(released ? 'The host is free again' : 'The host was not reserved by this task');
  },
});
