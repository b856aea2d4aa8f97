import type { Kysely } from 'kysely';
import { now, type Schema } from './schema';
import type { Scope } from './scope';
import { DuplicateError, type ObproxyRepository, type ObproxyServerRow } from './types';

/** Servers with what their host tells; alias `server`. */
export function selectServers(db: Kysely<Schema>) {
  return db
    .selectFrom('obproxy_servers as server')
    .innerJoin('hosts', 'hosts.id', 'server.host_id')
    .innerJoin('idcs', 'idcs.id', 'hosts.idc_id')
    .selectAll('server')
    .select(['hosts.ip', 'hosts.architecture', 'idcs.name as idc_name']);
}
type Row = Awaited<ReturnType<ReturnType<typeof selectServers>['executeTakeFirstOrThrow']>>;

export function serverRow(row: Row): ObproxyServerRow {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    hostId: row.host_id,
    ip: row.ip,
    idcName: row.idc_name,
    architecture: row.architecture,
    sqlPort: row.sql_port,
    exporterPort: row.exporter_port,
    rpcPort: row.rpc_port,
    version: row.version,
    packageId: row.package_id,
    status: row.status,
    operateStatus: row.operate_status,
    parameterVersion: row.parameter_version,
    lastActiveTime: row.last_active_time,
    taskId: row.task_id,
  };
}

type ServerMethods = Pick<
  ObproxyRepository,
  | 'addServer'
  | 'findServer'
  | 'findServerOnHost'
  | 'updateServerStatus'
  | 'setServerParameterVersion'
  | 'deleteServer'
  | 'putExporter'
  | 'deleteExporter'
  | 'listExporters'
>;

/** The OBProxy processes and what Prometheus is told about them. */
export function serversRepository(scope: Scope): ServerMethods {
  return {
    async addServer(server) {
      const added = await scope.db
        .insertInto('obproxy_servers')
        .values({
          cluster_id: server.clusterId,
          host_id: server.hostId,
          sql_port: server.sqlPort,
          exporter_port: server.exporterPort,
          rpc_port: server.rpcPort,
          version: server.version,
          package_id: server.packageId,
          status: 'CREATING',
          operate_status: 'OPERATING',
          parameter_version: server.parameterVersion,
          last_active_time: null,
          task_id: server.taskId,
          create_time: now(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (added === undefined) throw new DuplicateError(`Host ${server.hostId} has an OBProxy already`);
      return added.id;
    },

    async findServer(id) {
      const row = await selectServers(scope.db).where('server.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : serverRow(row);
    },

    async findServerOnHost(hostId) {
      const row = await selectServers(scope.db).where('server.host_id', '=', hostId).executeTakeFirst();
      return row === undefined ? undefined : serverRow(row);
    },

    async updateServerStatus(id, from, to) {
      if (from.length === 0) return false;
      const { numUpdatedRows } = await scope.db
        .updateTable('obproxy_servers')
        .set({
          status: to.status,
          operate_status: to.operateStatus,
          ...(to.active === true ? { last_active_time: now() } : {}),
        })
        .where('id', '=', id)
        .where('status', 'in', [...from])
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    async setServerParameterVersion(id, version) {
      await scope.db
        .updateTable('obproxy_servers')
        .set({ parameter_version: version })
        .where('id', '=', id)
        .execute();
    },

    async deleteServer(id) {
      await scope.db.deleteFrom('obproxy_servers').where('id', '=', id).execute();
    },

    async putExporter(exporter) {
      const values = { target: exporter.target, labels: JSON.stringify(exporter.labels) };
      await scope.db
        .insertInto('exporters')
        .values({ ...values, obproxy_server_id: exporter.obproxyServerId })
        .onConflict((conflict) => conflict.column('obproxy_server_id').doUpdateSet(values))
        .execute();
    },

    async deleteExporter(obproxyServerId) {
      await scope.db.deleteFrom('exporters').where('obproxy_server_id', '=', obproxyServerId).execute();
    },

    async listExporters() {
      const rows = await scope.db.selectFrom('exporters').selectAll().orderBy('obproxy_server_id').execute();
      return rows.map((row) => ({
        obproxyServerId: row.obproxy_server_id,
        target: row.target,
        labels: JSON.parse(row.labels) as Record<string, string>,
      }));
    },
  };
}
