import type { Kysely } from 'kysely';
import type { Schema } from './schema';

/** What a repository works on: the database itself, or the transaction it is bound to. */
export interface Scope {
  readonly db: Kysely<Schema>;
  /** Several statements as one: in a write transaction of its own, or joining the one it is bound to. */
  write<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
}
