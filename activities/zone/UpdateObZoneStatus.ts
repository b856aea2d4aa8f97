import { PermanentError } from '../../runtime/errors';
import type { ObClusterRow } from '../../store/types';
import { clusterOf } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { settleWork, unsettleWork, type Worked } from '../common/work';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';

function worked(cluster: ObClusterRow, name: string): Worked<'obZone'> {
  return { object: { kind: 'obZone', clusterId: cluster.id, name }, what: `Zone ${name}` };
}

function refuse(cluster: ObClusterRow, name: string, code: string, cameBack: string, next: string) {
  return new PermanentError({
    type: code === 'OBE18002' ? 'ZoneMissing' : 'ZoneStatusDiffers',
    code,
    tried: `record the status of zone ${name}`,
    where: cluster.name,
    cameBack,
    next,
  });
}

/** "Update zone status": the zones of the task as the cluster shows them, which must be what the task was to make of them. */
export const UpdateObZoneStatus = subtask({
  name: 'Update zone status',
  className: 'zone.UpdateObZoneStatusTask',
  timeout: 1800,
  needs: { ...ZONES, target_zone_status: 'value?' },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const { zones } = await readCluster(scope, cluster);
    const target = scope.value('target_zone_status');
    for (const name of zonesOf(scope)) {
      const zone = zones.find((candidate) => candidate.name === name);
      if (zone === undefined) {
        const next = 'Look who deleted it, then retry.';
        throw refuse(cluster, name, 'OBE18002', 'the cluster has no such zone', next);
      }
      const status = zone.innerStatus === 'ACTIVE' ? 'RUNNING' : 'STOPPED';
      if (target !== undefined && target !== status) {
        const next = `It was to be ${target}: look who has changed it, then retry.`;
        throw refuse(cluster, name, 'OBE18004', `it is ${zone.innerStatus}`, next);
      }
      await settleWork(scope, worked(cluster, name), status);
      await scope.store.obServers.recordZone(cluster.id, name, zone.innerStatus);
    }
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const again = await Promise.all(zonesOf(scope).map((name) => unsettleWork(scope, worked(cluster, name))));
    if (!again.includes(true)) scope.log.info('Nothing to undo: the record follows the cluster');
  },
});
