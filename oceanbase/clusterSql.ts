/**
 * SQL of the sys tenant about servers and zones, by version: 4.x has DBA_OB_SERVERS with NULL for "none", 2.x and 3.x
 * have __all_server with bigint microseconds where 0 is "none", so that a test for NULL there is always true.
 */
import { addressText, canonicalHost } from '../runtime/addressText';
import { userName } from './loginName';
import { columnText, type SqlRow } from './sqlSession';
import { sqlText } from './sqlText';
import { isAtLeast } from './versions';

export type InnerStatus = 'ACTIVE' | 'INACTIVE' | 'DELETING' | (string & {});

/** A server as the cluster lists it. */
export interface ClusterServer {
  readonly zone: string;
  readonly ip: string;
  readonly rpcPort: number;
  readonly sqlPort: number;
  /** In upper case whatever the version. */
  readonly innerStatus: InnerStatus;
  readonly withRootserver: boolean;
  /** ISO-8601; null = not in service. */
  readonly startTime: string | null;
  /** ISO-8601; null = not stopped. STOP SERVER sets it and leaves the status ACTIVE. */
  readonly stopTime: string | null;
  readonly buildVersion: string;
}

export interface ClusterZone {
  readonly name: string;
  readonly region: string;
  readonly idc: string;
  readonly innerStatus: string;
}

function is4(version: string): boolean {
  return isAtLeast(version, '4.0');
}

/**
 * Every server, columns named alike in both dialects. serverOf reads a row of it.
 */
export function serversSql(version: string): string {
  if (is4(version)) {
    return `SELECT ZONE AS zone, SVR_IP AS ip, SVR_PORT AS rpc_port, SQL_PORT AS sql_port, STATUS AS status,
 WITH_ROOTSERVER AS with_rootserver, CAST(START_SERVICE_TIME AS CHAR) AS start_service_time,
 CAST(STOP_TIME AS CHAR) AS stop_time, BUILD_VERSION AS build_version FROM oceanbase.DBA_OB_SERVERS`;
  }
  return `SELECT zone, svr_ip AS ip, svr_port AS rpc_port, inner_port AS sql_port, status, with_rootserver,
 start_service_time, stop_time, build_version FROM oceanbase.__all_server`;
}

/** Sent after the login, so that times are UTC: 4.x shows TIMESTAMPs in the time zone of the session. */
export const UTC_SQL = "SET time_zone = '+00:00'";

/** Microseconds since 1970, or the text of a time in UTC, as ISO-8601; null for 0, NULL and ''. */
function time(text: string): string | null {
  if (text === '' || text === '0' || /^(0000|1970)-/.test(text)) return null;
  if (/^\d+$/.test(text)) return new Date(Math.floor(Number(text) / 1000)).toISOString();
  const parsed = new Date(`${text.replace(' ', 'T').replace(/(\.\d{3})\d*$/, '$1')}Z`);
  return Number.isNaN(parsed.getTime()) ? null : parsed.toISOString();
}

export function serverOf(row: SqlRow): ClusterServer {
  const text = (name: string) => columnText(row, name);
  return {
    zone: text('zone'),
    ip: canonicalHost(text('ip')),
    rpcPort: Number(text('rpc_port')),
    sqlPort: Number(text('sql_port')),
    innerStatus: text('status').toUpperCase(),
    withRootserver: /^(1|yes)$/i.test(text('with_rootserver')),
    startTime: time(text('start_service_time')),
    stopTime: time(text('stop_time')),
    buildVersion: text('build_version'),
  };
}

export function zonesSql(version: string): string {
  return is4(version)
    ? 'SELECT ZONE AS zone, STATUS AS status, IDC AS idc, REGION AS region FROM oceanbase.DBA_OB_ZONES'
    : "SELECT zone, name, info FROM oceanbase.__all_zone WHERE zone <> '' AND name IN ('status', 'idc', 'region')";
}

/** 2.x and 3.x keep one row a property. */
export function zonesOf(version: string, rows: readonly SqlRow[]): ClusterZone[] {
  if (is4(version)) {
    return rows.map((row) => ({
      name: columnText(row, 'zone'),
      region: columnText(row, 'region'),
      idc: columnText(row, 'idc'),
      innerStatus: columnText(row, 'status').toUpperCase(),
    }));
  }
  const zones = new Map<string, Record<string, string>>();
  for (const row of rows) {
    const name = columnText(row, 'zone');
    const zone = zones.get(name) ?? {};
    zone[columnText(row, 'name')] = columnText(row, 'info');
    zones.set(name, zone);
  }
  return [...zones].map(([name, zone]) => ({
    name,
    region: zone.region ?? '',
    idc: zone.idc ?? '',
    innerStatus: (zone.status ?? '').toUpperCase(),
  }));
}

