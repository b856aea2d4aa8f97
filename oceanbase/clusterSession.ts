/** A session of the sys tenant on any server of a cluster that answers. */
import { isIP } from 'node:net';
import type { AddressPolicy } from '../runtime/addresses';
import { addressText, canonicalHost } from '../runtime/addressText';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { BASELINE_SCHEMA_SQL, sysPrimaryZoneSql } from './bootstrapSql';
import { type ObParameter, obParameterOf, showParameterSql, showParametersSql } from './clusterParameters';
import {
  CLUSTER_ROLE_SQL,
  type ClusterServer,
  type ClusterZone,
  compactionSql,
  parameterByServerSql,
  parameterSql,
  serverOf,
  serversSql,
  tenantNamesSql,
  tenantsSql,
  UTC_SQL,
  unitsSql,
  zonesOf,
  zonesSql,
} from './clusterSql';
import { firstToAnswer } from './firstToAnswer';
import { sysLogin } from './loginName';
import { serverVersion, sysUserSql } from './observerSql';
import {
  CLUSTER_TIME_SQL,
  checkpointSql,
  leadersSql,
  type ReplicaGroup,
  replicaGroups,
  replicasSql,
  zoneLeadersSql,
} from './replicas';
import { type Schemas, schemasOf, schemasSql } from './schemas';
import {
  columnText,
  isUnanswered,
  openSqlSession,
  SqlConnectionError,
  SqlError,
  type SqlRow,
  type SqlSession,
} from './sqlSession';
import { dataOnDiskOf, dataOnDiskSql, type Placement, placementOf, placementSql, unitJobsSql } from './units';
import { isAtLeast } from './versions';
import { localitiesOf, localitiesSql, type TenantLocality } from './zoneUse';

/** No such table, no such column, not supported. A missing grant (1142) is no such answer. */
const NOT_IN_VERSION: ReadonlySet<number> = new Set([1146, 1054, 1235]);

export interface ClusterTarget {
  readonly servers: readonly { readonly ip: string; readonly sqlPort: number }[];
  readonly addresses: AddressPolicy;
  /** Of the sys tenant, with or without `@sys`. */
  readonly user: string;
  readonly password: string;
  /** Named in the login, where an OBProxy listens; a server needs none. */
  readonly cluster?: string;
  /** For each login and statement; default 3 000. */
  readonly timeoutMs?: number;
  /** For each login instead, until the server has said its version. */
  readonly loginMs?: number;
  readonly signal?: AbortSignal;
}

export interface ParameterAtServer {
  readonly ip: string;
  readonly rpcPort: number;
  readonly value: string;
}

export interface ClusterSession {
  /** `ip:port` of the server that answers. */
  readonly at: string;
  /** Dotted version of that server. */
  readonly version: string;
  /** Whether it is the community edition (its version_comment says so). */
  isCommunity(): Promise<boolean>;
  /** PermanentError when it lists what is no address. */
  servers(): Promise<ClusterServer[]>;
  zones(): Promise<ClusterZone[]>;
  /** Units of tenants on a server; undefined when the version has no view of them. Throws SqlError when it may not be asked. */
  units(server: { readonly ip: string; readonly rpcPort: number }): Promise<number | undefined>;
  /** All units, and the room for them. Throws SqlError when it may not be asked. */
  placement(): Promise<Placement>;
  /** Bytes on the data disk of each server that tells, by `ip:rpcPort`; empty when it does not let us ask. */
  dataOnDisk(): Promise<ReadonlyMap<string, number>>;
  /** How many jobs move units now. */
  unitJobs(): Promise<number>;
  /** Everything that needs a majority. Throws SqlError when it may not be asked. */
  replicas(): Promise<ReplicaGroup[]>;
  /** Which servers know the schema of which tenants; undefined when the version has no view of it. */
  schemas(): Promise<Schemas | undefined>;
  /** In which zones tenants are to have replicas. */
  localities(): Promise<TenantLocality[]>;
  /** How many leaders a server has. */
  leaders(server: { readonly ip: string; readonly rpcPort: number }): Promise<number>;
  /** How many leaders there are in a zone. */
  zoneLeaders(zoneName: string): Promise<number>;
  /** Up to when (seconds since 1970) a server has all it has on its disk; undefined when the version does not tell. */
  checkpoint(server: { readonly ip: string; readonly rpcPort: number }): Promise<number | undefined>;
  /** Seconds since 1970 by the cluster's clock. */
  time(): Promise<number>;
  /** Tenants that users have made; undefined when the version does not let us ask. */
  tenantCount(): Promise<number | undefined>;
  /** State of the major compaction by zone; empty when the version does not let us ask. */
  compaction(): Promise<ReadonlyMap<string, string>>;
  /** Names of the tenants, `sys` among them and meta tenants not. Throws SqlError when they may not be asked. */
  tenantNames(): Promise<string[]>;
  /** The same of a server that may be of no cluster: undefined then. What says neither is thrown as it came. */
  tenantNamesIfAny(): Promise<string[] | undefined>;
  /** Value of a cluster's parameter; undefined when there is none of that name. */
  parameter(name: string): Promise<string | undefined>;
  /** The same of every server that tells. */
  parameterByServer(name: string): Promise<readonly ParameterAtServer[]>;
  /** Whether the BOOTSTRAP of its cluster has come to its end; a server that is of no cluster has none to tell. */
  isBootstrapped(): Promise<boolean>;
  /** Zones of the sys tenant by priority, `z1,z2;z3`; '' when it does not tell. */
  sysPrimaryZone(): Promise<string>;
  /** Whether the sys tenant has this user. */
  hasUser(name: string): Promise<boolean>;
  /** What a cluster of 2.x or 3.x is to another; clusters of 4.x are all primary. */
  role(): Promise<'PRIMARY' | 'STANDBY'>;
  /** Every parameter of the cluster and of its sys tenant, for each server that tells. */
  parameters(): Promise<ObParameter[]>;
  /** One of them, of a tenant, or of the cluster and the sys tenant; empty when there is none of that name. */
  parameterRows(parameter: string, tenant: string | undefined): Promise<ObParameter[]>;
  /** Sends a statement of clusterSql.ts that changes the cluster. SqlConnectionError: its outcome is unknown. */
  alter(sql: string): Promise<void>;
  close(): void;
}

