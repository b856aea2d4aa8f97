import { isClusterWide } from '../cluster/cluster';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { ZONES } from './zone';
import { beginWithCluster, seenZone, undoPrepareZone, workedZone } from './zoneLife';

/** "Prepare start OB zone": the cluster has the zone, and this task works on it from now on. */
export const PrepareStartObZone = subtask({
  name: 'Prepare start OB zone',
  className: 'zone.PrepareStartObZoneTask',
  timeout: 1800,
  needs: ZONES,

  async run(scope) {
    if (isClusterWide(scope)) {
      await beginWithCluster(scope, 'STARTING');
      return undefined;
    }
    const { cluster, zone } = await seenZone(scope);
    await beginWork(scope, workedZone(cluster, zone.name), { status: 'STARTING', from: ['STOPPED'] });
    return undefined;
  },

  rollback: undoPrepareZone,
});
