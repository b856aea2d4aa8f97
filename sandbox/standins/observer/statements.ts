/** Logins and statements of the sys tenant, as far as linking a proxy and growing a cluster need them. */
import type { Answer, Login, LoginAnswer } from '../mysql/server';
import { type Accounts, refuse, SqlRefusal } from './accounts';
import { type AdminStatement, parseAdminStatement } from './adminStatement';
import type { Tables } from './tables';

export interface Session {
  readonly user: string;
  /** As they were at the login. */
  readonly privileges: ReadonlyMap<string, ReadonlySet<string>>;
  database: string;
  /** Minutes east of UTC; times of 4.x are shown in it. */
  timeZone: number;
}

/** What time_zone is unless set: +08:00 (OceanBase documentation, system variable time_zone). */
const DEFAULT_TIME_ZONE = 480;

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

/** COM_INIT_DB and USE. */
export function useDatabase(session: Session, name: string): Answer {
  if (!DATABASES.has(name.toLowerCase()))
    return { kind: 'error', error: { code: 1049, message: `Unknown database '${name}'` } };
  session.database = name.toLowerCase();
  return { kind: 'ok' };
}

/** SET, USE and the like, which concern the session alone; undefined for everything else. */
export function sessionStatement(session: Session, text: string): Answer | undefined {
  const sql = bareStatement(text);
  const use = /^use\s+`?(\w+)`?$/i.exec(sql);
  if (use !== null) return useDatabase(session, use[1] ?? '');
  if (!/^(set|begin|commit|rollback)\b/i.test(sql)) return undefined;
  const zone = /\btime_zone\s*=\s*['"]([+-])(\d{1,2}):(\d\d)['"]/i.exec(sql);
  if (zone !== null) session.timeZone = (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3]));
  return { kind: 'ok' };
}

/** Comments in front and semicolons behind taken away. */
export function bareStatement(text: string): string {
  return text
    .trim()
    .replace(/^(?:\/\*.*?\*\/\s*)+/s, '')
    .replace(/[;\s]+$/, '');
}

/** An account as a login needs it. */
export interface LoginAccount {
  readonly passwordSha1: string;
  readonly privileges: ReadonlyMap<string, ReadonlySet<string>>;
}

/** `name[@tenant][#cluster]` taken apart; without a tenant it is sys. */
export function loginName(user: string): { name: string; tenant: string; cluster: string | undefined } {
  const [account = '', cluster] = user.split('#');
  const [name = '', tenant = 'sys'] = account.split('@');
  return { name, tenant, cluster };
}

/** Checks password, tenant, cluster and database. A tenant that does not exist is answered like a wrong password. */
export function admit(
  login: Login,
  account: LoginAccount | undefined,
  clusterName: string,
): LoginAnswer<Session> & object {
  const { name, tenant, cluster } = loginName(login.user);
  const hash = account?.passwordSha1;
  const known = hash !== undefined && (hash === '' ? login.withoutPassword : login.matches(hash));
  if (account === undefined || !known || tenant !== 'sys' || (cluster ?? clusterName) !== clusterName) {
    const using = login.withoutPassword ? 'NO' : 'YES';
    return {
      error: {
        code: 1045,
        message: `Access denied for user '${name}'@'${login.address}' (using password: ${using})`,
      },
    };
  }
  if (!DATABASES.has(login.database.toLowerCase()))
    return { error: { code: 1049, message: `Unknown database '${login.database}'` } };
  return {
    session: {
      user: name,
      privileges: account.privileges,
      database: login.database.toLowerCase(),
      timeZone: DEFAULT_TIME_ZONE,
    },
  };
}

export interface StatementParts {
  readonly accounts: Accounts;
  readonly tables: () => Promise<Tables>;
  readonly versionComment: string;
  readonly serverVersion: string;
  /** ALTER SYSTEM; undefined where there is no root service. Throws SqlRefusal. */
  readonly administer?: (statement: AdminStatement) => Promise<void>;
  /** Users or grants have changed. */
  readonly usersChanged?: () => void;
  /** ALTER TENANT sys PRIMARY_ZONE; undefined where there is no root service. Throws SqlRefusal. */
  readonly placeLeaders?: (primaryZone: string) => void;
}

export class Statements {
  constructor(private readonly parts: StatementParts) {}

  async answer(session: Session, text: string): Promise<Answer> {
    try {
      return await this.run(session, bareStatement(text));
    } catch (error) {
      if (error instanceof SqlRefusal) return { kind: 'error', error: error.error };
      throw error;
    }
  }

