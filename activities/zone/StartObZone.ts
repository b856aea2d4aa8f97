import { say } from '../../runtime/messages/catalogue';
import { clusterOf, isClusterWide } from '../cluster/cluster';
import { tell } from '../cluster/tell';
import { endsAs, formerOf } from '../common/work';
import { subtask } from '../subtask';
import { hasSent, stopNewZone } from './newZone';
import { ZONES, zonesOf } from './zone';
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

  /** Only a zone that was stopped before this task, or that it has added, is stopped again; with its cluster it goes anyway. */
  async rollback(scope) {
    if (isClusterWide(scope)) return scope.log.info(say('undo.withCluster'));
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    const worked = workedZone(cluster, name);
    if (await hasSent(scope, cluster, name)) {
      await stopNewZone(scope, cluster, name);
      await endsAs(scope, worked, 'STOPPED');
      return;
    }
    if ((await formerOf(scope, worked)) !== 'STOPPED') return scope.log.info(say('undo.nothing'));
    await tell(scope, cluster, stopStatement(name));
  },
});
