/**
 * The tables of database `oceanbase` that linking reads, held in SQLite so that any SELECT on them is answered. Which of
 * them exist, and how times are written, depends on the version: 4.x has views with NULL times, 2.x and 3.x have
 * __all_server with bigint microseconds where 0 means none.
 */
import initSqlJs, { type Database } from 'sql.js';
import { refuse } from './accounts';

export interface ServerRow {
  readonly ip: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
  readonly zone: string;
  /** Shorthand of status and startServiceTime for a server that serves or does not. */
  readonly active: boolean;
  readonly id?: number;
  readonly status?: 'ACTIVE' | 'INACTIVE' | 'DELETING';
  /** Microseconds since 1970, 0 = none; so is stopTime. */
  readonly startServiceTime?: number;
  readonly stopTime?: number;
  readonly build?: string;
  readonly withRootService?: boolean;
  /** Whether a unit of the sys tenant lies on it; default no. */
  readonly holdsSysUnit?: boolean;
}

export interface ZoneRow {
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly region: string;
  readonly idc: string;
}

export interface ClusterFacts {
  readonly version: string;
  readonly versionComment: string;
  readonly serverVersion: string;
  /** build_version of servers that bring none of their own. */
  readonly build: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  servers(): readonly ServerRow[];
  users(): readonly string[];
  /** Default: the servers' zones, all ACTIVE in default_region. */
  zones?(): readonly ZoneRow[];
  /** Parameters beside the cluster's own four. */
  parameters?(): Readonly<Record<string, string>>;
  /** Another value after every change; without it everything is read again for each statement. */
  revision?(): number;
}

const SERVER_COLUMNS = `svr_ip TEXT, svr_port INTEGER, id INTEGER, zone TEXT, inner_port INTEGER, with_rootserver INTEGER,
  status TEXT, block_migrate_in_time INTEGER, build_version TEXT, stop_time INTEGER, start_service_time INTEGER`;
const PARAMETER_COLUMNS = 'zone TEXT, svr_type TEXT, svr_ip TEXT, svr_port INTEGER, name TEXT, value TEXT';
const STARTED_MICROSECONDS = 1_700_000_000_000_000;
const GIB = 1024 ** 3;

/** `2023-11-15 06:13:20.000000`, NULL for 0: how 4.x shows what __all_server holds as microseconds. */
function timestamp(microseconds: number): string | null {
  if (microseconds === 0) return null;
  const text = new Date(microseconds / 1000).toISOString().replace('T', ' ').replace('Z', '');
  return `${text}${String(Math.floor(microseconds) % 1000).padStart(3, '0')}`;
}

type Cell = string | number | null;

export class Tables {
  private constructor(
    private readonly database: Database,
    private readonly facts: ClusterFacts,
  ) {}

  private filledFrom: number | undefined;

  /** `wasm` is SQLite's own binary, for programs that do not lie beside it. */
  static async make(facts: ClusterFacts, wasm?: Uint8Array): Promise<Tables> {
    const SQL = await initSqlJs(wasm === undefined ? undefined : { wasmBinary: new Uint8Array(wasm).buffer });
    const database = new SQL.Database();
    for (const name of ['oceanbase', 'mysql']) database.run(`ATTACH ':memory:' AS ${name}`);
    database.create_function('ob_version', () => facts.version);
    database.create_function('version', () => facts.serverVersion);
    database.create_function('now', () => new Date().toISOString().slice(0, 19).replace('T', ' '));
    database.create_function('usec_to_time', (time) => (time === null ? null : timestamp(Number(time))));
    const tables = new Tables(database, facts);
    tables.create();
    return tables;
  }

  private get isV4(): boolean {
    return Number(this.facts.version.split('.')[0]) >= 4;
  }

