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
  readonly active: boolean;
}

export interface ClusterFacts {
  readonly version: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  servers(): readonly ServerRow[];
  users(): readonly string[];
}

const SERVER_COLUMNS = `svr_ip TEXT, svr_port INTEGER, id INTEGER, zone TEXT, inner_port INTEGER, with_rootserver INTEGER,
  status TEXT, block_migrate_in_time INTEGER, build_version TEXT, stop_time INTEGER, start_service_time INTEGER`;
const PARAMETER_COLUMNS = 'zone TEXT, svr_type TEXT, svr_ip TEXT, svr_port INTEGER, name TEXT, value TEXT';
const STARTED_MICROSECONDS = 1_700_000_000_000_000;
const STARTED_TEXT = '2023-11-15 06:13:20.000000';

export class Tables {
  private constructor(
    private readonly database: Database,
    private readonly facts: ClusterFacts,
  ) {}

  static async make(facts: ClusterFacts): Promise<Tables> {
    const SQL = await initSqlJs();
    const database = new SQL.Database();
    for (const name of ['oceanbase', 'mysql']) database.run(`ATTACH ':memory:' AS ${name}`);
    database.create_function('ob_version', () => facts.version);
    database.create_function('version', () => `5.7.25-OceanBase_CE-v${facts.version}`);
    database.create_function('now', () => new Date().toISOString().slice(0, 19).replace('T', ' '));
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
      return;
    }
    for (const name of ['GV$OB_PARAMETERS', 'V$OB_PARAMETERS'])
      database.run(`CREATE TABLE oceanbase."${name}"(SVR_IP TEXT, SVR_PORT INTEGER, ZONE TEXT, SCOPE TEXT,
        TENANT_ID INTEGER, NAME TEXT, VALUE TEXT)`);
    database.run(`CREATE TABLE oceanbase.DBA_OB_SERVERS(SVR_IP TEXT, SVR_PORT INTEGER, ID INTEGER, ZONE TEXT,
      SQL_PORT INTEGER, WITH_ROOTSERVER TEXT, STATUS TEXT, START_SERVICE_TIME TEXT, STOP_TIME TEXT,
      BLOCK_MIGRATE_IN_TIME TEXT, BUILD_VERSION TEXT)`);
    database.run(
      'CREATE TABLE oceanbase.DBA_OB_ZONES(ZONE TEXT, STATUS TEXT, IDC TEXT, REGION TEXT, TYPE TEXT)',
    );
  }

  private fill(table: string, rows: readonly (readonly (string | number | null)[])[]): void {
    this.database.run(`DELETE FROM ${table}`);
    for (const row of rows)
      this.database.run(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`, [...row]);
  }

  /** Servers and users may have changed since the last look. */
  private refresh(): void {
    const { clusterName, obClusterId, version } = this.facts;
    const servers = this.facts.servers();
    const build = `${version}_1-0000000000000000000000000000000000000000(Jan  1 2025 00:00:00)`;
    const zones = [...new Set(servers.map(({ zone }) => zone))];
    const users = this.facts.users();
    const parameters = [
      ['cluster', clusterName],
      ['cluster_id', String(obClusterId)],
      ['min_observer_version', version],
      [
        'rootservice_list',
        servers.map(({ ip, rpcPort, sqlPort }) => `${ip}:${rpcPort}:${sqlPort}`).join(';'),
      ],
    ] as const;
    const ofServers = <T>(make: (server: ServerRow, name: string, value: string) => T): T[] =>
      servers.flatMap((server) => parameters.map(([name, value]) => make(server, name, value)));

    this.fill(
      'oceanbase.__all_server',
      servers.map((server, index) => [
        server.ip,
        server.rpcPort,
        index + 1,
        server.zone,
        server.sqlPort,
        index === 0 ? 1 : 0,
        server.active ? (this.isV4 ? 'ACTIVE' : 'active') : this.isV4 ? 'INACTIVE' : 'inactive',
        0,
        build,
        0,
        server.active ? STARTED_MICROSECONDS : 0,
      ]),
    );
    this.fill(
      'oceanbase.__all_zone',
      zones.flatMap((zone) => [
        [zone, 'status', 2, 'ACTIVE'],
        [zone, 'region', 0, 'default_region'],
      ]),
    );
    this.fill(
      'oceanbase.__all_user',
      users.map((user, index) => [1, 200_001 + index, user, '%']),
    );
    this.fill(
      'mysql.user',
      users.map((user) => ['%', user]),
    );
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
          ip,
          rpcPort,
          zone,
          'CLUSTER',
          null,
          parameter,
          value,
        ]),
      );
    this.fill(
      'oceanbase.DBA_OB_SERVERS',
      servers.map((server, index) => [
        server.ip,
        server.rpcPort,
        index + 1,
        server.zone,
        server.sqlPort,
        index === 0 ? 'YES' : 'NO',
        server.active ? 'ACTIVE' : 'INACTIVE',
        server.active ? STARTED_TEXT : null,
        null,
        null,
        build,
      ]),
    );
    this.fill(
      'oceanbase.DBA_OB_ZONES',
      zones.map((zone) => [zone, 'ACTIVE', '', 'default_region', 'ReadWrite']),
    );
  }

  /** Answers a SELECT. Throws SqlRefusal: 1146 unknown table, 1054 unknown column, 1064 everything else. */
  select(sql: string): { columns: string[]; rows: (string | null)[][] } {
    this.refresh();
    const asSqlite = sql
      .replace(
        /@@(?:global\.|session\.)?version_comment\b/gi,
        `'OceanBase_CE ${this.facts.version} (stand-in)'`,
      )
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
