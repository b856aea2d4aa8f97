/**
 * Units of tenants, and the room that servers have for them, by version: 4.x shows both in views, 2.x and 3.x keep sizes in
 * tables of their own and '' where a unit does not move. Pure.
 */
import { addressText, canonicalHost } from '../runtime/addressText';
import { columnText, type SqlRow } from './sqlSession';
import { isAtLeast } from './versions';

/** Cores, and bytes of memory and log disk; 2.x and 3.x have no log disk of tenants. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly logDisk: number;
}

export interface Unit {
  readonly id: number;
  /** Whose it is: two units of one owner never lie on one server. */
  readonly owner: string;
  readonly tenant: string;
  readonly zone: string;
  /** `ip:rpcPort`; of a unit that moves, where to. */
  readonly server: string;
  /** Of a unit that moves: where from. */
  readonly from: string | undefined;
  readonly size: Resources;
}

export interface ServerRoom {
  /** `ip:rpcPort` */
  readonly server: string;
  readonly free: Resources;
}

/** Units, and the room of the servers that tell theirs. */
export interface Placement {
  readonly units: readonly Unit[];
  readonly room: readonly ServerRoom[];
}

function is4(version: string): boolean {
  return isAtLeast(version, '4.0');
}

/** The statements whose rows `placementOf` reads, in this order. */
export function placementSql(version: string): string[] {
  return is4(version)
    ? [
        `SELECT unit.UNIT_ID AS id, unit.RESOURCE_POOL_ID AS pool_id,
 unit.TENANT_ID AS tenant_id, tenant.TENANT_NAME AS tenant, unit.ZONE AS zone,
 unit.SVR_IP AS ip, unit.SVR_PORT AS rpc_port, unit.MIGRATE_FROM_SVR_IP AS from_ip,
 unit.MIGRATE_FROM_SVR_PORT AS from_port, unit.MAX_CPU AS cpu, unit.MEMORY_SIZE AS memory,
 unit.LOG_DISK_SIZE AS log_disk FROM oceanbase.DBA_OB_UNITS unit
 LEFT JOIN oceanbase.DBA_OB_TENANTS tenant ON tenant.TENANT_ID = unit.TENANT_ID`,
        `SELECT SVR_IP AS ip, SVR_PORT AS rpc_port, CPU_CAPACITY_MAX - CPU_ASSIGNED_MAX AS cpu,
 MEM_CAPACITY - MEM_ASSIGNED AS memory, LOG_DISK_CAPACITY - LOG_DISK_ASSIGNED AS log_disk FROM oceanbase.GV$OB_SERVERS`,
      ]
    : [
        `SELECT unit.unit_id AS id, unit.resource_pool_id AS pool_id,
 pool.tenant_id AS tenant_id, tenant.tenant_name AS tenant, unit.zone AS zone,
 unit.svr_ip AS ip, unit.svr_port AS rpc_port, unit.migrate_from_svr_ip AS from_ip,
 unit.migrate_from_svr_port AS from_port, config.min_cpu AS cpu, config.min_memory AS memory, 0 AS log_disk
 FROM oceanbase.__all_unit unit
 JOIN oceanbase.__all_resource_pool pool ON pool.resource_pool_id = unit.resource_pool_id
 JOIN oceanbase.__all_unit_config config ON config.unit_config_id = pool.unit_config_id
 LEFT JOIN oceanbase.__all_tenant tenant ON tenant.tenant_id = pool.tenant_id`,
        `SELECT svr_ip AS ip, svr_port AS rpc_port, cpu_total - cpu_assigned AS cpu,
 mem_total - mem_assigned AS memory, 0 AS log_disk FROM oceanbase.__all_virtual_server_stat`,
      ];
}

function address(row: SqlRow, ip: string, port: string): string | undefined {
  const host = columnText(row, ip);
  return host === '' ? undefined : addressText(canonicalHost(host), Number(columnText(row, port)));
}

function resources(row: SqlRow): Resources {
  const number = (name: string) => Number(columnText(row, name));
  return { cpu: number('cpu'), memory: number('memory'), logDisk: number('log_disk') };
}

/** By the rows of `placementSql`. */
export function placementOf(answers: readonly (readonly SqlRow[])[]): Placement {
  const [units = [], servers = []] = answers;
  return {
    units: units.map((row) => {
      const tenantId = columnText(row, 'tenant_id');
      const poolId = columnText(row, 'pool_id');
      // A pool that no tenant has yet (NULL or -1) reserves its units all the same.
      const owned = Number(tenantId) > 0;
      return {
        id: Number(columnText(row, 'id')),
        owner: owned ? `tenant ${tenantId}` : `pool ${poolId}`,
        tenant: columnText(row, 'tenant') || (owned ? tenantId : `- (pool ${poolId})`),
        zone: columnText(row, 'zone'),
        server: address(row, 'ip', 'rpc_port') ?? '',
        from: address(row, 'from_ip', 'from_port'),
        size: resources(row),
      };
    }),
    room: servers.map((row) => ({ server: address(row, 'ip', 'rpc_port') ?? '', free: resources(row) })),
  };
}

/** How many jobs move units now. */
export function unitJobsSql(version: string): string {
  const table = is4(version) ? 'oceanbase.DBA_OB_UNIT_JOBS' : 'oceanbase.__all_rootservice_job';
  return `SELECT COUNT(*) AS jobs FROM ${table} WHERE job_type = 'MIGRATE_UNIT' AND job_status = 'INPROGRESS'`;
}

/** Whether a unit lies on a server, or is on its way to it or from it. */
export function touches({ server, from }: Pick<Unit, 'server' | 'from'>, address: string): boolean {
  return server === address || from === address;
}

/** Bytes on the data disk of each server that tells. */
export function dataOnDiskSql(version: string): string {
  return is4(version)
    ? 'SELECT SVR_IP AS ip, SVR_PORT AS rpc_port, DATA_DISK_IN_USE AS bytes FROM oceanbase.GV$OB_SERVERS'
    : 'SELECT svr_ip AS ip, svr_port AS rpc_port, total_size - free_size AS bytes FROM oceanbase.__all_virtual_disk_stat';
}

/** By `ip:rpcPort`. */
export function dataOnDiskOf(rows: readonly SqlRow[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [address(row, 'ip', 'rpc_port') ?? '', Number(columnText(row, 'bytes'))]));
}
