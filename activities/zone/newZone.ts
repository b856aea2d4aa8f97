/** The zone that a task adds to its cluster: whether this task has added it, and how it goes again. */
import type { ClusterZone, ZonePlace } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { clusterOf } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { tell } from '../cluster/tell';
import { madeByThisTask } from '../common/work';
import type { Needs, SubtaskScope } from '../types';
import { ZONES, zonesOf } from './zone';
import { stopStatement, workedZone, type ZoneScope } from './zoneLife';

/** Keys that say where the new zone lies. */
export const NEW_ZONE = { ...ZONES, zone_region: 'value', zone_idc: 'value' } as const satisfies Needs;

export interface NewZone {
  readonly cluster: ObClusterRow;
  readonly name: string;
  readonly place: ZonePlace;
}

export async function newZone(scope: SubtaskScope<typeof NEW_ZONE>): Promise<NewZone> {
  const [name = ''] = zonesOf(scope);
  const place = { region: scope.value('zone_region'), idc: scope.value('zone_idc') };
  return { cluster: await clusterOf(scope), name, place };
}

/** Whether this task has sent ADD ZONE: noted in the zone's row before the statement, so that no crash comes between. */
export async function hasSent(scope: ZoneScope, cluster: ObClusterRow, name: string): Promise<boolean> {
  const made = await madeByThisTask(scope, workedZone(cluster, name));
  return made !== undefined && made.endStatus !== null;
}

/**
 * For undos: the zone that this task has added is INACTIVE. Undefined when it is not there (any more). PermanentError
 * ZoneNotEmpty when it has servers, which are then somebody else's: those of this task have gone before.
 */
export async function stopNewZone(
  scope: ZoneScope,
  cluster: ObClusterRow,
  name: string,
): Promise<ClusterZone | undefined> {
  const { zones, servers } = await readCluster(scope, cluster);
  const zone = zones.find((candidate) => candidate.name === name);
  if (zone === undefined) return undefined;
  const left = servers.filter((server) => server.zone === name);
  if (left.length > 0) {
    const list = left.map(rpcAddress).join(', ');
    throw new PermanentError({
      type: 'ZoneNotEmpty',
      code: 'OBE18004',
      tried: say('zone.delete', { zone: name }),
      where: cluster.name,
      cameBack: say('zone.hasServers', { zone: name, servers: list }),
      next: say('next.deleteServersOfZone'),
    });
  }
  await tell(scope, cluster, stopStatement(name));
  return zone;
}