/**
 * A server that is of no cluster lets root in without a password, and has neither tenants nor the tables of them: 8001 "Server is
 * initializing", 1146. One that has lost its cluster's majority runs into a time-out, or names who is missing.
 */
const OF_NO_CLUSTER: ReadonlySet<number> = new Set([8001, 1146]);

/**
 * Logs in at the first server that lets in. Throws SqlError when all that answer refuse the login, and
 * SqlConnectionError naming every server when none answers; AddressDenied when obflow may connect to none of them.
 */
export function openCluster(target: ClusterTarget): Promise<ClusterSession> {
  const loginMs = target.loginMs ?? target.timeoutMs ?? 3_000;
  return firstToAnswer(target.servers, target.signal, async ({ ip, sqlPort }) => {
    const session = await openSqlSession({
      to: { ip, port: sqlPort, addresses: target.addresses },
      user: sysLogin(target.user, target.cluster),
      password: target.password,
      timeoutMs: target.timeoutMs ?? 3_000,
      loginMs,
      ...(target.signal === undefined ? {} : { signal: target.signal }),
    });
    try {
      const login = { query: (sql: string) => session.query(sql, loginMs) };
      await login.query(UTC_SQL);
      const version = await serverVersion(login);
      if (version === '') throw new SqlConnectionError(say('sql.noVersion'));
      return cluster(session, addressText(ip, sqlPort), version);
    } catch (error) {
      session.close();
      throw error;
    }
  });
}

/**
 * What a cluster lists is told to proxies and other observers, and reaches command lines of their hosts: a database that
 * somebody else has taken over must not put anything but addresses there.
 */
function refuseOddServers(servers: readonly ClusterServer[], at: string): void {
  const port = (value: number) => Number.isInteger(value) && value > 0 && value < 65_536;
  const odd = servers.find(
    ({ ip, rpcPort, sqlPort }) => isIP(ip) === 0 || !port(rpcPort) || Number.isNaN(sqlPort),
  );
  if (odd === undefined) return;
  throw new PermanentError({
    type: 'ClusterListsNoAddress',
    code: 'OBE11028',
    tried: say('cluster.askServersOnly'),
    where: at,
    cameBack: say('cluster.oddServer', {
      odd: odd.ip.slice(0, 100),
      rpcPort: odd.rpcPort,
      sqlPort: odd.sqlPort,
    }),
    next: say('next.whyNoAddress'),
  });
}

