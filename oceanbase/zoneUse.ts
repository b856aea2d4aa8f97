/** Which tenants still have something in a zone that is to go: units, replicas, or a locality that names it. Pure. */
import { rpcAddress } from '../runtime/addressText';
import type { ClusterServer } from './clusterSql';
import type { ReplicaGroup } from './replicas';
import { columnText, type SqlRow } from './sqlSession';
import type { Unit } from './units';
import { isAtLeast } from './versions';

export interface TenantLocality {
  readonly tenant: string;
  /** `FULL{1}@zone1, READONLY{1}@zone2` */
  readonly locality: string;
}

export function localitiesSql(version: string): string {
  return isAtLeast(version, '4.0')
    ? 'SELECT TENANT_NAME AS tenant, LOCALITY AS locality FROM oceanbase.DBA_OB_TENANTS'
    : 'SELECT tenant_name AS tenant, locality FROM oceanbase.__all_tenant';
}

export function localitiesOf(rows: readonly SqlRow[]): TenantLocality[] {
  return rows.map((row) => ({ tenant: columnText(row, 'tenant'), locality: columnText(row, 'locality') }));
}

function names(locality: string, zone: string): boolean {
  return locality.split(',').some((part) => part.slice(part.lastIndexOf('@') + 1).trim() === zone);
}

/** Their names, each once. */
export function tenantsInZone(
  state: {
    readonly servers: readonly ClusterServer[];
    readonly units: readonly Unit[];
    readonly groups: readonly ReplicaGroup[];
    readonly localities: readonly TenantLocality[];
  },
  zone: string,
): string[] {
  const there = new Set(state.servers.filter((server) => server.zone === zone).map(rpcAddress));
  return [
    ...new Set([
      ...state.units.filter((unit) => unit.zone === zone).map(({ tenant }) => tenant),
      ...state.groups
        .filter(({ voters }) => voters.some(({ servers }) => servers.some((one) => there.has(one))))
        .map(({ tenant }) => tenant),
      ...state.localities.filter(({ locality }) => names(locality, zone)).map(({ tenant }) => tenant),
    ]),
  ];
}
