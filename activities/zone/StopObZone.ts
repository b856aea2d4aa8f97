import { askCluster } from '../../contact/clusterState';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { withCluster } from '../cluster/cluster';
import { untilLeadersGone } from '../cluster/leaders';
import { stopping, tell } from '../cluster/tell';
import { formerOf } from '../common/work';
import { subtask } from '../subtask';
import { ZONES } from './zone';
import { seenZone, startStatement, stopStatement, workedZone, type ZoneScope, zoneIn } from './zoneLife';

/** Within the documented 1800 s, the statement included. */
const LEADERS_MS = 600_000;

/** Leaders in the zone, the root service and its being ACTIVE counted as one each. */
async function leadersLeft(scope: ZoneScope, cluster: ObClusterRow, name: string): Promise<number> {
  const [state, leaders] = await withCluster(scope, cluster, say('server.askLeaders'), async (session) => [
    await askCluster(session),
    await session.zoneLeaders(name),
  ]);
  const { zone, servers } = zoneIn(cluster, name, state);
  const root = servers.some(({ withRootserver }) => withRootserver) ? 1 : 0;
  return leaders + root + (zone.innerStatus === 'INACTIVE' ? 0 : 1);
}

/** "Stop zone": clients, leaders and the root service leave it. Asked before it is sent, so that it is sent once. */
export const StopObZone = subtask({
  name: 'Stop zone',
  className: 'zone.StopObZoneTask',
  timeout: 1800,
  needs: ZONES,
  leaves: 'the stopped zone',

  async run(scope) {
    const { cluster, zone } = await seenZone(scope);
    const { name } = zone;
    await stopping(scope, workedZone(cluster, name), () => tell(scope, cluster, stopStatement(name)));
    const about = { tried: say('zone.stop', { zone: name }), where: name, code: 'OBE18006' };
    await untilLeadersGone(scope, { ...about, ms: LEADERS_MS }, () => leadersLeft(scope, cluster, name));
    scope.log.info(say('zone.outOfService', { zone: name }));
    return undefined;
  },

  /** A zone that was stopped before this task stays so. */
  async rollback(scope) {
    const { cluster, zone } = await seenZone(scope);
    if ((await formerOf(scope, workedZone(cluster, zone.name))) === 'STOPPED')
      return scope.log.info(say('undo.nothing'));
    await tell(scope, cluster, startStatement(zone.name));
  },
});