  private async run(session: Session, sql: string): Promise<Answer> {
    const own = sessionStatement(session, sql);
    if (own !== undefined) return own;
    if (/^select\b/i.test(sql)) return this.select(session, sql);
    const grants = /^show\s+grants(?:\s+for\s+'?([\w]+)'?(?:@'?%'?)?)?$/i.exec(sql);
    if (grants !== null) return this.showGrants(session, grants[1] ?? session.user);
    const variables = /^show\s+(?:global\s+|session\s+)?variables\s+like\s+'([^']*)'$/i.exec(sql);
    if (variables !== null) return this.showVariable(variables[1] ?? '');
    const parameters = /^show\s+parameters(?:\s+like\s+'([^']*)')?(?:\s+tenant\s*=\s*'?([\w$-]+)'?)?$/i.exec(
      sql,
    );
    if (parameters !== null)
      return {
        kind: 'rows',
        ...(await this.parts.tables()).showParameters(parameters[1] ?? '%', parameters[2]),
      };
    if (/^(create|alter|drop)\s+user\b|^(grant|revoke)\b/i.test(sql)) {
      if (!isRootLike(session))
        refuse(
          1227,
          'Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation',
        );
      if (this.parts.accounts.change(sql)) {
        this.parts.usersChanged?.();
        return { kind: 'ok' };
      }
    }
    const primary = /^alter\s+tenant\s+`?sys`?\s+(?:set\s+)?primary_zone\s*=\s*'([^']*)'$/i.exec(sql);
    if (primary !== null && this.parts.placeLeaders !== undefined && isRootLike(session)) {
      this.parts.placeLeaders(primary[1] ?? '');
      return { kind: 'ok' };
    }
    if (/^alter\s+system\b/i.test(sql) && this.parts.administer !== undefined)
      return this.administer(session, sql, this.parts.administer);
    return refuse(1064, 'You have an error in your SQL syntax; check the manual for OceanBase');
  }

  private async administer(
    session: Session,
    sql: string,
    run: (statement: AdminStatement) => Promise<void>,
  ): Promise<Answer> {
    const granted = session.privileges.get('*.*');
    if (granted?.has('ALL') !== true && granted?.has('ALTER SYSTEM') !== true)
      refuse(
        1227,
        'Access denied; you need (at least one of) the ALTER SYSTEM privilege(s) for this operation',
      );
    const statement = parseAdminStatement(sql);
    if (statement === undefined)
      refuse(1064, 'You have an error in your SQL syntax; check the manual for OceanBase');
    await run(statement);
    return { kind: 'ok' };
  }

  private async select(session: Session, sql: string): Promise<Answer> {
    // Every table read must be allowed; the first one that is not is named (1142), as OceanBase does.
    for (const match of sql.matchAll(/\b(?:from|join)\s+(?:`?(\w+)`?\s*\.\s*)?[`"]?([\w$]+)/gi)) {
      const database = (match[1] ?? session.database).toLowerCase();
      const table = match[2] ?? '';
      if (database === '' && table.toLowerCase() !== 'dual') refuse(1046, 'No database selected');
      if (database !== '' && database !== 'information_schema' && !may(session, 'SELECT', database))
        refuse(1142, `SELECT command denied to user '${session.user}'@'%' for table '${table}'`);
    }
    const { columns, rows } = (await this.parts.tables()).select(sql, session.timeZone);
    return { kind: 'rows', columns, rows };
  }

  private showGrants(session: Session, name: string): Answer {
    if (name !== session.user && !may(session, 'SELECT', 'mysql'))
      refuse(1142, `SELECT command denied to user '${session.user}'@'%' for table 'user'`);
    if (this.parts.accounts.find(name) === undefined)
      refuse(1141, `There is no such grant defined for user '${name}' on host '%'`);
    return {
      kind: 'rows',
      columns: [`Grants for ${name}@%`],
      rows: this.parts.accounts.grantsOf(name).map((line) => [line]),
    };
  }

  private showVariable(like: string): Answer {
    const known: Record<string, string> = {
      version_comment: this.parts.versionComment,
      version: this.parts.serverVersion,
    };
    const value = known[like];
    return {
      kind: 'rows',
      columns: ['Variable_name', 'Value'],
      rows: value === undefined ? [] : [[like, value]],
    };
  }
}
