import { lookAtPath } from '../../hosts/paths';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { resourceOf } from '../../store/tasks/locks';
import { CONTACTED_HOSTS, contactedHosts } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
import { forgetTask } from '../host/forgetTask';
import { taskDir } from '../places';
import { subtask } from '../subtask';
import { forgetNote } from './notes';

/**
 * "Update obproxy cluster lock status": OCP unlocks the cluster here. obflow does so when the task ends; what it kept on
 * the hosts for this task is removed.
 *
 * Of a task that sets parameters that are the former values. Once they are gone its undo fails before every other, so that nothing
 * is undone rather than the cluster alone, with proxies that keep what they have.
 */
export const UpdateObproxyClusterLockStatus = subtask({
  name: 'Update obproxy cluster lock status',
  className: 'obproxy.UpdateObproxyClusterLockStatusTask',
  timeout: 60,
  needs: { ...CONTACTED_HOSTS, late_parameters: 'value?', obproxy_cluster_id: 'value?' },

  async run(scope) {
    await forgetTask(scope, await contactedHosts(scope), forgetNote);
    const held = await scope.store.locks.heldBy(scope.input.taskId);
    scope.log.info(say('locks.freeSoon', { locks: held.map(resourceOf).join(', ') || '-' }));
    return undefined;
  },

  async rollback(scope) {
    const id = idOf(scope.value('obproxy_cluster_id') ?? '');
    const cluster = id === undefined ? undefined : await scope.store.obproxy.findCluster(id);
    const set = [...(cluster?.parameters ?? []), ...(cluster?.startupParameters ?? [])].length > 0;
    if (scope.value('late_parameters') === 'store' && set) {
      for (const hostId of await contactedHosts(scope)) {
        const host = await scope.hostById(hostId);
        const { kind } = await lookAtPath(host, taskDir(scope.input.taskId));
        if (kind !== 'absent') continue;
        throw new PermanentError({
          type: 'FormerParametersForgotten',
          tried: say('parameters.undo'),
          where: host.ip,
          cameBack: say('parameters.formerForgotten'),
          next: say('parameters.nextChangeBack'),
        });
      }
    }
    scope.log.info(say('undo.nothing'));
  },
});
