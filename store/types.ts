/**
 * The inventory: what obflow knows. One interface a repository; rows come back as plain objects with camel-case
 * names, times as ISO-8601 UTC strings. Implemented on Kysely for SQLite (libsql) and PostgreSQL alike.
 */

import { SaidError } from '../runtime/errors';
import type { AccessKeys, LoginAttempts, Sessions, UsedSignatures, Users } from './types/access';
import type { Credentials, HostsRepository, Places } from './types/hosts';
import type { ObClusters, ObServers } from './types/obClusters';
import type { ObproxyRepository } from './types/obproxy';
import type { Leases, Observations } from './types/observations';
import type { Packages } from './types/packages';
import type { Audit, Idempotency } from './types/requests';
import type { Locks, Sequences, Tasks } from './types/tasks';
import type { TemporalOfTasks } from './types/temporal';
import type { Work } from './types/work';

export type * from './statuses';
export type * from './types/access';
export type * from './types/hosts';
export type * from './types/obClusters';
export type * from './types/obproxy';
export type * from './types/observations';
export type * from './types/packages';
export type * from './types/paging';
export type * from './types/requests';
export type * from './types/tasks';
export type * from './types/temporal';
export type * from './types/work';

export interface Store {
  readonly idempotency: Idempotency;
  readonly audit: Audit;
  readonly users: Users;
  readonly accessKeys: AccessKeys;
  readonly usedSignatures: UsedSignatures;
  readonly sessions: Sessions;
  readonly loginAttempts: LoginAttempts;
  readonly credentials: Credentials;
  readonly hosts: HostsRepository;
  readonly places: Places;
  readonly packages: Packages;
  readonly obClusters: ObClusters;
  readonly obServers: ObServers;
  readonly obproxy: ObproxyRepository;
  readonly tasks: Tasks;
  readonly locks: Locks;
  readonly work: Work;
  readonly observations: Observations;
  readonly leases: Leases;
  readonly sequences: Sequences;
  readonly temporal: TemporalOfTasks;
  /**
   * Runs `work` in one transaction. Writers wait for each other (first statement takes the one write lock), so
   * what a precondition saw still holds when the rows are written.
   */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** Never writes: for dry runs; everything `work` did is undone. */
  dryTransaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Thrown when a unique name or place is taken. */
export class DuplicateError extends SaidError {}

/** Thrown when a row cannot be deleted because others refer to it (package of a running proxy, cluster with proxies). */
export class InUseError extends SaidError {}

/** Thrown when a change would leave nobody who may administer. */
export class LastAdminError extends SaidError {}
