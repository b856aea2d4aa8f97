import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { stopping, tell } from '../cluster/tell';
import { subtask } from '../subtask';
import { ZONES } from './zone';
import { seenZone, startStatement, stopStatement, workedZone, type ZoneScope } from './zoneLife';

/** Within the documented 1800 s, the statement included. */
const LEADERS_MS = 600_000;

/** STOP ZONE ends when leaders and root service have moved; one whose answer was lost may not have. */
async function untilEmpty(scope: ZoneScope): Promise<void> {
  const started = Date.now();
  for (let looks = 0; ; looks += 1) {
    const { cluster, zone, servers } = await seenZone(scope);
    const leaders = await withCluster(scope, cluster, say('server.askLeaders'), (session) =>
      session.zoneLeaders(zone.name),
    );
    const root = servers.some(({ withRootserver }) => withRootserver);
    if (zone.innerStatus === 'INACTIVE' && leaders === 0 && !root) {
      scope.log.info(say('zone.outOfService', { zone: zone.name }));
      return;
    }
    if (Date.now() - started > LEADERS_MS) {
      throw new TransientError({
        type: 'LeadersStay',
        code: 'OBE18006',
        tried: say('zone.stop', { zone: zone.name }),
        where: cluster.name,
        cameBack: say('server.leadersLeft', { count: leaders }),
        next: say('next.askedWhetherDone'),
      });
    }
    await scope.pause(Math.min(200 * 1.5 ** looks, 5_000));
  }
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
    await untilEmpty(scope);
    return undefined;
  },

  async rollback(scope) {
    const { cluster, zone } = await seenZone(scope);
    await tell(scope, cluster, startStatement(zone.name));
  },
});
