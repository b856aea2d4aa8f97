import { PermanentError } from '../../runtime/errors';
import type { Subtask } from '../types';
import { readCluster } from './clusterState';
import { clusterOf } from './observer';

/** "Update zone status": the zones of the task as the cluster shows them. */
export const UpdateZoneStatus: Subtask = {
  async run(scope) {
    const cluster = await clusterOf(scope);
    const { zones } = await readCluster(scope, cluster);
    for (const name of scope.list('zone_names')) {
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
};
