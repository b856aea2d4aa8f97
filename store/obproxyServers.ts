import type { Kysely } from 'kysely';
import { say } from '../runtime/messages/catalogue';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { MasterKey } from './masterKey';
import { madeBy, workOf } from './tasks/work';
import {
  type AdoptedObproxy,
  DuplicateError,
  type ObproxyRepository,
  type ObproxyServerRow,
  type ParameterDrift,
} from './types';

const passwordPlace = (hostId: number) => `former proxysys password of the OBProxy on host ${hostId}`;

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
    work: workOf(row),
    adopted: row.adopted === null ? null : (JSON.parse(row.adopted) as AdoptedObproxy),
    home: row.home,
    parameterDrift: row.parameter_drift === null ? [] : (JSON.parse(row.parameter_drift) as ParameterDrift[]),
    configUrl: row.config_url,
  };
}

/** Ids in one statement. */
const CHUNK = 500;

type ServerMethods = Pick<
  ObproxyRepository,
  | 'addServer'
  | 'findServer'
  | 'findServerOnHost'
  | 'findServersOnHosts'
  | 'findServersAt'
  | 'recordAdopted'
  | 'setParameterDrift'
  | 'setHome'
  | 'setVersion'
  | 'recordConfigUrl'
  | 'formerPassword'
  | 'setFormerPassword'
  | 'recordActive'
  | 'setServerParameterVersion'
  | 'deleteServer'
  | 'putExporter'
  | 'deleteExporter'
  | 'listExporters'
>;

/** The OBProxy processes and what Prometheus is told about them. */
export function serversRepository(scope: Scope, key: MasterKey): ServerMethods {
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
          ...madeBy(server.taskId, server.status ?? ('CREATING' as const)),
          operate_status: 'OPERATING',
          parameter_version: server.parameterVersion,
          last_active_time: null,
          task_id: server.taskId,
          create_time: now(),
          former_password:
            server.formerPassword === undefined
              ? null
              : key.seal(server.formerPassword, passwordPlace(server.hostId)),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (added === undefined) throw new DuplicateError(say('taken.obproxyOnHost', { host: server.hostId }));
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

    async findServersOnHosts(hostIds) {
      const found: ObproxyServerRow[] = [];
      for (let at = 0; at < hostIds.length; at += CHUNK) {
        const some = hostIds.slice(at, at + CHUNK);
        const rows = await selectServers(scope.db).where('server.host_id', 'in', some).execute();
        found.push(...rows.map(serverRow));
      }
      return found.sort((one, other) => one.id - other.id);
    },

    async findServersAt(ip) {
      const rows = await selectServers(scope.db).where('hosts.ip', '=', ip).orderBy('server.id').execute();
      return rows.map(serverRow);
    },

    async recordAdopted(id, found) {
      await scope.db
        .updateTable('obproxy_servers')
        .set({
          version: found.version,
          exporter_port: found.exporterPort,
          rpc_port: found.rpcPort,
          package_id: found.packageId,
          adopted: JSON.stringify(found.adopted),
        })
        .where('id', '=', id)
        .execute();
    },

    async setParameterDrift(id, drift) {
      await scope.db
        .updateTable('obproxy_servers')
        .set({ parameter_drift: drift.length === 0 ? null : JSON.stringify(drift) })
        .where('id', '=', id)
        .execute();
    },

    async setHome(id, home) {
      await scope.db.updateTable('obproxy_servers').set({ home }).where('id', '=', id).execute();
    },

    async setVersion(id, { version, packageId }) {
      await scope.db
        .updateTable('obproxy_servers')
        .set({ version, package_id: packageId })
        .where('id', '=', id)
        .execute();
    },

    async recordConfigUrl(id, url) {
      await scope.db.updateTable('obproxy_servers').set({ config_url: url }).where('id', '=', id).execute();
    },

    async formerPassword(id) {
      const row = await scope.db
        .selectFrom('obproxy_servers')
        .select(['host_id', 'former_password'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined || row.former_password === null) return undefined;
      return key.open(row.former_password, passwordPlace(row.host_id));
    },

    async setFormerPassword(id, password) {
      const row = await scope.db
        .selectFrom('obproxy_servers')
        .select('host_id')
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) return;
      const sealed = password === undefined ? null : key.seal(password, passwordPlace(row.host_id));
      await scope.db
        .updateTable('obproxy_servers')
        .set({ former_password: sealed })
        .where('id', '=', id)
        .execute();
    },

    async recordActive(id) {
      await scope.db
        .updateTable('obproxy_servers')
        .set({ last_active_time: now() })
        .where('id', '=', id)
        .execute();
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
      const rows = await scope.db
        .selectFrom('exporters')
        .innerJoin('obproxy_servers', 'obproxy_servers.id', 'exporters.obproxy_server_id')
        .selectAll('exporters')
        .select('obproxy_servers.status')
        .orderBy('obproxy_server_id')
        .execute();
      return rows.map((row) => ({
        status: row.status,
        obproxyServerId: row.obproxy_server_id,
        target: row.target,
        labels: JSON.parse(row.labels) as Record<string, string>,
      }));
    },
  };
}
