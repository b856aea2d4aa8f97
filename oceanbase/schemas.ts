/** Which servers know the schema of which tenants, by version: a server that does not yet cannot serve their statements. Pure. */
import { addressText, canonicalHost } from '../runtime/addressText';
import { columnText, type SqlRow } from './sqlSession';
import { isAtLeast } from './versions';

/** Tenants, and by `ip:rpcPort` those of which a server has refreshed the schema. */
export interface Schemas {
  readonly tenants: ReadonlySet<string>;
  readonly refreshed: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The statements whose rows `schemasOf` reads, in this order. */
export function schemasSql(version: string): readonly [string, string] {
  return isAtLeast(version, '4.0')
    ? [
        'SELECT TENANT_ID AS tenant_id FROM oceanbase.DBA_OB_TENANTS',
        `SELECT SVR_IP AS ip, SVR_PORT AS rpc_port, TENANT_ID AS tenant_id
 FROM oceanbase.GV$OB_SERVER_SCHEMA_INFO WHERE REFRESHED_SCHEMA_VERSION > 1`,
      ]
    : [
        'SELECT tenant_id FROM oceanbase.__all_tenant',
        `SELECT svr_ip AS ip, svr_port AS rpc_port, tenant_id
 FROM oceanbase.__all_virtual_server_schema_info WHERE refreshed_schema_version > 1`,
      ];
}

export function schemasOf([tenants, rows]: readonly [readonly SqlRow[], readonly SqlRow[]]): Schemas {
  const refreshed = new Map<string, Set<string>>();
  for (const row of rows) {
    const at = addressText(canonicalHost(columnText(row, 'ip')), Number(columnText(row, 'rpc_port')));
    const known = refreshed.get(at) ?? new Set();
    refreshed.set(at, known.add(columnText(row, 'tenant_id')));
  }
  return { tenants: new Set(tenants.map((row) => columnText(row, 'tenant_id'))), refreshed };
}
