import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
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
  needs: { ...HOSTS_OF_TASK, skipped_host_ids: 'list?' },

  async run(scope) {
    const skipped = scope.list('skipped_host_ids') ?? [];
    const hosts = (scope.list('host_ids') ?? []).filter((id) => !skipped.includes(id));
    await forgetTask(
      scope,
      hosts.flatMap((text) => idOf(text) ?? []),
      forgetNote,
    );
    const held = await scope.store.locks.heldBy(scope.input.taskId);
    scope.log.info(say('locks.freeSoon', { locks: held.join(', ') || '-' }));
    return undefined;
  },
});
