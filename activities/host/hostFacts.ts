import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';

/** Records what a host says of itself; it is AVAILABLE from then on. PermanentError when it was removed meanwhile. */
export async function recordHostFacts(scope: SubtaskScope, hostId: number): Promise<void> {
  const host = await scope.hostById(hostId);
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
}
