import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import { reserveHosts } from './reservation';

/** "Reserve host": for this task. Not split, it reserves all. */
export const ReserveHost = subtask({
  name: 'Reserve host',
  className: 'host.ReserveHostTask',
  timeout: 1800,
  needs: { ...HOSTS_OF_TASK, ...CLUSTER_TAKE_OVER },

  async run(scope) {
    await reserveHosts(scope, await hostsOfTask(scope));
    return undefined;
  },

  async rollback(scope) {
    for (const hostId of await hostsOfTask(scope)) {
      const released = await scope.store.obServers.releaseHost(hostId, scope.input.taskId);
      scope.log.info(released ? say('host.free') : say('host.notReserved'));
    }
  },
});
