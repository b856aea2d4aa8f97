/** Users, their access keys, and who may not log in for now. */
import type { Page, PageRequest } from './paging';

export interface User {
  readonly id: number;
  readonly name: string;
}

/** A user as administrators see it. */
export interface UserRow extends User {
  readonly enabled: boolean;
  /** Names of OCP's default roles, sorted. */
  readonly roles: readonly string[];
  readonly createTime: string;
}

/** A login by password, or by a session that began with one. */
export interface PasswordBasis {
  readonly userId: number;
  /** Of the stored hash, so another password is another digest. */
  readonly passwordDigest: string;
  readonly sessionDigest?: string;
}

/** What a login rests on, and with what it ends. Holds no secret. */
export type LoginBasis = PasswordBasis | { readonly userId: number; readonly accessKeyId: number };

/** Somebody whose password, session or signature fitted. */
export interface KnownUser extends User {
  readonly roles: readonly string[];
  readonly basis: LoginBasis;
}

/** Somebody whose password, or a session that began with it, fitted. */
export interface PasswordUser extends KnownUser {
  readonly basis: PasswordBasis;
}

/** Runs the expensive part of a password check (scrypt), when its turn comes; may refuse by throwing. */
export type RunCheck = (check: () => Promise<boolean>) => Promise<boolean>;

/** What may be changed of a user; absent fields stay. */
export interface UserChange {
  readonly password?: string;
  readonly roles?: readonly string[];
  readonly enabled?: boolean;
}

export interface Users {
  /** Makes `admin` (id 100, role ADMIN) when no user exists; returns whether it did. */
  ensureAdmin(password: string): Promise<boolean>;
  /**
   * The user when the password fits and the user is enabled, else undefined. The time it takes does not tell whether
   * the user exists.
   */
  verify(name: string, password: string, runCheck?: RunCheck): Promise<PasswordUser | undefined>;
  /** Enabled at once. Throws DuplicateError when the name is taken, whatever its case. */
  add(user: { name: string; password: string; roles: readonly string[] }): Promise<UserRow>;
  find(id: number): Promise<UserRow | undefined>;
  /**
   * The roles that each of these logins has now; undefined for one that would be refused now: the user is gone or
   * disabled, has another password, or the session or access key is over.
   */
  rolesUnder(logins: readonly LoginBasis[]): Promise<(readonly string[] | undefined)[]>;
  /** Whether there is a user of exactly this name. */
  exists(name: string): Promise<boolean>;
  /** Sort fields: id, name, createTime. */
  list(page: PageRequest): Promise<Page<UserRow>>;
  /**
   * Undefined when there is no such user. Throws LastAdminError, changing nothing, when no enabled user with the role
   * ADMIN would be left.
   */
  change(id: number, change: UserChange): Promise<UserRow | undefined>;
  /** With the user's access keys. Returns whether there was such a user. Throws LastAdminError. */
  remove(id: number): Promise<boolean>;
}

export interface AccessKeyRow {
  readonly id: number;
  readonly accessKeyId: string;
  readonly userId: number;
  readonly description: string | null;
  readonly enabled: boolean;
  readonly createTime: string;
  /** About an hour exact; null when it was never used. */
  readonly lastUsedTime: string | null;
}

/** What a signature is checked with. */
export interface SigningKey {
  readonly id: number;
  readonly user: KnownUser;
  readonly secret: string;
  readonly lastUsedTime: string | null;
}

export interface AccessKeys {
  /** Makes a pair; the secret is in this answer and never again. Throws RangeError when the user has `most` already. */
  add(
    userId: number,
    description: string | null,
    most: number,
  ): Promise<{ key: AccessKeyRow; secret: string }>;
  ofUser(userId: number): Promise<AccessKeyRow[]>;
  /** Undefined when the user has no such key. */
  setEnabled(userId: number, id: number, enabled: boolean): Promise<AccessKeyRow | undefined>;
  /** Returns whether the user had such a key. */
  remove(userId: number, id: number): Promise<boolean>;
  /** Undefined when there is none, or it or its user is disabled. */
  forSigning(accessKeyId: string): Promise<SigningKey | undefined>;
  /** Notes the use; not to be called for every request. */
  used(id: number): Promise<void>;
}

export interface UsedSignatures {
  /**
   * Keeps the digest until the given ISO time; false when it is kept already, by whichever process. Forgets expired
   * ones now and then.
   */
  claim(digest: string, expireTime: string): Promise<boolean>;
  /** Forgets expired ones; resolves to their number. */
  deleteExpired(): Promise<number>;
}

/** Logins that last: 12 hours, and an hour after the last request. */
export interface Sessions {
  /**
   * Begins a session; its token is in this answer and never again, for only a digest of it is stored. Of one user 50 are
   * kept. `now` in milliseconds since 1970, here and below.
   */
  begin(login: PasswordBasis, now: number): Promise<string>;
  /** Whose session it is, and notes its use; undefined when it is over, or its user is disabled or has another password. */
  find(token: string, now: number): Promise<PasswordUser | undefined>;
  /** Notes the use of sessions (by `sessionDigest`); not to be called for every request. */
  used(digests: readonly string[], now: number): Promise<void>;
  /** Ends it at once, and answers whose it was. */
  end(token: string): Promise<User | undefined>;
  /** Forgets what is over; resolves to their number. */
  deleteExpired(now: number): Promise<number>;
}

/** Who tries to log in, from where. */
export interface LoginAttempt {
  /** User name or access key id. */
  readonly subject: string;
  /** IP address; IPv6 addresses of one /64 count as one. */
  readonly address: string;
}

export interface LoginState {
  /** Milliseconds since 1970 until which this attempt is refused; 0 when it is not. */
  readonly blockedUntil: number;
  /** Many failed at this subject from many places: attempts from places unknown to it are to be slowed down. */
  readonly slow: boolean;
  /** A success would change nothing that is stored. */
  readonly settled: boolean;
}

export interface LoginAttempts {
  /** `now` in milliseconds since 1970, here and below. */
  look(attempt: LoginAttempt, now: number): Promise<LoginState>;
  /**
   * Counts a wrong password or signature, and answers the state after it. `sameAgain`: the very password that was
   * wrong before. That is no guess; it counts for the address alone, so that a forgotten client does not keep the
   * person out whose old password it sends.
   */
  failed(attempt: LoginAttempt, now: number, sameAgain?: boolean): Promise<LoginState>;
  /**
   * Forgets the failures of this subject at this address, and remembers for 30 days that it belongs there. Not to be
   * called when the state was `settled`: a poller would write all day.
   */
  succeeded(attempt: LoginAttempt, now: number): Promise<void>;
  /** Forgets what counts no more; resolves to the number of rows. */
  deleteExpired(now: number): Promise<number>;
}
