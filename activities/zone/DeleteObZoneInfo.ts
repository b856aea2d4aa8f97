import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { clusterOf } from '../cluster/cluster';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';
import { workedZone } from './zoneLife';

/** "Delete zone meta info": the inventory forgets the zone and the servers that this task has deleted with it. */
export const DeleteObZoneInfo = subtask({
  name: 'Delete zone meta info',
  className: 'zone.DeleteObZoneInfoTask',
  timeout: 1800,
  needs: ZONES,
  leaves: 'the inventory without the zone',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    const { taskId } = scope.input;
    const found = await scope.store.work.find(workedZone(cluster, name).object);
    if (found !== undefined && found.work?.taskId !== taskId) {
      throw new PermanentError({
        type: 'NotOfTask',
        code: 'OBE18004',
        tried: say('zone.forget', { zone: name }),
        cameBack: say('delete.notOfTask', { status: found.status }),
        next: say('zone.nextRetryPrepare'),
      });
    }
    await scope.store.transaction(async ({ obServers }) => {
      for (const { id, zone, work } of await obServers.ofCluster(cluster.id))
        if (zone === name && work?.taskId === taskId && work.status === 'DELETING')
          await obServers.delete(id);
      await obServers.removeZone(cluster.id, name);
    });
    scope.log.info(say('zone.forgotten', { cluster: cluster.name, zone: name }));
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const [name = ''] = zonesOf(scope);
    if ((await scope.store.work.find(workedZone(cluster, name).object)) !== undefined)
      return scope.log.info(say('undo.nothing'));
    throw new PermanentError({
      type: 'ZoneForgotten',
      code: 'OBE18002',
      tried: say('zone.bringBack', { zone: name }),
      cameBack: say('zone.isForgotten'),
      next: say('zone.nextAddAgain'),
    });
  },
});
