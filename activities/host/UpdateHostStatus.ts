import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { recordHostFacts } from './hostFacts';
import { hostMadeByTask, NEW_HOST } from './newHost';

/** "Update host status": records what the host says of itself; it is AVAILABLE from then on. */
export const UpdateHostStatus = subtask({
  name: 'Update host status',
  className: 'host.UpdateHostStatusTask',
  timeout: 1800,
  needs: NEW_HOST,

  async run(scope) {
    await recordHostFacts(scope, await scope.hostId());
    return undefined;
  },

  async rollback(scope) {
    const row = await hostMadeByTask(scope);
    if (row === undefined) {
      scope.log.info(say('host.statusStays'));
      return;
    }
    await scope.store.hosts.recordStatus(row.id, 'NEW');
    scope.log.info(say('host.newAgain', { ip: row.ip }));
  },
});