  private create(): void {
    const { database } = this;
    database.run(`CREATE TABLE oceanbase.__all_server(${SERVER_COLUMNS})`);
    database.run('CREATE TABLE oceanbase.__all_zone(zone TEXT, name TEXT, value INTEGER, info TEXT)');
    database.run(
      'CREATE TABLE oceanbase.__all_user(tenant_id INTEGER, user_id INTEGER, user_name TEXT, host TEXT)',
    );
    database.run('CREATE TABLE mysql.user(host TEXT, user TEXT)');
    if (!this.isV4) {
      database.run(`CREATE TABLE oceanbase.__all_virtual_sys_parameter_stat(${PARAMETER_COLUMNS})`);
      database.run(`CREATE TABLE oceanbase.__all_unit(unit_id INTEGER, resource_pool_id INTEGER, group_id TEXT,
        zone TEXT, svr_ip TEXT, svr_port INTEGER, status TEXT)`);
      database.run(`CREATE TABLE oceanbase.__all_virtual_server_stat(svr_ip TEXT, svr_port INTEGER, zone TEXT,
        cpu_total NUMERIC, cpu_assigned NUMERIC, mem_total INTEGER, mem_assigned INTEGER, disk_total INTEGER,
        disk_in_use INTEGER)`);
      return;
    }
    for (const name of ['GV$OB_PARAMETERS', 'V$OB_PARAMETERS'])
      database.run(`CREATE TABLE oceanbase."${name}"(SVR_IP TEXT, SVR_PORT INTEGER, ZONE TEXT, SCOPE TEXT,
        TENANT_ID INTEGER, NAME TEXT, VALUE TEXT)`);
    database.run(`CREATE TABLE oceanbase.DBA_OB_SERVERS(SVR_IP TEXT, SVR_PORT INTEGER, ID INTEGER, ZONE TEXT,
      SQL_PORT INTEGER, WITH_ROOTSERVER TEXT, STATUS TEXT, START_SERVICE_TIME TEXT, STOP_TIME TEXT,
      BLOCK_MIGRATE_IN_TIME TEXT, BUILD_VERSION TEXT)`);
    database.run(`CREATE TABLE oceanbase.DBA_OB_UNITS(UNIT_ID INTEGER, TENANT_ID INTEGER, STATUS TEXT, ZONE TEXT,
      SVR_IP TEXT, SVR_PORT INTEGER)`);
    database.run(`CREATE TABLE oceanbase.CDB_OB_LS_LOCATIONS(TENANT_ID INTEGER, LS_ID INTEGER, SVR_IP TEXT,
      SVR_PORT INTEGER, SQL_PORT INTEGER, ZONE TEXT, ROLE TEXT)`);
    database.run(`CREATE TABLE oceanbase."GV$OB_SERVERS"(SVR_IP TEXT, SVR_PORT INTEGER, ZONE TEXT, SQL_PORT INTEGER,
      CPU_CAPACITY NUMERIC, CPU_CAPACITY_MAX NUMERIC, CPU_ASSIGNED NUMERIC, MEM_CAPACITY INTEGER, MEM_ASSIGNED INTEGER,
      LOG_DISK_CAPACITY INTEGER, LOG_DISK_ASSIGNED INTEGER, DATA_DISK_CAPACITY INTEGER, DATA_DISK_IN_USE INTEGER)`);
    database.run(
      'CREATE TABLE oceanbase.DBA_OB_ZONES(ZONE TEXT, STATUS TEXT, IDC TEXT, REGION TEXT, TYPE TEXT)',
    );
  }

  private fill(table: string, rows: readonly (readonly Cell[])[]): void {
    this.database.run(`DELETE FROM ${table}`);
    const first = rows[0];
    if (first === undefined) return;
    const insert = this.database.prepare(`INSERT INTO ${table} VALUES (${first.map(() => '?').join(', ')})`);
    for (const row of rows) insert.run([...row]);
    insert.free();
  }

  /** Servers, zones, users and parameters may have changed since the last look. */
  private refresh(): void {
    const revision = this.facts.revision?.();
    if (revision !== undefined && revision === this.filledFrom) return;
    this.filledFrom = revision;
    this.database.run('BEGIN');
    this.fillServers();
    this.fillZones();
    this.fillParameters();
    const users = this.facts.users();
    this.fill(
      'oceanbase.__all_user',
      users.map((user, index) => [1, 200_001 + index, user, '%']),
    );
    this.fill(
      'mysql.user',
      users.map((user) => ['%', user]),
    );
    this.database.run('COMMIT');
  }

  private servers(): Required<ServerRow>[] {
    return this.facts.servers().map((server, index) => ({
      id: index + 1,
      status: server.active ? 'ACTIVE' : 'INACTIVE',
      startServiceTime: server.active ? STARTED_MICROSECONDS : 0,
      stopTime: 0,
      build: this.facts.build,
      withRootService: index === 0,
      holdsSysUnit: false,
      ...server,
    }));
  }

  private fillServers(): void {
    const servers = this.servers();
    this.fill(
      'oceanbase.__all_server',
      servers.map((server) => [
        server.ip,
        server.rpcPort,
        server.id,
        server.zone,
        server.sqlPort,
        server.withRootService ? 1 : 0,
        this.isV4 ? server.status : server.status.toLowerCase(),
        0,
        server.build,
        server.stopTime,
        server.startServiceTime,
      ]),
    );
    const sysUnits = servers.filter(({ holdsSysUnit }) => holdsSysUnit);
    if (!this.isV4) {
      this.fill(
        'oceanbase.__all_unit',
        sysUnits.map(({ ip, rpcPort, zone, id }) => [id, 1, 'default', zone, ip, rpcPort, 'ACTIVE']),
      );
      this.fill(
        'oceanbase.__all_virtual_server_stat',
        servers.map(({ ip, rpcPort, zone }) => [
          ip,
          rpcPort,
          zone,
          16,
          2.5,
          64 * GIB,
          8 * GIB,
          200 * GIB,
          4 * GIB,
        ]),
      );
      return;
    }
    this.fill(
      'oceanbase.DBA_OB_SERVERS',
      servers.map((server) => [
        server.ip,
        server.rpcPort,
        server.id,
        server.zone,
        server.sqlPort,
        server.withRootService ? 'YES' : 'NO',
        server.status,
        timestamp(server.startServiceTime),
        timestamp(server.stopTime),
        null,
        server.build,
      ]),
    );
    this.fill(
      'oceanbase.DBA_OB_UNITS',
      sysUnits.map(({ ip, rpcPort, zone, id }) => [id, 1, 'ACTIVE', zone, ip, rpcPort]),
    );
    this.fill(
      'oceanbase.CDB_OB_LS_LOCATIONS',
      sysUnits.map(({ ip, rpcPort, sqlPort, zone, withRootService }) => [
        1,
        1,
        ip,
        rpcPort,
        sqlPort,
        zone,
        withRootService ? 'LEADER' : 'FOLLOWER',
      ]),
    );
    // A server that has no life reports no capacity.
    this.fill(
      'oceanbase."GV$OB_SERVERS"',
      servers
        .filter(({ status }) => status !== 'INACTIVE')
        .map(({ ip, rpcPort, sqlPort, zone }) => [
          ...[ip, rpcPort, zone, sqlPort, 16, 16, 2.5, 64 * GIB, 8 * GIB],
          ...[100 * GIB, 10 * GIB, 200 * GIB, 4 * GIB],
        ]),
    );
  }

