/**
 * Replicas of tenants and whether their logs are in sync, by version: 4.x tells its log streams (GV$OB_LOG_STAT), 2.x and
 * 3.x the locality of each tenant, its units and which servers lag (__all_virtual_clog_stat). Pure.
 */
import { addressText, canonicalHost, parseAddress } from '../runtime/addressText';
import { columnText, type SqlRow } from './sqlSession';
import { sqlText } from './sqlText';
import { isAtLeast } from './versions';

/** Who votes: a server (4.x), or a zone with the servers that hold the tenant's units there (2.x, 3.x). */
export interface Voter {
  /** `ip:rpcPort` of each; a vote counts only when all of them serve. */
  readonly servers: readonly string[];
  readonly inSync: boolean;
}

/** What needs a majority: a log stream of a tenant (4.x), or all partitions of one (2.x, 3.x). */
export interface ReplicaGroup {
  readonly tenant: string;
  /** `LS 1001`; undefined where the version does not tell them apart. */
  readonly stream: string | undefined;
  /** False when nobody leads it; undefined where the version is not asked. */
  readonly hasLeader: boolean | undefined;
  /** How many replicas it is to have: more than half of them must stay. */
  readonly replicas: number;
  readonly voters: readonly Voter[];
}

function is4(version: string): boolean {
  return isAtLeast(version, '4.0');
}

/** The statements whose rows `replicaGroups` reads, in this order. */
export function replicasSql(version: string): string[] {
  return is4(version)
    ? [
        'SELECT TENANT_ID AS tenant_id, TENANT_NAME AS tenant_name FROM oceanbase.DBA_OB_TENANTS',
        `SELECT TENANT_ID AS tenant_id, LS_ID AS ls_id, SVR_IP AS ip, SVR_PORT AS rpc_port, ROLE AS role,
 IN_SYNC AS in_sync, PAXOS_MEMBER_LIST AS members, PAXOS_REPLICA_NUM AS replicas FROM oceanbase.GV$OB_LOG_STAT`,
      ]
    : [
        'SELECT tenant_id, tenant_name, locality FROM oceanbase.__all_tenant',
        `SELECT pool.tenant_id AS tenant_id, unit.zone AS zone, unit.svr_ip AS ip, unit.svr_port AS rpc_port
 FROM oceanbase.__all_unit unit JOIN oceanbase.__all_resource_pool pool
 ON pool.resource_pool_id = unit.resource_pool_id`,
        `SELECT svr_ip AS ip, svr_port AS rpc_port FROM oceanbase.__all_virtual_clog_stat
 WHERE is_in_sync = 0 AND is_offline = 0`,
      ];
}

function at(row: SqlRow): string {
  return addressText(canonicalHost(columnText(row, 'ip')), Number(columnText(row, 'rpc_port')));
}

/** `10.0.0.1:2882:1,10.0.0.2:2882:1` as `ip:rpcPort`; IPv6 stands in brackets. */
function memberList(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const address = parseAddress(part.trim());
    const [port] = address?.ports ?? [];
    return address === undefined || port === undefined
      ? []
      : [addressText(canonicalHost(address.host), port)];
  });
}

/** Everything that needs a majority, by the rows of `replicasSql`. */
export function replicaGroups(version: string, answers: readonly (readonly SqlRow[])[]): ReplicaGroup[] {
  const [tenants = [], second = [], third = []] = answers;
  return is4(version) ? streamsOf(tenants, second) : tenantsOf(tenants, second, third);
}

