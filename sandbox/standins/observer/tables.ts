/**
 * The tables of database `oceanbase` that linking reads, held in SQLite so that any SELECT on them is answered. Which of
 * them exist, and how times are written, depends on the version: 4.x has views with NULL times, 2.x and 3.x have
 * __all_server with bigint microseconds where 0 means none.
 */
import initSqlJs, { type Database } from 'sql.js';
import { addressText } from '../../../runtime/addressText';
import { refuse } from './accounts';
import type { ClusterFacts, ServerRow } from './facts';
import type { LogStream, Member } from './logStreams';
import { type ParameterTenant, parameterRows, parametersMove } from './parameters';
import { parameterCells3, parameterCells4, showParametersSql, withoutHidden } from './parameterTables';
import { replicaRows3, replicaRows4, sysStream, tenantRows } from './replicaTables';
import { createTables } from './tableColumns';
import { type UnitRow, unitRows3, unitRows4, unitsByServers } from './unitTables';

export type { ServerRow, ZoneRow } from './facts';

const STARTED_MICROSECONDS = 1_700_000_000_000_000;
const GIB = 1024 ** 3;
/** Of a tenant whose schema a server knows; 1 stands for that of its own tables alone. */
const SCHEMA_VERSION = STARTED_MICROSECONDS;

/** `2023-11-15 06:13:20.000000`, NULL for 0: how 4.x shows what __all_server holds as microseconds. */
function timestamp(microseconds: number, minutesEast: number): string | null {
  if (microseconds === 0) return null;
  const text = new Date(microseconds / 1000 + minutesEast * 60_000)
    .toISOString()
    .replace('T', ' ')
    .replace('Z', '');
  return `${text}${String(Math.floor(microseconds) % 1000).padStart(3, '0')}`;
}

type Cell = string | number | null;

/** `x` of a statement whose one condition on names is `name = 'x'`, else ''. */
function onlyName(sql: string): string {
  const names = [...sql.matchAll(/\bname\s*(?:=\s*'(\w+)'|in\b|like\b|<|>|!)/gi)];
  return names.length === 1 && !/\bor\b/i.test(sql) ? (names[0]?.[1] ?? '') : '';
}

export class Tables {
  private constructor(
    private readonly database: Database,
    private readonly facts: ClusterFacts,
  ) {}

  private filledFrom: string | undefined;
  /** Looked at for statements that read them alone, and written only when one has changed: they are many. */
  private parametersFilled: string | undefined;
  private parametersFrom = '';
  /** Of the session that asks, in minutes east of UTC. */
  private timeZone = 0;

  /** `wasm` is SQLite's own binary, for programs that do not lie beside it. */
  static async make(facts: ClusterFacts, wasm?: Uint8Array): Promise<Tables> {
    const SQL = await initSqlJs(wasm === undefined ? undefined : { wasmBinary: new Uint8Array(wasm).buffer });
    const database = new SQL.Database();
    for (const name of ['oceanbase', 'mysql']) database.run(`ATTACH ':memory:' AS ${name}`);
    database.create_function('ob_version', () => facts.version);
    database.create_function('version', () => facts.serverVersion);
    database.create_function('now', () => new Date().toISOString().slice(0, 19).replace('T', ' '));
    database.create_function('unix_timestamp', () => Math.floor(Date.now() / 1000));
    const tables = new Tables(database, facts);
    database.create_function('usec_to_time', (time) =>
      time === null ? null : timestamp(Number(time), tables.timeZone),
    );
    createTables(database, tables.isV4);
    return tables;
  }