  private fillZones(): void {
    const zones =
      this.facts.zones?.() ??
      [...new Set(this.facts.servers().map(({ zone }) => zone))].map((name) => ({
        ...{ name, status: 'ACTIVE', region: 'default_region', idc: '' },
      }));
    this.fill(
      'oceanbase.__all_zone',
      zones.flatMap(({ name, status, region, idc }) => [
        [name, 'status', status === 'ACTIVE' ? 2 : 1, status],
        [name, 'region', 0, region],
        [name, 'idc', 0, idc],
        [name, 'zone_type', 0, 'ReadWrite'],
      ]),
    );
    if (this.isV4)
      this.fill(
        'oceanbase.DBA_OB_ZONES',
        zones.map(({ name, status, region, idc }) => [name, status, idc, region, 'ReadWrite']),
      );
  }

  private fillParameters(): void {
    const { clusterName, obClusterId, version } = this.facts;
    const servers = this.servers();
    // Root servers stand there with both ports, ip:rpc:sql (OceanBase documentation, rootservice_list).
    const roots = servers.some(({ holdsSysUnit }) => holdsSysUnit)
      ? servers.filter(({ holdsSysUnit }) => holdsSysUnit)
      : servers;
    const parameters: [string, string][] = [
      ['cluster', clusterName],
      ['cluster_id', String(obClusterId)],
      ['min_observer_version', version],
      ['rootservice_list', roots.map(({ ip, rpcPort, sqlPort }) => `${ip}:${rpcPort}:${sqlPort}`).join(';')],
      ...Object.entries(this.facts.parameters?.() ?? {}),
    ];
    const ofServers = (make: (server: ServerRow, name: string, value: string) => Cell[]): Cell[][] =>
      servers.flatMap((server) => parameters.map(([name, value]) => make(server, name, value)));
    if (!this.isV4) {
      this.fill(
        'oceanbase.__all_virtual_sys_parameter_stat',
        ofServers(({ zone, ip, rpcPort }, name, value) => [zone, 'observer', ip, rpcPort, name, value]),
      );
      return;
    }
    for (const name of ['GV$OB_PARAMETERS', 'V$OB_PARAMETERS'])
      this.fill(
        `oceanbase."${name}"`,
        ofServers(({ zone, ip, rpcPort }, parameter, value) => [
          ...[ip, rpcPort, zone, 'CLUSTER', null],
          ...[parameter, value],
        ]),
      );
  }

  /** Answers a SELECT. Throws SqlRefusal: 1146 unknown table, 1054 unknown column, 1064 everything else. */
  select(sql: string): { columns: string[]; rows: (string | null)[][] } {
    this.refresh();
    const asSqlite = sql
      .replace(/@@(?:global\.|session\.)?version_comment\b/gi, `'${this.facts.versionComment}'`)
      .replace(/\s+from\s+dual\b/gi, '');
    try {
      const statement = this.database.prepare(asSqlite);
      try {
        const rows: (string | null)[][] = [];
        while (statement.step())
          rows.push(statement.get().map((cell) => (cell === null ? null : String(cell))));
        const columns = statement
          .getColumnNames()
          .map((name) => (name.includes('(stand-in)') ? '@@version_comment' : name));
        return { columns, rows };
      } finally {
        statement.free();
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const table = /no such table: (\S+)/.exec(text)?.[1];
      if (table !== undefined) refuse(1146, `Table '${table}' doesn't exist`);
      const column = /no such column: (\S+)/.exec(text)?.[1];
      if (column !== undefined) refuse(1054, `Unknown column '${column}' in 'field list'`);
      return refuse(1064, 'You have an error in your SQL syntax; check the manual for OceanBase');
    }
  }

  close(): void {
    this.database.close();
  }
}
