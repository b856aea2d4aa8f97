import { lookAtZone } from '../../contact/lookAtStop';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { recordCluster } from '../cluster/clusterState';
import { proveStoppable } from '../cluster/stoppable';
import { beginWork } from '../common/work';
import { subtask } from '../subtask';
import { ZONES } from './zone';
import { seenZone, undoPrepareZone, workedZone } from './zoneLife';

/** "Prepare delete OB zone": no tenant has anything in it, the others bear its end, and this task works on the zone from now on. */
export const PrepareDeleteObZone = subtask({
  name: 'Prepare delete OB zone',
  className: 'zone.PrepareDeleteObZoneTask',
  timeout: 1800,
  needs: ZONES,

  async run(scope) {
    const { cluster, zone, servers, state } = await seenZone(scope);
    const tried = say('zone.askDelete', { zone: zone.name });
    // Whoever is known to answer may be of this zone.
    await recordCluster(scope, cluster, state);
    const tenants = await withCluster(scope, cluster, tried, (session) => lookAtZone(session, zone.name));
    if (tenants.length > 0) {
      throw new PermanentError({
        type: 'ZoneInUse',
        code: 'OBE18007',
        tried,
        where: cluster.name,
        cameBack: say('zone.inUse', { zone: zone.name, tenants: tenants.slice(0, 5).join(', ') }),
        next: say('zone.nextInUse', { zone: zone.name }),
      });
    }
    if (zone.innerStatus === 'ACTIVE' && servers.length > 0) {
      await proveStoppable(scope, cluster, { target: { zone: zone.name }, where: zone.name, forced: false });
    }
    await beginWork(scope, workedZone(cluster, zone.name), {
      status: 'DELETING',
      from: ['RUNNING', 'STOPPED'],
    });
    return undefined;
  },

  rollback: undoPrepareZone,
});