/** In service: active, has begun to serve, and is not stopped (each of the three; see the head of this file). */
export function isServing(server: ClusterServer): boolean {
  return server.innerStatus === 'ACTIVE' && server.startTime !== null && server.stopTime === null;
}

/**
 * What a row of the inventory says of a server that the cluster lists. One that does not serve in a zone that is stopped was
 * stopped with it: STOP ZONE leaves no mark on servers.
 */
export function serverStatus(
  server: ClusterServer,
  zones: readonly ClusterZone[] = [],
): 'RUNNING' | 'STOPPED' | 'DELETING' | 'UNAVAILABLE' {
  if (server.innerStatus === 'DELETING') return 'DELETING';
  if (server.stopTime !== null) return 'STOPPED';
  if (isServing(server)) return 'RUNNING';
  const zone = zones.find(({ name }) => name === server.zone);
  return zone?.innerStatus === 'INACTIVE' ? 'STOPPED' : 'UNAVAILABLE';
}

/** How many units of tenants live on a server. */
export function unitsSql(version: string, server: { readonly ip: string; readonly rpcPort: number }): string {
  const where = `svr_ip = ${sqlText(server.ip)} AND svr_port = ${port(server.rpcPort)}`;
  return is4(version)
    ? `SELECT COUNT(*) AS units FROM oceanbase.DBA_OB_UNITS WHERE ${where}`
    : `SELECT COUNT(*) AS units FROM oceanbase.__all_unit WHERE ${where}`;
}

/** How many tenants users have made, `sys` and meta tenants not counted. */
export function tenantsSql(version: string): string {
  return is4(version)
    ? "SELECT COUNT(*) AS tenants FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_TYPE = 'USER'"
    : 'SELECT COUNT(*) AS tenants FROM oceanbase.__all_tenant WHERE tenant_id > 1000';
}

/** Their names, `sys` among them. */
export function tenantNamesSql(version: string): string {
  return is4(version)
    ? "SELECT TENANT_NAME AS name FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_TYPE <> 'META'"
    : 'SELECT tenant_name AS name FROM oceanbase.__all_tenant';
}

/** State of the major compaction by zone: IDLE, COMPACTING, … */
export function compactionSql(version: string): string {
  return is4(version)
    ? 'SELECT ZONE AS zone, STATUS AS status FROM oceanbase.DBA_OB_ZONE_MAJOR_COMPACTION'
    : "SELECT zone, info AS status FROM oceanbase.__all_zone WHERE zone <> '' AND name = 'merge_status'";
}

function port(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > 65_535) throw new RangeError('not a port');
  return value;
}

const ADDRESS = /^[0-9A-Fa-f:.]{2,45}$/;
const ZONE = /^[A-Za-z][A-Za-z0-9_.-]{1,63}$/;

/** `'ip:rpcPort'`: the port in these statements is the one of RPC. */
export function serverAddress({ ip, rpcPort }: { readonly ip: string; readonly rpcPort: number }): string {
  if (!ADDRESS.test(ip)) throw new RangeError('not the address of a server');
  return `'${addressText(ip, port(rpcPort))}'`;
}

export function isZoneName(name: string): boolean {
  return ZONE.test(name);
}

function zone(name: string): string {
  if (!isZoneName(name)) throw new RangeError('not the name of a zone');
  return `'${name}'`;
}

type Address = { readonly ip: string; readonly rpcPort: number };

export function addServerSql(server: Address, zoneName: string): string {
  return `ALTER SYSTEM ADD SERVER ${serverAddress(server)} ZONE ${zone(zoneName)}`;
}

export function deleteServerSql(server: Address, zoneName: string): string {
  return `ALTER SYSTEM DELETE SERVER ${serverAddress(server)} ZONE ${zone(zoneName)}`;
}

export function cancelDeleteServerSql(server: Address, zoneName: string): string {
  return `ALTER SYSTEM CANCEL DELETE SERVER ${serverAddress(server)} ZONE ${zone(zoneName)}`;
}

/** Leaders move away, and clients stay away, before the statement ends (OceanBase documentation, ALTER SYSTEM SERVER). */
export function stopServerSql(server: Address, zoneName: string): string {
  return `ALTER SYSTEM STOP SERVER ${serverAddress(server)} ZONE ${zone(zoneName)}`;
}

export function startServerSql(server: Address, zoneName: string): string {
  return `ALTER SYSTEM START SERVER ${serverAddress(server)} ZONE ${zone(zoneName)}`;
}