function streamsOf(tenants: readonly SqlRow[], rows: readonly SqlRow[]): ReplicaGroup[] {
  const streams = new Map<string, SqlRow[]>();
  for (const row of rows) {
    const key = `${columnText(row, 'tenant_id')} ${columnText(row, 'ls_id')}`;
    streams.set(key, [...(streams.get(key) ?? []), row]);
  }
  const names = new Map(tenants.map((row) => [columnText(row, 'tenant_id'), columnText(row, 'tenant_name')]));
  const told = new Set<string>();
  const groups = [...streams].map(([key, replicas]): ReplicaGroup => {
    const [id = '', lsId = ''] = key.split(' ');
    told.add(id);
    const leaders = replicas.filter((row) => columnText(row, 'role') === 'LEADER');
    // The leader knows the members; without one every replica may know others.
    const [teller = replicas[0]] = leaders;
    const inSync = new Set(replicas.filter((row) => columnText(row, 'in_sync') === 'YES').map(at));
    return {
      tenant: names.get(id) ?? `tenant ${id}`,
      stream: `LS ${lsId}`,
      hasLeader: leaders.length === 1,
      replicas: Number(columnText(teller ?? {}, 'replicas')),
      voters: memberList(columnText(teller ?? {}, 'members')).map((address) => ({
        servers: [address],
        inSync: inSync.has(address),
      })),
    };
  });
  // Of a tenant none of whose servers answers there is no row at all.
  const silent = [...names].filter(([id]) => !told.has(id));
  return [
    ...groups,
    ...silent.map(([, tenant]) => ({ tenant, stream: undefined, hasLeader: false, replicas: 1, voters: [] })),
  ];
}

/** `FULL{1}@zone1, READONLY{1}@zone2`: the zones whose replicas vote. */
function votingZones(locality: string): string[] {
  return [...locality.matchAll(/\b(?:FULL|F|LOGONLY|L)\s*(?:\{[^}]*\})?\s*@\s*([^\s,]+)/gi)].flatMap(
    ([, zone]) => zone ?? [],
  );
}

function tenantsOf(
  tenants: readonly SqlRow[],
  units: readonly SqlRow[],
  lagging: readonly SqlRow[],
): ReplicaGroup[] {
  const behind = new Set(lagging.map(at));
  return tenants.map((row) => {
    const id = columnText(row, 'tenant_id');
    const own = units.filter((unit) => columnText(unit, 'tenant_id') === id);
    const declared = votingZones(columnText(row, 'locality'));
    const zones = declared.length > 0 ? declared : [...new Set(own.map((unit) => columnText(unit, 'zone')))];
    return {
      tenant: columnText(row, 'tenant_name'),
      stream: undefined,
      hasLeader: undefined,
      replicas: Math.max(zones.length, 1),
      voters: zones.map((zone) => {
        const servers = own.filter((unit) => columnText(unit, 'zone') === zone).map(at);
        return { servers, inSync: servers.length > 0 && !servers.some((server) => behind.has(server)) };
      }),
    };
  });
}

/** How many leaders there are on a server. */
export function leadersSql(
  version: string,
  server: { readonly ip: string; readonly rpcPort: number },
): string {
  const where = `svr_ip = ${sqlText(server.ip)} AND svr_port = ${Number(server.rpcPort)}`;
  return is4(version)
    ? `SELECT COUNT(*) AS leaders FROM oceanbase.CDB_OB_LS_LOCATIONS WHERE ROLE = 'LEADER' AND ${where}`
    : `SELECT COUNT(*) AS leaders FROM oceanbase.gv$partition WHERE role = 1 AND ${where}`;
}

/** The same for a zone; the version's own spelling of its name. */
export function zoneLeadersSql(version: string, zoneName: string): string {
  return is4(version)
    ? `SELECT COUNT(*) AS leaders FROM oceanbase.CDB_OB_LS_LOCATIONS WHERE ROLE = 'LEADER' AND ZONE = ${sqlText(zoneName)}`
    : `SELECT COUNT(*) AS leaders FROM oceanbase.gv$partition WHERE role = 1 AND zone = ${sqlText(zoneName)}`;
}

/** Up to when what a server has is on its disk, in nanoseconds since 1970 (4.x), and the cluster's time in seconds. */
export function checkpointSql(server: { readonly ip: string; readonly rpcPort: number }): string {
  return `SELECT MIN(checkpoint_scn) AS checkpoint FROM oceanbase.__all_virtual_ls_info
 WHERE svr_ip = ${sqlText(server.ip)} AND svr_port = ${Number(server.rpcPort)}`;
}

export const CLUSTER_TIME_SQL = 'SELECT UNIX_TIMESTAMP() AS now';