function cluster(session: SqlSession, at: string, version: string): ClusterSession {
  /** For what is only shown: what the server refuses to tell is not known, which is no failure. */
  async function tolerant(sql: string): Promise<SqlRow[]> {
    return ifTold(sql, () => true);
  }
  async function answersTo(statements: readonly string[]): Promise<(readonly SqlRow[])[]> {
    const answers: (readonly SqlRow[])[] = [];
    for (const sql of statements) answers.push(await session.query(sql));
    return answers;
  }
  /** For what decides: undefined only when the version has nothing of the kind to ask. */
  async function ifTold(sql: string, mayRefuse: (error: SqlError) => boolean): Promise<SqlRow[]> {
    try {
      return [...(await session.query(sql))];
    } catch (error) {
      if (error instanceof SqlError && mayRefuse(error)) return [];
      throw error;
    }
  }
  return {
    at,
    version,
    async isCommunity() {
      const [row] = await session.query("SHOW VARIABLES LIKE 'version_comment'");
      return row !== undefined && /OceanBase[ _]CE/i.test(columnText(row, 'Value'));
    },
    async servers() {
      const servers = (await session.query(serversSql(version))).map(serverOf);
      refuseOddServers(servers, at);
      return servers;
    },
    zones: async () => zonesOf(version, await session.query(zonesSql(version))),
    async units(server) {
      const [row] = await ifTold(unitsSql(version, server), ({ errno }) => NOT_IN_VERSION.has(errno));
      return row === undefined ? undefined : Number(columnText(row, 'units'));
    },
    placement: async () => placementOf(await answersTo(placementSql(version))),
    dataOnDisk: async () => dataOnDiskOf(await tolerant(dataOnDiskSql(version))),
    async unitJobs() {
      const [row] = await session.query(unitJobsSql(version));
      return Number(columnText(row ?? {}, 'jobs'));
    },
    replicas: async () => replicaGroups(version, await answersTo(replicasSql(version))),
    async schemas() {
      const [tenantsSql, rowsSql] = schemasSql(version);
      const tenants = await session.query(tenantsSql);
      try {
        return schemasOf([tenants, await session.query(rowsSql)]);
      } catch (error) {
        if (error instanceof SqlError && NOT_IN_VERSION.has(error.errno)) return undefined;
        throw error;
      }
    },
    localities: async () => localitiesOf(await session.query(localitiesSql(version))),
    async leaders(server) {
      const [row] = await session.query(leadersSql(version, server));
      return Number(columnText(row ?? {}, 'leaders'));
    },
    async zoneLeaders(zoneName) {
      const [row] = await session.query(zoneLeadersSql(version, zoneName));
      return Number(columnText(row ?? {}, 'leaders'));
    },
    async checkpoint(server) {
      const [row] = await ifTold(checkpointSql(server), ({ errno }) => NOT_IN_VERSION.has(errno));
      const nanoseconds = columnText(row ?? {}, 'checkpoint');
      return nanoseconds === '' ? undefined : Number(nanoseconds) / 1e9;
    },
    async time() {
      const [row] = await session.query(CLUSTER_TIME_SQL);
      return Number(columnText(row ?? {}, 'now'));
    },
    async tenantCount() {
      const [row] = await tolerant(tenantsSql(version));
      return row === undefined ? undefined : Number(columnText(row, 'tenants'));
    },
    async compaction() {
      const rows = await tolerant(compactionSql(version));
      return new Map(rows.map((row) => [columnText(row, 'zone'), columnText(row, 'status').toUpperCase()]));
    },
    async parameter(name) {
      const [row] = await session.query(parameterSql(version, name));
      return row === undefined ? undefined : columnText(row, 'value');
    },
    async parameterByServer(name) {
      return (await session.query(parameterByServerSql(version, name))).map((row) => ({
        ip: canonicalHost(columnText(row, 'ip')),
        rpcPort: Number(columnText(row, 'rpc_port')),
        value: columnText(row, 'value'),
      }));
    },
    async isBootstrapped() {
      // 8001 is what a server answers that is of no cluster.
      const [row] = await ifTold(BASELINE_SCHEMA_SQL, (error) => !isUnanswered(error));
      return Number(columnText(row ?? {}, 'version')) > 0;
    },
    async sysPrimaryZone() {
      const [row] = await session.query(sysPrimaryZoneSql(version));
      return columnText(row ?? {}, 'primary_zone');
    },
    hasUser: async (name) => (await session.query(sysUserSql(name))).length > 0,
    async role() {
      if (isAtLeast(version, '4.0')) return 'PRIMARY';
      const [row] = await ifTold(CLUSTER_ROLE_SQL, ({ errno }) => NOT_IN_VERSION.has(errno));
      return row !== undefined && /STANDBY/i.test(columnText(row, 'role')) ? 'STANDBY' : 'PRIMARY';
    },
    async tenantNames() {
      return (await session.query(tenantNamesSql(version))).map((row) => columnText(row, 'name'));
    },
    async tenantNamesIfAny() {
      try {
        return await this.tenantNames();
      } catch (error) {
        if (error instanceof SqlError && OF_NO_CLUSTER.has(error.errno)) return undefined;
        throw error;
      }
    },
    parameters: async () => (await session.query(showParametersSql())).map(obParameterOf),
    async parameterRows(parameter, tenant) {
      const rows = (await session.query(showParameterSql(parameter, tenant))).map(obParameterOf);
      return rows.filter(({ name }) => name === parameter);
    },
    async alter(sql) {
      await session.query(sql);
    },
    close: () => session.close(),
  };
}
