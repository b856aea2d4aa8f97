import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';

const FREED = { ...HOSTS_OF_TASK, cluster_id: 'value?' } as const;

/** Hosts of the OBServers that the task deletes, while the inventory has those; else all of the task's. */
async function freedHosts(scope: SubtaskScope<typeof FREED>): Promise<number[]> {
  const clusterId = idOf(scope.value('cluster_id') ?? '');
  const rows = clusterId === undefined ? [] : await scope.store.obServers.ofCluster(clusterId);
  const going = rows.filter(({ work }) => work?.taskId === scope.input.taskId && work.status === 'DELETING');
  const ids = [...new Set(going.flatMap(({ hostId }) => hostId ?? []))];
  return ids.length > 0 ? ids : hostsOfTask(scope);
}

/** "Unreserve host": nothing of what this task has removed is recorded on the hosts, and no reservation of it is left. */
export const UnReserveHost = subtask({
  name: 'Unreserve host',
  className: 'host.UnReserveHostTask',
  timeout: 1800,
  needs: FREED,

  async run(scope) {
    const { obServers, obproxy } = scope.store;
    const hostIds = await freedHosts(scope);
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
