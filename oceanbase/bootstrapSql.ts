/**
 * SQL by which a cluster comes to be, and by which its sys tenant is set up (OceanBase documentation, "Deploy OceanBase
 * Database by using the CLI"; ALTER SYSTEM BOOTSTRAP; ALTER TENANT; ALTER SYSTEM MAJOR FREEZE).
 */
import { isZoneName, serverAddress } from './clusterSql';
import { sqlText } from './sqlText';
import { isAtLeast } from './versions';

/** The server of a zone that begins, and the zone's region. */
export interface FirstServer {
  readonly region: string;
  readonly zone: string;
  readonly ip: string;
  readonly rpcPort: number;
}

/** Makes a cluster of servers that are of none, one a zone. May be sent once to one set of directories. */
export function bootstrapSql(firstServers: readonly FirstServer[]): string {
  const items = firstServers.map(({ region, zone, ...server }) => {
    if (!isZoneName(zone)) throw new RangeError('not the name of a zone');
    return `REGION ${sqlText(region)} ZONE '${zone}' SERVER ${serverAddress(server)}`;
  });
  if (items.length === 0) throw new RangeError('a cluster has at least one zone');
  return `ALTER SYSTEM BOOTSTRAP ${items.join(', ')}`;
}

/** BOOTSTRAP takes longer than a statement may otherwise; microseconds (OceanBase documentation, ob_query_timeout). */
export const BOOTSTRAP_TIMEOUT_SQL = 'SET SESSION ob_query_timeout = 1000000000';

/** Above 0 once BOOTSTRAP has come to its end (oceanbase:src/rootserver/ob_root_service.cpp, ObGlobalStatProxy). */
export const BASELINE_SCHEMA_SQL = `SELECT column_value AS version FROM oceanbase.__all_core_table
 WHERE table_name = '__all_global_stat' AND column_name = 'baseline_schema_version'`;

/** Zones by priority: \`z1,z2;z3\`. */
export function sysPrimaryZoneSql(version: string): string {
  return isAtLeast(version, '4.0')
    ? "SELECT PRIMARY_ZONE AS primary_zone FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 'sys'"
    : "SELECT primary_zone AS primary_zone FROM oceanbase.__all_tenant WHERE tenant_name = 'sys'";
}

export function setSysPrimaryZoneSql(primaryZone: string): string {
  return `ALTER TENANT sys PRIMARY_ZONE = ${sqlText(primaryZone)}`;
}

/** Of the whole cluster; from 4.0 on tenants freeze by themselves. */
export function majorFreezeSql(version: string): string {
  return `ALTER SYSTEM MAJOR FREEZE${isAtLeast(version, '4.0') ? ' TENANT = ALL' : ''}`;
}