  private get isV4(): boolean {
    return Number(this.facts.version.split('.')[0]) >= 4;
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
    const from = revision === undefined ? undefined : `${revision} ${this.timeZone}`;
    if (from !== undefined && from === this.filledFrom) return;
    this.filledFrom = from;
    this.database.run('BEGIN');
    this.fillServers();
    this.fillZones();
    this.parametersFilled = undefined;
    const users = this.facts.users();
    this.fill(
      'oceanbase.__all_user',
      users.map((user, index) => [1, 200_001 + index, user, '%']),
    );
    this.fill('oceanbase.__all_core_table', [
      ['__all_global_stat', 1, 'baseline_schema_version', String(this.facts.baselineSchemaVersion?.() ?? 1)],
    ]);
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
      holdsTenantUnit: false,
      inSync: true,
      schemaFresh: true,
      frozenAt: 0,
      ...server,
    }));
  }

  private streams(servers: readonly Required<ServerRow>[]): readonly LogStream<Member>[] {
    return this.facts.streams?.() ?? sysStream(servers);
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
    const streams = this.streams(servers);
    const units = this.facts.units?.() ?? unitsByServers(servers);
    const rowsOf = {
      ...(this.isV4 ? replicaRows4 : replicaRows3)(servers, streams),
      ...(this.isV4 ? unitRows4 : unitRows3)(units),
    };
    for (const [name, rows] of Object.entries(rowsOf)) this.fill(`oceanbase."${name}"`, rows);
    if (!this.isV4) {
      this.fill(
        'oceanbase.__all_virtual_server_stat',
        servers.map((server) => {
          const { cpu, memory } = this.capacity(server, units);
          return [server.ip, server.rpcPort, server.zone, ...cpu, ...memory, 200 * GIB, 4 * GIB];
        }),
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
        timestamp(server.startServiceTime, this.timeZone),
        timestamp(server.stopTime, this.timeZone),
        null,
        server.build,
      ]),
    );
    // A server that has no life reports no capacity.
    this.fill(
      'oceanbase."GV$OB_SERVERS"',
      servers
        .filter(({ status }) => status !== 'INACTIVE')
        .map((server) => {
          const { cpu, memory, logDisk } = this.capacity(server, units);
          const [cores, assigned] = cpu;
          return [
            ...[server.ip, server.rpcPort, server.zone, server.sqlPort, cores, cores, assigned, assigned],
            ...[...memory, ...logDisk, 200 * GIB, 4 * GIB],
          ];
        }),
    );
  }

  /** What a server has, and what of it its units take; where nobody tells units, those of sys. */
  private capacity(
    { ip, rpcPort }: Pick<ServerRow, 'ip' | 'rpcPort'>,
    units: readonly UnitRow[],
  ): Record<'cpu' | 'memory' | 'logDisk', [number, number]> {
    const address = addressText(ip, rpcPort);
    const own = units.filter(({ server, from }) => server === address || from === address);
    const taken = (part: 'cpu' | 'memory' | 'logDisk', otherwise: number) =>
      this.facts.units === undefined ? otherwise : own.reduce((sum, unit) => sum + unit[part], 0);
    return {
      cpu: [16, taken('cpu', 2.5)],
      memory: [this.facts.memory?.() ?? 64 * GIB, taken('memory', 8 * GIB)],
      logDisk: [100 * GIB, taken('logDisk', 10 * GIB)],
    };
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
        [name, 'merge_status', 0, 'IDLE'],
      ]),
    );
    this.fillTenants();
    if (this.isV4)
      this.fill(
        'oceanbase.DBA_OB_ZONE_MAJOR_COMPACTION',
        zones.map(({ name }) => [name, 1, 1, 'IDLE']),
      );
    if (this.isV4)
      this.fill(
        'oceanbase.DBA_OB_ZONES',
        zones.map(({ name, status, region, idc }) => [name, status, idc, region, 'ReadWrite']),
      );
  }

  private fillTenants(): void {
    const servers = this.servers();
    const rows = tenantRows(this.tenants(), servers, this.streams(servers), {
      isV4: this.isV4,
      primaryZone: this.facts.primaryZone?.() ?? 'RANDOM',
    });
    this.fill(`oceanbase.${this.isV4 ? 'DBA_OB_TENANTS' : '__all_tenant'}`, rows);
    const alive = servers.filter(({ status }) => status !== 'INACTIVE');
    this.fill(
      `oceanbase.${this.isV4 ? '"GV$OB_SERVER_SCHEMA_INFO"' : '__all_virtual_server_schema_info'}`,
      rows.flatMap(([tenant = null]) =>
        alive.map(({ ip, rpcPort, schemaFresh }) => [ip, rpcPort, tenant, schemaFresh ? SCHEMA_VERSION : 1]),
      ),
    );
  }

  private tenants(): readonly ParameterTenant[] {
    return this.facts.tenants?.() ?? [{ id: 1, name: 'sys' }];
  }

  /** @param only the name that the statement asks for; '' stands for all */
  private fillParameters(only: string): void {
    const state = this.facts.parameters?.() ?? { parameters: {} };
    if (this.parametersFilled === only && !parametersMove(state)) return;
    this.parametersFilled = only;
    const { clusterName, obClusterId, version } = this.facts;
    const servers = this.servers();
    // Root servers stand there with both ports, ip:rpc:sql (OceanBase documentation, rootservice_list).
    const roots = servers.some(({ holdsSysUnit }) => holdsSysUnit)
      ? servers.filter(({ holdsSysUnit }) => holdsSysUnit)
      : servers;
    const ofCluster = {
      cluster: clusterName,
      cluster_id: String(obClusterId),
      min_observer_version: version,
      rootservice_list: roots.map(({ ip, rpcPort, sqlPort }) => addressText(ip, rpcPort, sqlPort)).join(';'),
    };
    // A virtual table has rows of the servers that answer.
    const alive = servers.filter(({ status }) => status !== 'INACTIVE');
    const rows = parameterRows(
      {
        ...{ state, servers: alive, zones: [] },
        tenants: this.tenants(),
      },
      ({ zone, rpcPort }) => ({ ...ofCluster, zone, rpc_port: String(rpcPort) }),
    ).filter(({ seed }) => only === '' || seed.name === only);
    const from = rows
      .map(
        ({ ip, rpcPort, tenant, seed, value }) =>
          `${addressText(ip, rpcPort)} ${tenant?.name} ${seed.name}=${value}`,
      )
      .join('\n');
    if (from === this.parametersFrom) return;
    this.parametersFrom = from;
    this.database.run('BEGIN');
    if (this.isV4) {
      for (const name of ['GV$OB_PARAMETERS', 'V$OB_PARAMETERS'])
        this.fill(`oceanbase."${name}"`, rows.map(parameterCells4));
    } else this.fill('oceanbase.__all_virtual_sys_parameter_stat', rows.map(parameterCells3));
    this.database.run('COMMIT');
  }

  /** Answers a SELECT. Throws SqlRefusal: 1146 unknown table, 1054 unknown column, 1064 everything else. */
  select(sql: string, minutesEast = 0): { columns: string[]; rows: (string | null)[][] } {
    this.timeZone = minutesEast;
    this.refresh();
    if (/parameter/i.test(sql)) this.fillParameters(onlyName(sql));
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

  /** SHOW PARAMETERS [LIKE …] [TENANT = …], one row a server: items of the cluster, and those of the tenant, or of sys. */
  showParameters(like: string, tenant = 'sys'): { columns: string[]; rows: (string | null)[][] } {
    const found = this.tenants().find(({ name }) => name === tenant);
    if (found === undefined) refuse(5160, 'invalid tenant name specified in connection string');
    return withoutHidden(this.select(showParametersSql(this.isV4, like, found.id)));
  }

  close(): void {
    this.database.close();
  }
}
