import type { Kysely, Selectable, Updateable } from 'kysely';
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { recordZones, zoneRecords } from './obZones';
import { madeBy, workOf } from './tasks/work';
import {
  type AdoptedObserver,
  DuplicateError,
  type ObServerRow,
  type ObServers,
  type Parameter,
  type SeenObServer,
} from './types';

function serverRow(row: Selectable<Schema['ob_servers']>): ObServerRow {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    zone: row.zone,
    hostId: row.host_id,
    ip: row.ip,
    rpcPort: row.rpc_port,
    sqlPort: row.sql_port,
    status: row.status,
    innerStatus: row.inner_status,
    withRootserver: row.with_rootserver === 1,
    startTime: row.start_time,
    stopTime: row.stop_time,
    buildVersion: row.build_version,
    packageId: row.package_id,
    adopted: row.adopted === null ? null : (JSON.parse(row.adopted) as AdoptedObserver),
    home: row.home,
    startupParameters: JSON.parse(row.startup_parameters) as Parameter[],
    taskId: row.task_id,
    work: workOf(row),
    createTime: row.create_time,
    updateTime: row.update_time,
  };
}

/** Columns that only OceanBase can tell. */
function seenColumns(seen: SeenObServer) {
  return {
    zone: seen.zone,
    inner_status: seen.innerStatus,
    with_rootserver: seen.withRootserver ? 1 : 0,
    start_time: seen.startTime,
    stop_time: seen.stopTime,
    build_version: seen.buildVersion,
    update_time: now(),
  };
}

async function recordServer(db: Kysely<Schema>, clusterId: number, seen: SeenObServer): Promise<void> {
  const known = await db
    .selectFrom('ob_servers')
    .select(['id', 'cluster_id', 'work_task_id', 'host_id'])
    .where('ip', '=', seen.ip)
    .where('rpc_port', '=', seen.rpcPort)
    .executeTakeFirst();
  const host =
    known?.host_id == null
      ? await db.selectFrom('hosts').select('id').where('ip', '=', seen.ip).executeTakeFirst()
      : undefined;
  if (known === undefined) {
    await db
      .insertInto('ob_servers')
      .values({
        ...seenColumns(seen),
        cluster_id: clusterId,
        host_id: host?.id ?? null,
        ip: seen.ip,
        rpc_port: seen.rpcPort,
        sql_port: seen.sqlPort,
        status: seen.status,
        package_id: null,
        startup_parameters: '[]',
        task_id: null,
        create_time: now(),
      })
      .execute();
    return;
  }
  // A row of another cluster that claims the address stays: only a person can tell which of the two is wrong.
  if (known.cluster_id !== clusterId) return;
  await db
    .updateTable('ob_servers')
    .set({
      ...seenColumns(seen),
      // The host may have been declared after the server was found.
      ...(host === undefined ? {} : { host_id: host.id }),
      ...(known.work_task_id !== null ? {} : { status: seen.status }),
    })
    .where('id', '=', known.id)
    .execute();
}

async function serversOn(db: Kysely<Schema>, hostIds: readonly number[]): Promise<ObServerRow[]> {
  if (hostIds.length === 0) return [];
  const rows = await db
    .selectFrom('ob_servers')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('host_id', 'in', hostIds),
        // Found in its cluster before the host was declared.
        eb('ip', 'in', eb.selectFrom('hosts').select('hosts.ip').where('hosts.id', 'in', hostIds)),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map(serverRow);
}

