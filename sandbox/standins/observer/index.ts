/**
 * A stand-in for an OceanBase observer, inside the calling process: the logins, tables, users and grants that linking an
 * OBProxy to a cluster needs, and nothing else. It stores no data and is not OceanBase.
 */
import { type Answer, type MysqlServer, startMysqlServer } from '../mysql/server';
import { Accounts, refuse, SqlRefusal } from './accounts';
import { type ServerRow, Tables } from './tables';

export type { ServerRow } from './tables';

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
  /** Users of the sys tenant that exist now. */
  users(): string[];
  stop(): Promise<void>;
}

interface Session {
  readonly user: string;
  readonly privileges: ReadonlyMap<string, ReadonlySet<string>>;
  database: string;
}

const DATABASES = new Set(['', 'oceanbase', 'mysql', 'information_schema', 'test']);

function may(session: Session, privilege: string, database: string): boolean {
  return ['*.*', `${database}.*`].some((level) => {
    const granted = session.privileges.get(level);
    return granted?.has('ALL') === true || granted?.has(privilege) === true;
  });
}

function isRootLike(session: Session): boolean {
  return session.privileges.get('*.*')?.has('ALL') === true;
}

class Statements {
  constructor(
    private readonly accounts: Accounts,
    private readonly tables: Tables,
    private readonly version: string,
  ) {}

  answer(session: Session, text: string): Answer {
    const sql = text
      .trim()
      .replace(/^(?:\/\*.*?\*\/\s*)+/s, '')
      .replace(/[;\s]+$/, '');
    try {
      return this.run(session, sql);
    } catch (error) {
      if (error instanceof SqlRefusal) return { kind: 'error', error: error.error };
      throw error;
    }
  }

  private run(session: Session, sql: string): Answer {
    const use = /^use\s+`?(\w+)`?$/i.exec(sql);
    if (use !== null) return this.useDatabase(session, use[1] ?? '');
    if (/^(set|begin|commit|rollback)\b/i.test(sql)) return { kind: 'ok' };
    if (/^select\b/i.test(sql)) return this.select(session, sql);
    const grants = /^show\s+grants(?:\s+for\s+'?([\w]+)'?(?:@'?%'?)?)?$/i.exec(sql);
    if (grants !== null) return this.showGrants(session, grants[1] ?? session.user);
    const variables = /^show\s+(?:global\s+|session\s+)?variables\s+like\s+'([^']*)'$/i.exec(sql);
    if (variables !== null) return this.showVariable(variables[1] ?? '');
    if (/^(create|alter|drop)\s+user\b|^(grant|revoke)\b/i.test(sql)) {
      if (!isRootLike(session))
        refuse(
          1227,
          'Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation',
        );
      if (this.accounts.change(sql)) return { kind: 'ok' };
    }
    return refuse(1064, 'You have an error in your SQL syntax; check the manual for OceanBase');
  }

  useDatabase(session: Session, name: string): Answer {
    if (!DATABASES.has(name.toLowerCase()))
      return { kind: 'error', error: { code: 1049, message: `Unknown database '${name}'` } };
    session.database = name.toLowerCase();
    return { kind: 'ok' };
  }

  private select(session: Session, sql: string): Answer {
    // Every table read must be allowed; the first one that is not is named (1142), as OceanBase does.
    for (const match of sql.matchAll(/\b(?:from|join)\s+(?:`?(\w+)`?\s*\.\s*)?[`"]?([\w$]+)/gi)) {
      const database = (match[1] ?? session.database).toLowerCase();
      const table = match[2] ?? '';
      if (database === '' && table.toLowerCase() !== 'dual') refuse(1046, 'No database selected');
      if (database !== '' && database !== 'information_schema' && !may(session, 'SELECT', database))
        refuse(1142, `SELECT command denied to user '${session.user}'@'%' for table '${table}'`);
    }
    const { columns, rows } = this.tables.select(sql);
    return { kind: 'rows', columns, rows };
  }

  private showGrants(session: Session, name: string): Answer {
    if (name !== session.user && !may(session, 'SELECT', 'mysql'))
      refuse(1142, `SELECT command denied to user '${session.user}'@'%' for table 'user'`);
    if (this.accounts.find(name) === undefined)
      refuse(1141, `There is no such grant defined for user '${name}' on host '%'`);
    return {
      kind: 'rows',
      columns: [`Grants for ${name}@%`],
      rows: this.accounts.grantsOf(name).map((line) => [line]),
    };
  }

  private showVariable(like: string): Answer {
    const known: Record<string, string> = {
      version_comment: `OceanBase_CE ${this.version} (stand-in)`,
      version: `5.7.25-OceanBase_CE-v${this.version}`,
    };
    const value = known[like];
    return {
      kind: 'rows',
      columns: ['Variable_name', 'Value'],
      rows: value === undefined ? [] : [[like, value]],
    };
  }
}

/** Starts the stand-in. Rejects with the system's error when the port is taken. */
export async function startObserver(options: ObserverOptions): Promise<Observer> {
  const version = options.version ?? '4.2.1.0';
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
  const tables = await Tables.make({
    version,
    clusterName: options.clusterName,
    obClusterId: options.obClusterId,
    servers: () => options.servers ?? [self()],
    users: () => accounts.names(),
  });
  const statements = new Statements(accounts, tables, version);
  server = await startMysqlServer<Session>(options.host, options.port, {
    serverVersion: `5.7.25-OceanBase_CE-v${version}`,
    login: (login) => {
      const [account = '', cluster] = login.user.split('#');
      const [name = '', tenant = 'sys'] = account.split('@');
      const hash = accounts.find(name)?.passwordSha1;
      const known = hash !== undefined && (hash === '' ? login.withoutPassword : login.matches(hash));
      // A tenant that does not exist is answered like a wrong password.
      if (known && tenant === 'sys' && (cluster ?? options.clusterName) === options.clusterName) {
        if (!DATABASES.has(login.database.toLowerCase()))
          return { error: { code: 1049, message: `Unknown database '${login.database}'` } };
        counts.logins++;
        counts.loginsOf[name] = (counts.loginsOf[name] ?? 0) + 1;
        return {
          session: {
            user: name,
            privileges: accounts.privilegesOf(name),
            database: login.database.toLowerCase(),
          },
        };
      }
      counts.failedLogins++;
      counts.failedLoginsOf[name] = (counts.failedLoginsOf[name] ?? 0) + 1;
      const using = login.withoutPassword ? 'NO' : 'YES';
      return {
        error: {
          code: 1045,
          message: `Access denied for user '${name}'@'${login.address}' (using password: ${using})`,
        },
      };
    },
    query: (session, sql) => {
      counts.statements++;
      return statements.answer(session, sql);
    },
    useDatabase: (session, name) => statements.useDatabase(session, name),
  });
  const running = server;
  return {
    port: running.port,
    counts,
    users: () => accounts.names(),
    stop: async () => {
      await running.close();
      tables.close();
    },
  };
}
