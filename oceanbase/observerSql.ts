/** What linking a proxy to an OceanBase cluster needs of an observer's SQL port; dialects of 2.x/3.x and 4.x. */
import type { AddressPolicy } from '../runtime/addresses';
import { canonicalHost } from '../runtime/addressText';
import { parameterSql } from './clusterSql';
import { sysLogin, sysUser } from './loginName';
import { columnText, couldNotAsk, openSqlSession, SqlError, type SqlSession } from './sqlSession';
import { sqlText } from './sqlText';
import { isAtLeast } from './versions';

/** MySQL's and OceanBase's number for a refused login: wrong password, unknown user or unknown tenant alike. */
export const ACCESS_DENIED = 1045;
/** A table or view that this server does not have: another version than it says, or no OceanBase at all. */
export const NO_SUCH_TABLE = 1146;

export interface ObserverTarget {
  readonly ip: string;
  readonly sqlPort: number;
  readonly addresses: AddressPolicy;
  /** Of the sys tenant, with or without `@sys`. */
  readonly user: string;
  readonly password: string;
  /** For the login and for each statement; default 3 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A row when the sys tenant has this user, whose name may stand with `@sys`. */
export function sysUserSql(name: string): string {
  return `SELECT user_name FROM oceanbase.__all_user WHERE user_name = ${sqlText(sysUser(name))}`;
}

export interface ObserverServer {
  readonly ip: string;
  readonly sqlPort: number;
  readonly status: string;
}

export interface ObserverSession {
  /** Dotted version, e.g. `4.2.1.0`; '' when the server does not tell. Throws what could not be asked. */
  version(): Promise<string>;
  /** Servers as the sys tenant's tables list them; fails with an SqlError when the user may not read them. */
  servers(version: string): Promise<ObserverServer[]>;
  /**
   * The name that the cluster gives itself; undefined when the user may not read it, or the version has no such view. Throws what
   * could not be asked.
   */
  clusterName(version: string): Promise<string | undefined>;
  /** The user's own grants, one statement each. */
  grants(): Promise<string[]>;
  /** Whether the sys tenant has this user, whose name may stand with `@sys`. */
  hasUser(name: string): Promise<boolean>;
  /** Makes a user that may read the tables of the database `oceanbase`, nothing else. RangeError for a backslash in it. */
  createReader(name: string, password: string): Promise<void>;
  /** Nothing when there is no such user. */
  dropUser(name: string): Promise<void>;
  close(): void;
}

/**
 * Logs in to the sys tenant. Throws SqlError (errno 1045 = refused), SqlConnectionError or AddressDenied, and PermanentError
 * for a user of another tenant.
 */
export async function openObserver(target: ObserverTarget): Promise<ObserverSession> {
  const session = await openSqlSession({
    to: { ip: target.ip, port: target.sqlPort, addresses: target.addresses },
    user: sysLogin(target.user),
    password: target.password,
    timeoutMs: target.timeoutMs ?? 3_000,
    ...(target.signal === undefined ? {} : { signal: target.signal }),
  });
  return observer(session);
}

/** Dotted version of the server behind a session; '' when it does not tell. Throws what could not be asked. */
export async function serverVersion(session: Pick<SqlSession, 'query'>): Promise<string> {
  // ob_version() answers the bare version from 3.x on; version() is older and has words in front of it.
  for (const expression of ['ob_version()', 'version()']) {
    try {
      const rows = await session.query(`SELECT ${expression} AS version`);
      const text = rows[0] === undefined ? '' : columnText(rows[0], 'version');
      const found = /(\d+(?:\.\d+)+)[^.\d]*$/.exec(text)?.[1];
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof SqlError) || couldNotAsk(error)) throw error;
    }
  }
  return '';
}

function observer(session: SqlSession): ObserverSession {
  return {
    version: () => serverVersion(session),
    async servers(version) {
      const sql = isAtLeast(version, '4.0')
        ? 'SELECT SVR_IP AS ip, SQL_PORT AS port, STATUS AS status FROM oceanbase.DBA_OB_SERVERS'
        : 'SELECT svr_ip AS ip, inner_port AS port, status AS status FROM oceanbase.__all_server';
      return (await session.query(sql)).map((row) => ({
        ip: canonicalHost(columnText(row, 'ip')),
        sqlPort: Number(columnText(row, 'port')),
        status: columnText(row, 'status'),
      }));
    },
    async clusterName(version) {
      try {
        const [row] = await session.query(parameterSql(version, 'cluster'));
        return row === undefined ? undefined : columnText(row, 'value');
      } catch (error) {
        if (!(error instanceof SqlError) || couldNotAsk(error)) throw error;
        return undefined;
      }
    },
    async grants() {
      return (await session.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0] ?? ''));
    },
    async hasUser(name) {
      return (await session.query(sysUserSql(name))).length > 0;
    },
    async createReader(name, password) {
      const user = sysUser(name);
      await session.query(`CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY ${sqlText(password)}`);
      await session.query(`GRANT SELECT ON oceanbase.* TO ${user}`);
    },
    async dropUser(name) {
      if (await this.hasUser(name)) await session.query(`DROP USER ${sysUser(name)}`);
    },
    close: () => session.close(),
  };
}