/** Zones, observers and what belongs to adding them. */
export function obServersRepository(scope: Scope): ObServers {
  async function write(id: number, values: Updateable<Schema['ob_servers']>): Promise<void> {
    const set = { ...values, update_time: now() };
    await scope.db.updateTable('ob_servers').set(set).where('id', '=', id).execute();
  }
  return {
    async add(server) {
      const time = now();
      const added = await scope.db
        .insertInto('ob_servers')
        .values({
          cluster_id: server.clusterId,
          zone: server.zone,
          host_id: server.hostId,
          ip: server.ip,
          rpc_port: server.rpcPort,
          sql_port: server.sqlPort,
          ...madeBy(server.taskId, 'CREATING' as const),
          inner_status: null,
          with_rootserver: 0,
          start_time: null,
          stop_time: null,
          build_version: null,
          package_id: server.packageId,
          startup_parameters: JSON.stringify(server.startupParameters),
          task_id: server.taskId,
          create_time: time,
          update_time: time,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (added === undefined) {
        throw new DuplicateError(say('taken.observer', { address: addressText(server.ip, server.rpcPort) }));
      }
      return added.id;
    },

    async find(id) {
      const row = await scope.db.selectFrom('ob_servers').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : serverRow(row);
    },

    async findAt(ip, rpcPort) {
      const row = await scope.db
        .selectFrom('ob_servers')
        .selectAll()
        .where('ip', '=', ip)
        .where('rpc_port', '=', rpcPort)
        .executeTakeFirst();
      return row === undefined ? undefined : serverRow(row);
    },

    onHost: (hostId) => serversOn(scope.db, [hostId]),

    onHosts: (hostIds) => serversOn(scope.db, hostIds),

    async ofCluster(clusterId) {
      const rows = await scope.db
        .selectFrom('ob_servers')
        .selectAll()
        .where('cluster_id', '=', clusterId)
        .orderBy('id')
        .execute();
      return rows.map(serverRow);
    },

    ...zoneRecords(scope),

    record: (clusterId, { servers, zones }) =>
      scope.write(async (db) => {
        await recordZones(db, clusterId, zones);
        for (const server of servers) await recordServer(db, clusterId, server);
        const present = new Set(servers.map(({ ip, rpcPort }) => `${ip} ${rpcPort}`));
        const rows = await db
          .selectFrom('ob_servers')
          .select(['id', 'ip', 'rpc_port'])
          .where('cluster_id', '=', clusterId)
          .where('work_task_id', 'is', null)
          // One that the cluster has never known is what a task has left half made: its host still has it.
          .where('inner_status', 'is not', null)
          .execute();
        const gone = rows.filter((row) => !present.has(`${row.ip} ${row.rpc_port}`)).map(({ id }) => id);
        if (gone.length > 0) await db.deleteFrom('ob_servers').where('id', 'in', gone).execute();
      }),

    async updateStatus(id, from, to) {
      if (from.length === 0) return false;
      const { numUpdatedRows } = await scope.db
        .updateTable('ob_servers')
        .set({ update_time: now(), status: to })
        .where('id', '=', id)
        .where('status', 'in', [...from])
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    async delete(id) {
      await scope.db.deleteFrom('ob_servers').where('id', '=', id).execute();
    },

    recordSeen: (id, seen) => write(id, seenColumns(seen)),

    recordAdopted: (id, adopted) => write(id, { adopted: JSON.stringify(adopted) }),

    recordHome: (id, home) => write(id, { home }),

    async reserveHost(hostId, taskId) {
      await scope.db
        .insertInto('host_reservations')
        .values({ host_id: hostId, task_id: taskId, create_time: now() })
        .onConflict((conflict) => conflict.column('host_id').doNothing())
        .execute();
      const { task_id } = await scope.db
        .selectFrom('host_reservations')
        .select('task_id')
        .where('host_id', '=', hostId)
        .executeTakeFirstOrThrow();
      return task_id;
    },

    async leaveHost(hostId) {
      await scope.db.updateTable('ob_servers').set({ host_id: null }).where('host_id', '=', hostId).execute();
    },

    async releaseHost(hostId, taskId) {
      const { numDeletedRows } = await scope.db
        .deleteFrom('host_reservations')
        .where('host_id', '=', hostId)
        .where('task_id', '=', taskId)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },

    async reservedBy(hostId) {
      const row = await scope.db
        .selectFrom('host_reservations')
        .select('task_id')
        .where('host_id', '=', hostId)
        .executeTakeFirst();
      return row?.task_id;
    },

    takeTurn: (clusterId, holder, ms) =>
      scope.write(async (db) => {
        const held = await db
          .selectFrom('ob_cluster_turns')
          .selectAll()
          .where('cluster_id', '=', clusterId)
          .executeTakeFirst();
        const values = { holder, until: new Date(Date.now() + ms).toISOString() };
        if (held !== undefined && held.holder !== holder && held.until > now()) return false;
        await db
          .insertInto('ob_cluster_turns')
          .values({ ...values, cluster_id: clusterId })
          .onConflict((conflict) => conflict.column('cluster_id').doUpdateSet(values))
          .execute();
        return true;
      }),

    async endTurn(clusterId, holder) {
      await scope.db
        .deleteFrom('ob_cluster_turns')
        .where('cluster_id', '=', clusterId)
        .where('holder', '=', holder)
        .execute();
    },
  };
}
