import { say } from '../../runtime/messages/catalogue';
import { resourceOf } from '../../store/tasks/locks';
import { CONTACTED_HOSTS, contactedHosts } from '../common/hostsOfTask';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import { forgetNote } from './notes';

/**
 * "Update obproxy cluster lock status": OCP unlocks the cluster here. obflow does so when the task ends; what it kept on
 * the hosts for this task is removed.
 */
export const UpdateObproxyClusterLockStatus = subtask({
  name: 'Update obproxy cluster lock status',
  className: 'obproxy.UpdateObproxyClusterLockStatusTask',
  timeout: 60,
  needs: CONTACTED_HOSTS,

  async run(scope) {
    await forgetTask(scope, await contactedHosts(scope), forgetNote);
    const held = await scope.store.locks.heldBy(scope.input.taskId);
    scope.log.info(say('locks.freeSoon', { locks: held.map(resourceOf).join(', ') || '-' }));
    return undefined;
  },
});
