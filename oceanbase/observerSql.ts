/** What linking a proxy to an OceanBase cluster needs of an observer's SQL port; dialects of 2.x/3.x and 4.x. */
import type { AddressPolicy } from '../runtime/addresses';
import { columnText, openSqlSession, SqlError, type SqlSession } from './sqlSession';
import { sqlText } from './sqlText';
import { isAtLeast } from './versions';

/** MySQL's and OceanBase's number for a refused login: wrong password, unknown user or unknown tenant alike. */
export const ACCESS_DENIED = 1045;
const USER_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

export interface ObserverTarget {
  readonly ip: string;
  readonly sqlPort: number;
  readonly addresses: AddressPolicy;
  /** Without tenant; the login is `<user>@sys`. */
  readonly user: string;
  readonly password: string;
  /** For the login and for each statement; default 3 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ObserverServer {
  readonly ip: string;
  readonly sqlPort: number;
  readonly status: string;
}

export interface ObserverSession {
  /** Dotted version, e.g. `4.2.1.0`; '' when the server does not tell. */
  version(): Promise<string>;
  /** Servers as the sys tenant's tables list them; fails with an SqlError when the user may not read them. */
  servers(version: string): Promise<ObserverServer[]>;
  /** The user's own grants, one statement each. */
  grants(): Promise<string[]>;
  hasUser(name: string): Promise<boolean>;
  /** Makes a user that may read the tables of the database `oceanbase`, nothing else. RangeError for a backslash in it. */
  createReader(name: string, password: string): Promise<void>;
  close(): void;
}

/** The name when it may stand in a login or a statement; RangeError otherwise. */
export function userName(name: string): string {
  if (!USER_NAME.test(name)) throw new RangeError('not the name of an OceanBase user');
  return name;
}

/** Logs in to the sys tenant. Throws SqlError (errno 1045 = refused), SqlConnectionError or AddressDenied. */
export async function openObserver(target: ObserverTarget): Promise<ObserverSession> {
  const session = await openSqlSession({
    to: { ip: target.ip, port: target.sqlPort, addresses: target.addresses },
    user: `${userName(target.user)}@sys`,
    password: target.password,
    timeoutMs: target.timeoutMs ?? 3_000,
    ...(target.signal === undefined ? {} : { signal: target.signal }),
  });
  return observer(session);
}

/** Dotted version of the server behind a session; '' when it does not tell. */
export async function serverVersion(session: SqlSession): Promise<string> {
  // ob_version() answers the bare version from 3.x on; version() is older and has words in front of it.
  for (const expression of ['ob_version()', 'version()']) {
    try {
      const rows = await session.query(`SELECT ${expression} AS version`);
      const text = rows[0] === undefined ? '' : columnText(rows[0], 'version');
      const found = /(\d+(?:\.\d+)+)[^.\d]*$/.exec(text)?.[1];
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
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
        ip: columnText(row, 'ip'),
        sqlPort: Number(columnText(row, 'port')),
        status: columnText(row, 'status'),
      }));
    },
    async grants() {
      return (await session.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0] ?? ''));
    },
    async hasUser(name) {
      const sql = `SELECT user_name FROM oceanbase.__all_user WHERE user_name = ${sqlText(userName(name))}`;
      return (await session.query(sql)).length > 0;
    },
    async createReader(name, password) {
      const user = userName(name);
      await session.query(`CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY ${sqlText(password)}`);
      await session.query(`GRANT SELECT ON oceanbase.* TO ${user}`);
    },
    close: () => session.close(),
  };
}
