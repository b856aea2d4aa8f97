/** What the Prepare subtasks of a stop and of a restart look at before anything is changed. */
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { recordCluster } from '../cluster/clusterState';
import { proveStoppable } from '../cluster/stoppable';
import { isOutOfService, type LifeScope, seenMember } from './life';
import type { ClusterMember } from './observer';
import { offlineTime } from './plannedStop';

/**
 * The cluster lists the server and would bear its stop, or its zone is stopped already. Servers and root servers are
 * recorded: the ones known may all be on their way down, and somebody must answer afterwards.
 */
export async function proveMayStop(scope: LifeScope, member: ClusterMember): Promise<void> {
  const { cluster, server, address } = member;
  const seen = await seenMember(scope, member);
  if (scope.value('zone_wide') === 'true') {
    if (isOutOfService(seen)) return;
    throw new PermanentError({
      type: 'ZoneInService',
      code: 'OBE18005',
      tried: say('stop.ask'),
      where: address,
      cameBack: say('zone.is', { zone: seen.server.zone, status: seen.zone?.innerStatus ?? '?' }),
      next: say('stop.retryStopZone'),
    });
  }
  await recordCluster(scope, cluster, seen.state);
  // A server that an earlier attempt of this task has stopped is not asked about again.
  if (seen.server.stopTime !== null) return;
  await proveStoppable(scope, cluster, {
    target: { zone: seen.server.zone, servers: [addressText(server.ip, server.rpcPort)] },
    where: address,
    forced: scope.value('force') === 'true',
  });
}

/** Whoever stays away longer than that is replaced by the cluster. */
export async function warnOfAbsence(scope: LifeScope, member: ClusterMember): Promise<void> {
  const offline = await offlineTime(scope, member);
  if (offline !== undefined)
    scope.log.warn(say('stop.backWithin', { address: member.address, value: offline.value }));
}
