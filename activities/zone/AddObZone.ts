import { addZoneSql, deleteZoneSql } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { clusterOf } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { isRefused, type Statement, tell } from '../cluster/tell';
import { endsAs } from '../common/work';
import { subtask } from '../subtask';
import { hasSent, NEW_ZONE, type NewZone, newZone, stopNewZone } from './newZone';
import { zonesOf } from './zone';
import { seenZone, workedZone, type ZoneScope } from './zoneLife';

async function isListed(scope: ZoneScope, cluster: ObClusterRow, name: string): Promise<boolean> {
  return (await readCluster(scope, cluster)).zones.some((zone) => zone.name === name);
}

/** ADD ZONE, unless this task has sent it and the zone is there. A zone of that name that it has not added is an error. */
function addStatement(scope: ZoneScope, { cluster, name, place }: NewZone, sent: boolean): Statement {
  const tried = say('zone.add', { zone: name });
  return {
    ...{ tried, sql: addZoneSql(name, place), where: name, code: 'OBE11007' },
    next: say('next.whyZoneRefused'),
    async isDone(session) {
      const found = (await session.zones()).some((zone) => zone.name === name);
      if (found && !sent) {
        throw new PermanentError({
          ...{ type: 'ZoneExists', code: 'OBE18003', tried, where: cluster.name },
          cameBack: say('zone.addedByOthers', { zone: name }),
          next: say('next.chooseOtherZone'),
        });
      }
      if (!found) await endsAs(scope, workedZone(cluster, name), 'STOPPED');
      return found;
    },
  };
}

/** "Add zone": the cluster has the zone, INACTIVE and without servers. Asked before it is sent, and noted before that. */
export const AddObZone = subtask({
  name: 'Add zone',
  className: 'zone.AddObZoneTask',
  timeout: 1800,
  needs: NEW_ZONE,
  leaves: 'the zone in the cluster',

  async run(scope) {
    const zone = await newZone(scope);
    const { cluster, name } = zone;
    const sent = await hasSent(scope, cluster, name);
    try {
      await tell(scope, cluster, addStatement(scope, zone, sent));
    } catch (error) {
      if (!isRefused(error)) throw error;
      // Refused because the one whose answer was lost has come to its end meanwhile.
      if (!sent || !(await isListed(scope, cluster, name))) {
        if (!sent) await endsAs(scope, workedZone(cluster, name), null);
        throw error;
      }
    }
    const { innerStatus } = (await seenZone(scope)).zone;
    scope.log.info(say('zone.added', { cluster: cluster.name, zone: name, status: innerStatus }));
    return undefined;
  },

  /** STOP ZONE and DELETE ZONE, if this task has added it and it has no servers. */
  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    if (!(await hasSent(scope, cluster, name))) return scope.log.info(say('undo.nothing'));
    if ((await stopNewZone(scope, cluster, name)) !== undefined) {
      await tell(scope, cluster, {
        ...{ tried: say('zone.delete', { zone: name }), sql: deleteZoneSql(name), where: name },
        ...{ code: 'OBE18004', next: say('next.whyZoneRefused') },
        isDone: async (session) => !(await session.zones()).some((zone) => zone.name === name),
      });
    }
    await endsAs(scope, workedZone(cluster, name), null);
    scope.log.info(say('zone.deleted', { cluster: cluster.name, zone: name }));
  },
});
