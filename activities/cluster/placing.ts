/** Telling a cluster in which region and IDC its zones lie. */
import { modifyZoneSql, type ZonePlace } from '../../oceanbase/clusterSql';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { readCluster } from './clusterState';
import { tell } from './tell';

/**
 * MODIFY ZONE, unless the cluster says so already: of a zone in any state, and of all versions
 * (oceanbase:src/rootserver/ob_zone_manager.cpp, alter_zone). TransientError ZoneElsewhere when it did not take effect.
 */
export async function placeZone(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  name: string,
  place: ZonePlace,
): Promise<void> {
  const tried = say('zone.place', { zone: name });
  await tell(scope, cluster, {
    ...{ tried, sql: modifyZoneSql(name, place), where: name },
    ...{ code: 'OBE11007', next: say('next.whyZoneRefused') },
    async isDone(session) {
      const zone = (await session.zones()).find((candidate) => candidate.name === name);
      return zone?.region === place.region && zone.idc === place.idc;
    },
  });
  const seen = (await readCluster(scope, cluster)).zones.find((zone) => zone.name === name);
  if (seen?.region !== place.region || seen.idc !== place.idc) {
    throw new TransientError({
      ...{ type: 'ZoneElsewhere', code: 'OBE11007', tried, where: cluster.name },
      cameBack: say('zone.liesElsewhere', { region: seen?.region ?? '-', idc: seen?.idc ?? '-' }),
      next: say('next.askedWhetherDone'),
    });
  }
  scope.log.info(say('zone.liesIn', { zone: name, ...place }));
}

/**
 * The zones of a cluster lie where their hosts do: BOOTSTRAP has words for regions only. What the inventory says of zones does
 * not count: it follows the cluster, which knows no IDCs until then.
 */
export async function placeZones(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  const places = new Map<string, ZonePlace>();
  for (const { zone, hostId } of await scope.store.obServers.ofCluster(cluster.id)) {
    const host = hostId === null || places.has(zone) ? undefined : await scope.store.hosts.find(hostId);
    if (host !== undefined) places.set(zone, { region: host.idc.region.name, idc: host.idc.name });
  }
  for (const [name, place] of places) await placeZone(scope, cluster, name, place);
}
