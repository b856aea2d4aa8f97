import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { clusterOf, isClusterWide } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { settleWork, unsettleWork } from '../common/work';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';
import { workedZone, type ZoneScope } from './zoneLife';

function refuse(cluster: ObClusterRow, name: string, code: string, cameBack: Said, next: Text) {
  return new PermanentError({
    type: code === 'OBE18002' ? 'ZoneMissing' : 'ZoneStatusDiffers',
    code,
    tried: say('zone.record', { zone: name }),
    where: cluster.name,
    cameBack,
    next,
  });
}

/** Of a cluster that has stopped: a zone is stopped when its servers are, as their own subtasks have seen them. */
async function settleByServers(scope: ZoneScope, cluster: ObClusterRow, name: string): Promise<void> {
  const servers = (await scope.store.obServers.ofCluster(cluster.id)).filter(({ zone }) => zone === name);
  const up = servers.find(({ status }) => status !== 'STOPPED' && status !== 'UNAVAILABLE');
  if (up !== undefined) {
    const text = say('zone.serverIs', { address: addressText(up.ip, up.rpcPort), status: up.status });
    throw refuse(cluster, name, 'OBE18004', text, say('next.stopThemAndRetry'));
  }
  await settleWork(scope, workedZone(cluster, name), 'STOPPED');
}

/** "Update zone status": the zones of the task as the cluster shows them, which must be what the task was to make of them. */
export const UpdateObZoneStatus = subtask({
  name: 'Update zone status',
  className: 'zone.UpdateObZoneStatusTask',
  timeout: 1800,
  needs: { ...ZONES, target_zone_status: 'value?' },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const target = scope.value('target_zone_status');
    if (target === 'STOPPED' && isClusterWide(scope)) {
      for (const name of zonesOf(scope)) await settleByServers(scope, cluster, name);
      return undefined;
    }
    const { zones } = await readCluster(scope, cluster);
    for (const name of zonesOf(scope)) {
      const zone = zones.find((candidate) => candidate.name === name);
      if (zone === undefined) {
        const next = say('next.whoDeleted');
        throw refuse(cluster, name, 'OBE18002', say('zone.gone'), next);
      }
      const status = zone.innerStatus === 'ACTIVE' ? 'RUNNING' : 'STOPPED';
      if (target !== undefined && target !== status) {
        const next = say('next.wasToBe', { status: target });
        throw refuse(cluster, name, 'OBE18004', say('work.is', { status: zone.innerStatus }), next);
      }
      await settleWork(scope, workedZone(cluster, name), status);
      await scope.store.obServers.recordZone(cluster.id, name, zone.innerStatus);
    }
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    const again = await Promise.all(
      zonesOf(scope).map((name) => unsettleWork(scope, workedZone(cluster, name))),
    );
    if (!again.includes(true)) scope.log.info(say('cluster.undoFollows'));
  },
});
