import { say } from '../../runtime/messages/catalogue';
import { isClusterWide } from '../cluster/cluster';
import { tell } from '../cluster/tell';
import { endsAs, formerOf } from '../common/work';
import { subtask } from '../subtask';
import { ZONES } from './zone';
import { seenZone, startStatement, stopStatement, workedZone } from './zoneLife';

/** "Start zone": clients and leaders may come back. */
export const StartObZone = subtask({
  name: 'Start zone',
  className: 'zone.StartObZoneTask',
  timeout: 1800,
  needs: ZONES,
  leaves: 'the zone in service',

  async run(scope) {
    const { cluster, zone } = await seenZone(scope);
    const { name } = zone;
    await tell(scope, cluster, startStatement(name));
    await endsAs(scope, workedZone(cluster, name), 'RUNNING');
    return undefined;
  },

  /** Only a zone that was stopped before this task is stopped again; with its cluster it goes anyway. */
  async rollback(scope) {
    if (isClusterWide(scope)) return scope.log.info(say('undo.withCluster'));
    const { cluster, zone } = await seenZone(scope);
    const { name } = zone;
    if ((await formerOf(scope, workedZone(cluster, name))) !== 'STOPPED')
      return scope.log.info(say('undo.nothing'));
    await tell(scope, cluster, stopStatement(name));
  },
});
