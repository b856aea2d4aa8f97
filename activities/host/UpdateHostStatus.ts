import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { hostMadeByTask, NEW_HOST } from './newHost';

/** "Update host status": records what the host says of itself; it is AVAILABLE from then on. */
export const UpdateHostStatus = subtask({
  name: 'Update host status',
  className: 'host.UpdateHostStatusTask',
  timeout: 1800,
  needs: NEW_HOST,

  async run(scope) {
    const hostId = await scope.hostId();
    const host = await scope.host();
    const facts = await host.facts();
    const { hosts } = scope.store;
    await hosts.recordFacts(hostId, { ...facts, osLike: facts.osLike.join(' ') });
    await hosts.recordStatus(hostId, 'AVAILABLE');
    const row = await hosts.find(hostId);
    if (row === undefined) {
      throw new PermanentError({
        type: 'HostUnknown',
        code: 'CMP07005',
        tried: say('host.recordStatus', { host: hostId }),
        cameBack: say('host.notInInventory'),
        next: say('next.hostRemovedMeanwhile'),
      });
    }
    scope.log.info(
      say('host.isNow', {
        ...{ ip: host.ip, status: row.status, name: facts.hostname },
        system: `${facts.osId}${facts.osMajor}`,
        ...{ architecture: facts.architecture, kernel: facts.kernel },
      }),
    );
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
