/**
 * A stand-in for an OceanBase observer, inside the calling process: the logins, tables, users and grants that linking an
 * OBProxy to a cluster needs, and nothing else. It stores no data and is not OceanBase.
 */
import { type MysqlServer, type SqlError, startMysqlServer } from '../mysql/server';
import { Accounts, refuse } from './accounts';
import { INITIALIZING } from './bootstrap';
import { buildVersion, type ObserverIdentity, serverVersion, versionComment } from './edition';
import { type ParameterState, setParameters } from './parameters';
import { admit, loginName, type Session, Statements, useDatabase } from './statements';
import { type ServerRow, Tables, type ZoneRow } from './tables';

export type { ServerRow, ZoneRow } from './tables';

export interface ObserverOptions {
  /** Address to listen on, and the server's own address in its tables. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Default 4.2.1.0; 2.x and 3.x switch to the older tables. */
  readonly version?: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  /** Login (`root@sys`, `proxyro@sys`) → plain password. */
  readonly users: Readonly<Record<string, string>>;
  /** Levels a user may SELECT from; default `oceanbase.*` for all but root, who may do everything. */
  readonly grants?: Readonly<Record<string, readonly string[]>>;
  /** Rows of the server tables; default this one server in zone1 with RPC port 2882. */
  readonly servers?: readonly ServerRow[];
  /** Default: the servers' zones, all ACTIVE. */
  readonly zones?: readonly ZoneRow[];
  /** It boots for ever: every login is answered by 8001, "Server is initializing". */
  readonly booting?: boolean;
  /** Views that this server does not have: statements on them are answered by 1146. */
  readonly without?: readonly string[];
  /** Names of tenants beside sys. */
  readonly tenants?: readonly string[];
}

/** How the answers of statements are lost: before they are done, or after. */
export interface Loss {
  readonly of: RegExp;
  readonly when: 'before' | 'after';
  /** So many more of them. */
  times: number;
}

/** What was done so far; names and numbers only. */
export interface ObserverCounts {
  logins: number;
  failedLogins: number;
  statements: number;
  /** Successful and refused logins by user, without tenant. */
  readonly loginsOf: Record<string, number>;
  readonly failedLoginsOf: Record<string, number>;
}

export interface Observer {
  readonly port: number;
  readonly counts: ObserverCounts;
  /** To be set by a test. */
  loss?: Loss | undefined;
  /** Statements that it refuses, whatever they say. */
  refusing?: (SqlError & { readonly of: RegExp }) | undefined;
  /** Statements that matched, the lost ones included. */
  statementsLike(pattern: RegExp): string[];
  /** Sets what steers it, as ALTER SYSTEM SET does on a whole stand-in. */
  steer(parameters: Readonly<Record<string, string>>): Promise<void>;
  /** Users of the sys tenant that exist now. */
  users(): string[];
  stop(): Promise<void>;
}

/** Starts the stand-in. Rejects with the system's error when the port is taken. */
export async function startObserver(options: ObserverOptions): Promise<Observer> {
  const version = options.version ?? '4.2.1.0';
  const who: ObserverIdentity = { name: 'oceanbase-ce', version, release: '1' };
  const accounts = new Accounts(options.users, options.grants ?? {});
  const counts: ObserverCounts = {
    logins: 0,
    failedLogins: 0,
    statements: 0,
    loginsOf: {},
    failedLoginsOf: {},
  };
  let server: MysqlServer | undefined;
  const self = (): ServerRow => ({
    ip: options.host,
    sqlPort: server?.port ?? options.port,
    rpcPort: 2882,
    zone: 'zone1',
    active: true,
  });
  const { zones } = options;
  const parameters: ParameterState = { parameters: {} };
  const tenants = ['sys', ...(options.tenants ?? [])].map((name, index) => ({
    id: index === 0 ? 1 : 1000 + 2 * index,
    name,
  }));
  const servers = () => options.servers ?? [self()];
  const tables = await Tables.make({
    version,
    versionComment: versionComment(who),
    serverVersion: serverVersion(who),
    build: buildVersion(who),
    clusterName: options.clusterName,
    obClusterId: options.obClusterId,
    servers,
    parameters: () => parameters,
    tenants: () => tenants,
    users: () => accounts.names(),
    ...(zones === undefined ? {} : { zones: () => zones }),
  });
  const statements = new Statements({
    accounts,
    tables: () => Promise.resolve(tables),
    versionComment: versionComment(who),
    serverVersion: serverVersion(who),
    administer: async (statement) => {
      if (statement.kind !== 'set') refuse(1064, 'You have an error in your SQL syntax');
      const zones = [...new Set(servers().map(({ zone }) => zone))];
      setParameters({ state: parameters, servers: servers(), zones, tenants }, statement);
    },
  });
  const said: string[] = [];
  let running: Observer | undefined;
  server = await startMysqlServer<Session>(options.host, options.port, {
    serverVersion: serverVersion(who),
    login: (login) => {
      if (options.booting === true) return { error: INITIALIZING };
      const { name } = loginName(login.user);
      const account = accounts.find(name);
      const answer = admit(
        login,
        account === undefined
          ? undefined
          : { passwordSha1: account.passwordSha1, privileges: accounts.privilegesOf(name) },
        options.clusterName,
      );
      if ('session' in answer) {
        counts.logins++;
        counts.loginsOf[name] = (counts.loginsOf[name] ?? 0) + 1;
      } else if ('error' in answer && answer.error.code === 1045) {
        counts.failedLogins++;
        counts.failedLoginsOf[name] = (counts.failedLoginsOf[name] ?? 0) + 1;
      }
      return answer;
    },
    query: async (session, sql) => {
      counts.statements++;
      said.push(sql);
      if (running?.refusing?.of.test(sql) === true) return { kind: 'error', error: running.refusing };
      const loss = running?.loss;
      if (loss !== undefined && loss.times > 0 && loss.of.test(sql)) {
        loss.times--;
        if (loss.when === 'after') await statements.answer(session, sql);
        return { kind: 'drop' };
      }
      const missing = options.without?.find((view) => sql.includes(view));
      if (missing !== undefined)
        return {
          kind: 'error',
          error: { code: 1146, message: `Table 'oceanbase.${missing}' doesn't exist` },
        };
      return statements.answer(session, sql);
    },
    useDatabase,
  });
  const listening = server;
  running = {
    port: listening.port,
    counts,
    steer: async (wished) => {
      Object.assign(parameters.parameters, wished);
    },
    statementsLike: (pattern) => said.filter((sql) => pattern.test(sql)),
    users: () => accounts.names(),
    stop: async () => {
      await listening.close();
      tables.close();
    },
  };
  return running;
}
