/** What the subtasks that stop, start and restart a zone have in common. */
import type { ClusterState } from '../../contact/clusterState';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { type ClusterServer, type ClusterZone, startZoneSql, stopZoneSql } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { clusterOf, isClusterWide } from '../cluster/cluster';
import { readCluster, recordCluster, recordUndone } from '../cluster/clusterState';
import { proveStoppable } from '../cluster/stoppable';
import type { Statement } from '../cluster/tell';
import { beginWork, restoreWork, type Worked } from '../common/work';
import type { SubtaskScope } from '../types';
import { type ZONES, zonesOf } from './zone';

export type ZoneScope = SubtaskScope<typeof ZONES>;

export function workedZone(cluster: Pick<ObClusterRow, 'id'>, name: string): Worked<'obZone'> {
  return { object: { kind: 'obZone', clusterId: cluster.id, name }, what: `Zone ${name}` };
}

export interface SeenZone {
  readonly cluster: ObClusterRow;
  readonly zone: ClusterZone;
  /** Of the zone. */
  readonly servers: readonly ClusterServer[];
  /** All that was seen. */
  readonly state: ClusterState;
}

/** The zone of the subtask as its cluster shows it. PermanentError ZoneMissing when it has none. */
export async function seenZone(scope: ZoneScope): Promise<SeenZone> {
  const cluster = await clusterOf(scope);
  const [name = ''] = zonesOf(scope);
  return zoneIn(cluster, name, await readCluster(scope, cluster));
}

/** The zone in what the cluster has said. PermanentError ZoneMissing. */
export function zoneIn(cluster: ObClusterRow, name: string, state: ClusterState): SeenZone {
  const zone = state.zones.find((candidate) => candidate.name === name);
  if (zone !== undefined)
    return { cluster, zone, servers: state.servers.filter((server) => server.zone === name), state };
  throw new PermanentError({
    type: 'ZoneMissing',
    code: 'OBE18002',
    tried: say('zone.find', { zone: name }),
    where: cluster.name,
    cameBack: say('zone.gone'),
    next: say('next.whoDeleted'),
  });
}

/** START ZONE, unless it is ACTIVE: then it would be error 4633. */
export function startStatement(name: string): Statement {
  return {
    ...{ tried: say('zone.start', { zone: name }), sql: startZoneSql(name), where: name, code: 'OBE18004' },
    isDone: async (session) => (await statusOf(session, name)) === 'ACTIVE',
  };
}

/** STOP ZONE, unless it is INACTIVE and nothing leads there. */
export function stopStatement(name: string): Statement {
  return {
    ...{ tried: say('zone.stop', { zone: name }), sql: stopZoneSql(name), where: name, code: 'OBE18006' },
    isDone: async (session) =>
      (await statusOf(session, name)) === 'INACTIVE' && (await session.zoneLeaders(name)) === 0,
  };
}

async function statusOf(session: ClusterSession, name: string): Promise<string | undefined> {
  return (await session.zones()).find((zone) => zone.name === name)?.innerStatus;
}

/** For the Prepare subtasks of a stop and of a restart: every log stream keeps its majority without the zone. */
export async function prepareZoneStop(scope: ZoneScope, status: 'STOPPING' | 'RESTARTING'): Promise<void> {
  if (isClusterWide(scope)) return beginWithCluster(scope, status);
  const { cluster, zone, state } = await seenZone(scope);
  // Whoever is known to answer may be of this zone.
  await recordCluster(scope, cluster, state);
  if (zone.innerStatus === 'ACTIVE') {
    await proveStoppable(scope, cluster, { target: { zone: zone.name }, where: zone.name, forced: false });
  }
  await beginWork(scope, workedZone(cluster, zone.name), { status, from: ['RUNNING'] });
}

/** Its cluster stops or comes as a whole: one that was stopped before does so as well. */
export async function beginWithCluster(
  scope: ZoneScope,
  status: 'STOPPING' | 'STARTING' | 'RESTARTING',
): Promise<void> {
  const cluster = await clusterOf(scope);
  for (const name of zonesOf(scope))
    await beginWork(scope, workedZone(cluster, name), { status, from: ['RUNNING', 'STOPPED'] });
}

/** For the undo of a Prepare subtask. */
export async function undoPrepareZone(scope: ZoneScope): Promise<void> {
  const cluster = await clusterOf(scope);
  for (const name of zonesOf(scope)) await restoreWork(scope, workedZone(cluster, name));
  await recordUndone(scope, cluster);
}
