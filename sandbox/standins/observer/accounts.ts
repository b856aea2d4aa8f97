/** Users of the sys tenant with their privileges, and the statements that change them. */
import { createHash } from 'node:crypto';
import type { SqlError } from '../mysql/server';

export interface Account {
  passwordSha1: string;
  /** Privileges by level: `*.*`, `oceanbase.*` … → upper-case privileges. */
  readonly grants: Map<string, Set<string>>;
}

/** An account as it lies in a file: the SHA-1 of the password, never the password. */
export interface StoredAccount {
  readonly name: string;
  readonly passwordSha1: string;
  readonly grants: readonly (readonly [string, readonly string[]])[];
}

/** Thrown with the error packet to answer. */
export class SqlRefusal extends Error {
  constructor(readonly error: SqlError) {
    super(error.message);
  }
}

export function refuse(code: number, message: string): never {
  throw new SqlRefusal({ code, message });
}

/** A word, or a quoted name with an optional host part that OceanBase ignores here. */
const USER = String.raw`(?:'([^']+)'|"([^"]+)"|${'`([^`]+)`'}|([A-Za-z_]\w*))(?:@(?:'[^']*'|"[^"]*"|%))?`;
const LITERAL = String.raw`(?:'((?:[^'\\]|\\.|'')*)'|"((?:[^"\\]|\\.|"")*)")`;

function unquoted(single: string | undefined, double: string | undefined): string {
  const text = single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? '';
  return text.replace(/\\(.)/gs, '$1');
}

function sha1(plain: string): string {
  return plain === '' ? '' : createHash('sha1').update(plain).digest('hex');
}

export class Accounts {
  private readonly accounts = new Map<string, Account>();

  /** `users` maps `name` or `name@sys` to a plain password. Only root may do everything. */
  constructor(users: Readonly<Record<string, string>>, grants: Readonly<Record<string, readonly string[]>>) {
    for (const [login, password] of Object.entries(users)) {
      const name = login.split('@')[0] ?? login;
      const account: Account = { passwordSha1: sha1(password), grants: new Map() };
      this.accounts.set(name, account);
      const given = grants[name] ?? (name === 'root' ? ['*.*'] : ['oceanbase.*']);
      for (const level of given) account.grants.set(level, new Set([name === 'root' ? 'ALL' : 'SELECT']));
    }
  }

  static restored(stored: readonly StoredAccount[]): Accounts {
    const accounts = new Accounts({}, {});
    for (const { name, passwordSha1, grants } of stored)
      accounts.accounts.set(name, {
        passwordSha1,
        grants: new Map(grants.map(([level, privileges]) => [level, new Set(privileges)])),
      });
    return accounts;
  }

  stored(): StoredAccount[] {
    return [...this.accounts].map(([name, { passwordSha1, grants }]) => ({
      name,
      passwordSha1,
      grants: [...grants].map(([level, privileges]) => [level, [...privileges]] as const),
    }));
  }

  names(): string[] {
    return [...this.accounts.keys()];
  }

  find(name: string): Account | undefined {
    return this.accounts.get(name);
  }

  /** Privileges as they are now; a session keeps the copy of its login (grants reach later logins only). */
  privilegesOf(name: string): ReadonlyMap<string, ReadonlySet<string>> {
    const grants = this.accounts.get(name)?.grants ?? new Map<string, Set<string>>();
    return new Map([...grants].map(([level, privileges]) => [level, new Set(privileges)]));
  }

  /** Rows of SHOW GRANTS, in OceanBase's form (no host behind the user). */
  grantsOf(name: string): string[] {
    const grants = this.accounts.get(name)?.grants ?? new Map<string, Set<string>>();
    const lines = [...grants].map(([level, privileges]) => {
      const on = level === '*.*' ? level : level.replace(/^(\w+)\./, '`$1`.');
      if (privileges.has('ALL')) return `GRANT ALL PRIVILEGES ON ${on} TO '${name}' WITH GRANT OPTION`;
      return `GRANT ${[...privileges].join(', ')} ON ${on} TO '${name}'`;
    });
    return grants.has('*.*') ? lines : [`GRANT USAGE ON *.* TO '${name}'`, ...lines];
  }

  /**
   * CREATE USER, ALTER USER, DROP USER, GRANT, REVOKE; the caller has checked who asks. False when the statement is
   * none of these; throws SqlRefusal with OceanBase's number.
   */
  change(sql: string): boolean {
    return this.createUser(sql) || this.alterUser(sql) || this.dropUser(sql) || this.grant(sql);
  }

  private createUser(sql: string): boolean {
    const form = new RegExp(
      `^create\\s+user\\s+(if\\s+not\\s+exists\\s+)?${USER}(?:\\s+identified\\s+by\\s+${LITERAL})?$`,
      'is',
    );
    const match = form.exec(sql);
    if (match === null) return false;
    const name = match[2] ?? match[3] ?? match[4] ?? match[5] ?? '';
    if (this.accounts.has(name)) {
      if (match[1] !== undefined) return true;
      refuse(1396, `Operation CREATE USER failed for '${name}'@'%'`);
    }
    this.accounts.set(name, { passwordSha1: sha1(unquoted(match[6], match[7])), grants: new Map() });
    return true;
  }

  private alterUser(sql: string): boolean {
    const match = new RegExp(`^alter\\s+user\\s+${USER}\\s+identified\\s+by\\s+${LITERAL}$`, 'is').exec(sql);
    if (match === null) return false;
    const name = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
    const account = this.accounts.get(name);
    if (account === undefined) refuse(1396, `Operation ALTER USER failed for '${name}'@'%'`);
    account.passwordSha1 = sha1(unquoted(match[5], match[6]));
    return true;
  }

  private dropUser(sql: string): boolean {
    const match = new RegExp(`^drop\\s+user\\s+${USER}$`, 'is').exec(sql);
    if (match === null) return false;
    const name = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
    if (!this.accounts.delete(name)) refuse(1396, `Operation DROP USER failed for '${name}'@'%'`);
    return true;
  }

  private grant(sql: string): boolean {
    const form = new RegExp(
      `^(grant|revoke)\\s+([a-z ,]+?)\\s+on\\s+([\`\\w$]+|\\*)\\.(\\*|[\`\\w$]+)\\s+(?:to|from)\\s+${USER}(\\s+with\\s+grant\\s+option)?$`,
      'is',
    );
    const match = form.exec(sql);
    if (match === null) return false;
    const [, verb = '', list = '', database = '', table = ''] = match;
    const name = match[5] ?? match[6] ?? match[7] ?? match[8] ?? '';
    const account = this.accounts.get(name);
    if (account === undefined) refuse(1410, 'You are not allowed to create a user with GRANT');
    const level = `${database}.${table}`.replaceAll('`', '').toLowerCase();
    const privileges = list
      .toUpperCase()
      .replace(/\s+PRIVILEGES\b/, '')
      .split(/\s*,\s*/);
    if (verb.toLowerCase() === 'revoke') {
      for (const privilege of privileges) account.grants.get(level)?.delete(privilege);
      if (account.grants.get(level)?.size === 0) account.grants.delete(level);
    } else account.grants.set(level, new Set([...(account.grants.get(level) ?? []), ...privileges]));
    return true;
  }
}
