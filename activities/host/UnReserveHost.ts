import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { subtask } from '../subtask';

/** "Unreserve host": nothing of what this task has removed is recorded on the hosts, and no reservation of it is left. */
export const UnReserveHost = subtask({
  name: 'Unreserve host',
  className: 'host.UnReserveHostTask',
  timeout: 1800,
  needs: HOSTS_OF_TASK,

  async run(scope) {
    const { obServers, obproxy } = scope.store;
    const hostIds = await hostsOfTask(scope);
    for (const id of hostIds) await obServers.releaseHost(id, scope.input.taskId);
    const left = await obproxy.findServersOnHosts(hostIds);
    const ours = left.filter(({ work }) => work?.taskId === scope.input.taskId);
    if (ours.length > 0) {
      throw new PermanentError({
        type: 'HostNotFree',
        code: 'CMP07006',
        tried: say('hosts.free'),
        cameBack: say('hosts.stillRecorded', { ids: ours.map(({ id }) => id).join(', ') }),
        next: say('next.retryDeleteInfo'),
      });
    }
    scope.log.info(say('hosts.areFree', { count: hostIds.length }));
    return undefined;
  },
});
