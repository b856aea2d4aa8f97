import { PermanentError } from '../../runtime/errors';
import { clusterOf } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';

/** "Update zone status": the zones of the task as the cluster shows them. */
export const UpdateObZoneStatus = subtask({
  name: 'Update zone status',
  className: 'zone.UpdateObZoneStatusTask',
  timeout: 1800,
  needs: ZONES,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { zones } = await readCluster(scope, cluster);
    for (const name of zonesOf(scope)) {
      const zone = zones.find((candidate) => candidate.name === name);
      if (zone === undefined) {
        throw new PermanentError({
          type: 'ZoneMissing',
          code: 'OBE18002',
          tried: `record the status of zone ${name}`,
          where: cluster.name,
          cameBack: 'the cluster has no such zone',
          next: 'Look who deleted it, then retry.',
        });
      }
      await scope.store.obServers.setZoneStatus(cluster.id, name, zone.innerStatus);
      scope.log.info(`Zone ${name} is ${zone.innerStatus}`);
    }
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo: the record follows the cluster');
  },
});