/** Of a user of the sys tenant, from the next login on. RangeError for a password with a backslash. */
export function setPasswordSql(user: string, password: string): string {
  return `ALTER USER ${userName(user)} IDENTIFIED BY ${sqlText(password)}`;
}

/** All servers of a zone at once; the zone becomes INACTIVE, its servers stay as they are. */
export function stopZoneSql(zoneName: string): string {
  return `ALTER SYSTEM STOP ZONE ${zone(zoneName)}`;
}

export function startZoneSql(zoneName: string): string {
  return `ALTER SYSTEM START ZONE ${zone(zoneName)}`;
}

/** Where a zone lies; names of places, as PlaceName allows them. */
export interface ZonePlace {
  readonly region: string;
  readonly idc: string;
}

function placeWords({ region, idc }: ZonePlace): string {
  return `REGION ${sqlText(region)}, IDC ${sqlText(idc)}`;
}

/** A zone without servers, INACTIVE until START ZONE (OceanBase documentation, ALTER SYSTEM ZONE). */
export function addZoneSql(zoneName: string, place: ZonePlace): string {
  return `ALTER SYSTEM ADD ZONE ${zone(zoneName)} ${placeWords(place)}`;
}

export function modifyZoneSql(zoneName: string, place: ZonePlace): string {
  return `ALTER SYSTEM MODIFY ZONE ${zone(zoneName)} SET ${placeWords(place)}`;
}

/** Of an INACTIVE zone without servers; any other is refused (4633, 4668). */
export function deleteZoneSql(zoneName: string): string {
  return `ALTER SYSTEM DELETE ZONE ${zone(zoneName)}`;
}

/** Writes what is in memory to disk, so that the next start reads less of the log. */
export function minorFreezeSql(...servers: readonly Address[]): string {
  return `ALTER SYSTEM MINOR FREEZE SERVER = (${servers.map(serverAddress).join(', ')})`;
}

/** The value of a cluster's parameter, one row a server. */
export function parameterSql(version: string, name: string): string {
  const table = is4(version) ? 'oceanbase.GV$OB_PARAMETERS' : 'oceanbase.__all_virtual_sys_parameter_stat';
  return `SELECT value AS value FROM ${table} WHERE name = ${sqlText(name)} LIMIT 1`;
}

/** The same for every server that tells. */
export function parameterByServerSql(version: string, name: string): string {
  const table = is4(version) ? 'oceanbase.GV$OB_PARAMETERS' : 'oceanbase.__all_virtual_sys_parameter_stat';
  return `SELECT svr_ip AS ip, svr_port AS rpc_port, value AS value FROM ${table} WHERE name = ${sqlText(name)}`;
}

/** Where observers tell and ask for their root servers; '' is nowhere (OceanBase documentation, obconfig_url). */
export function setConfigUrlSql(url: string): string {
  return `ALTER SYSTEM SET obconfig_url = ${sqlText(url)}`;
}

/** PRIMARY CLUSTER or PHYSICAL STANDBY; clusters of 4.x have no such role, their tenants have. */
export const CLUSTER_ROLE_SQL = 'SELECT cluster_role AS role FROM oceanbase.v$ob_cluster';

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** Seconds of a parameter's value such as `3600s` or `1h`; undefined when it is none. */
export function durationSeconds(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+)\s*(us|ms|s|m|h|d)?\s*$/i.exec(text) ?? [];
  const factor = UNIT_SECONDS[unit.toLowerCase()];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

/**
 * One root server a zone: those known stay when they still serve in their zone, other zones get a server that serves,
 * the one with the root service first. Zones without a serving server keep what is known of them.
 */
export function rootServersOf(
  servers: readonly ClusterServer[],
  known: readonly { readonly ip: string; readonly rpcPort: number; readonly sqlPort: number }[],
): { ip: string; sqlPort: number; rpcPort: number }[] {
  const zones = [...new Set(servers.map((server) => server.zone))].sort();
  return zones.flatMap((name) => {
    const inZone = servers.filter((server) => server.zone === name);
    const wasRoot = ({ ip, rpcPort }: ClusterServer) =>
      known.some((server) => server.ip === ip && server.rpcPort === rpcPort);
    const chosen =
      inZone.find((server) => wasRoot(server) && isServing(server)) ??
      inZone.find((server) => server.withRootserver && isServing(server)) ??
      inZone.find(isServing) ??
      inZone.find(wasRoot);
    return chosen === undefined ? [] : [{ ip: chosen.ip, sqlPort: chosen.sqlPort, rpcPort: chosen.rpcPort }];
  });
}
