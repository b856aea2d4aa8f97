import type { ClusterSession } from '../../oceanbase/clusterSession';
import { addZoneSql, deleteZoneSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { clusterOf } from '../cluster/cluster';
import { stopping, tell } from '../cluster/tell';
import { endsAs } from '../common/work';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';
import { workedZone } from './zoneLife';

async function isListed(session: ClusterSession, name: string): Promise<boolean> {
  return (await session.zones()).some((zone) => zone.name === name);
}

/** "Delete zone": the cluster has the zone no more. Asked before it is sent, so that it is sent once. */
export const DeleteObZone = subtask({
  name: 'Delete zone',
  className: 'zone.DeleteObZoneTask',
  timeout: 1800,
  needs: ZONES,
  leaves: 'the cluster without the zone',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    const worked = workedZone(cluster, name);
    const statement = {
      ...{ tried: say('zone.delete', { zone: name }), sql: deleteZoneSql(name), where: name },
      ...{ code: 'OBE18004', next: say('next.whyZoneRefused') },
      isDone: async (session: ClusterSession) => !(await isListed(session, name)),
    };
    await stopping(scope, worked, () => tell(scope, cluster, statement), 'DELETING');
    await endsAs(scope, worked, 'DELETED');
    scope.log.info(say('zone.deleted', { cluster: cluster.name, zone: name }));
    return undefined;
  },

  /** The zone again, without servers and INACTIVE, where it lay. */
  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    const row = (await scope.store.obServers.zones(cluster.id)).find((zone) => zone.name === name);
    if (row?.work?.taskId !== scope.input.taskId) return scope.log.info(say('undo.nothing'));
    await tell(scope, cluster, {
      ...{ tried: say('zone.add', { zone: name }), sql: addZoneSql(name, row), where: name },
      ...{ code: 'OBE18004', next: say('next.whyZoneRefused') },
      isDone: (session) => isListed(session, name),
    });
    await endsAs(scope, workedZone(cluster, name), 'STOPPED');
  },
});
