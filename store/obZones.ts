import type { Kysely, Selectable } from 'kysely';
import { say } from '../runtime/messages/catalogue';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { madeBy, workOf } from './tasks/work';
import { DuplicateError, type ObServers, type ObZoneRow, type SeenObZone } from './types';

function zoneRow(row: Selectable<Schema['ob_zones']>): ObZoneRow {
  return {
    clusterId: row.cluster_id,
    name: row.name,
    region: row.region,
    idc: row.idc,
    innerStatus: row.inner_status,
    status: row.status,
    work: workOf(row),
    createTime: row.create_time,
    updateTime: row.update_time,
  };
}

/** A zone's status is what OceanBase says of it, unless a task works on it. */
async function followZone(
  db: Kysely<Schema>,
  clusterId: number,
  zone: string,
  innerStatus: string,
): Promise<void> {
  await db
    .updateTable('ob_zones')
    .set({ status: innerStatus === 'ACTIVE' ? 'RUNNING' : 'STOPPED' })
    .where('cluster_id', '=', clusterId)
    .where('name', '=', zone)
    .where('work_task_id', 'is', null)
    .execute();
}

/** Writes the zones of a cluster as it lists them; others go, unless a task works on them. */
export async function recordZones(
  db: Kysely<Schema>,
  clusterId: number,
  zones: readonly SeenObZone[],
): Promise<void> {
  const time = now();
  for (const { name, region, idc, innerStatus } of zones) {
    const values = { region, idc, inner_status: innerStatus, update_time: time };
    await db
      .insertInto('ob_zones')
      .values({ ...values, cluster_id: clusterId, name, create_time: time })
      .onConflict((conflict) => conflict.columns(['cluster_id', 'name']).doUpdateSet(values))
      .execute();
    await followZone(db, clusterId, name, innerStatus);
  }
  const names = zones.map(({ name }) => name);
  let goneZones = db
    .deleteFrom('ob_zones')
    .where('cluster_id', '=', clusterId)
    .where('work_task_id', 'is', null);
  if (names.length > 0) goneZones = goneZones.where('name', 'not in', names);
  await goneZones.execute();
}

/** What the repository of servers answers about zones. */
export function zoneRecords(
  scope: Scope,
): Pick<ObServers, 'zones' | 'addZone' | 'removeMadeZone' | 'removeZone' | 'recordZone'> {
  return {
    async zones(clusterId) {
      const rows = await scope.db
        .selectFrom('ob_zones')
        .selectAll()
        .where('cluster_id', '=', clusterId)
        .orderBy('name')
        .execute();
      return rows.map(zoneRow);
    },

    async addZone({ clusterId, name, region, idc, taskId }) {
      const time = now();
      const added = await scope.db
        .insertInto('ob_zones')
        .values({
          ...{ cluster_id: clusterId, name, region, idc, inner_status: '' },
          ...madeBy(taskId, 'CREATING' as const),
          ...{ create_time: time, update_time: time },
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('name')
        .executeTakeFirst();
      if (added === undefined) throw new DuplicateError(say('taken.zone', { zone: name }));
    },

    async removeMadeZone(clusterId, name, taskId) {
      const { numDeletedRows } = await scope.db
        .deleteFrom('ob_zones')
        .where('cluster_id', '=', clusterId)
        .where('name', '=', name)
        .where('work_task_id', '=', taskId)
        .where('former_status', 'is', null)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },

    async removeZone(clusterId, name) {
      await scope.db
        .deleteFrom('ob_zones')
        .where('cluster_id', '=', clusterId)
        .where('name', '=', name)
        .execute();
    },

    async recordZone(clusterId, zone, innerStatus) {
      await scope.db
        .updateTable('ob_zones')
        .set({ inner_status: innerStatus, update_time: now() })
        .where('cluster_id', '=', clusterId)
        .where('name', '=', zone)
        .execute();
      await followZone(scope.db, clusterId, zone, innerStatus);
    },
  };
}
