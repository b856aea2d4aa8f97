import { resolve } from 'node:path';
import { Kysely, Migrator, sql } from 'kysely';
import { PermanentError } from '../runtime/errors';
import { migrations } from './migrations';
import { PgDialect } from './postgres';
import type { Schema } from './schema';
import { LibsqlDialect } from './sqlite';

export type DatabaseKind = 'sqlite' | 'postgres';

export interface Database {
  readonly kind: DatabaseKind;
  readonly db: Kysely<Schema>;
  /** Makes the transaction the only writer until it ends; must be its first statement. */
  lockWriters(transaction: Kysely<Schema>): Promise<void>;
}

/**
 * Connects lazily; nothing is opened before the first query. `databaseUrl` is `file:/abs/path` (taken literally,
 * nothing in it is decoded) or `postgres://…`. Throws PermanentError for anything else.
 */
export function connectDatabase(databaseUrl: string): Database {
  if (databaseUrl.startsWith('file:')) {
    const file = resolve(databaseUrl.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
    return {
      kind: 'sqlite',
      db: new Kysely<Schema>({ dialect: new LibsqlDialect(file) }),
      // `begin immediate` has it.
      lockWriters: async () => undefined,
    };
  }
  if (/^postgres(ql)?:\/\//.test(databaseUrl)) {
    return {
      kind: 'postgres',
      db: new Kysely<Schema>({ dialect: new PgDialect(databaseUrl, nameOf(databaseUrl)) }),
      // READ COMMITTED: statements after this one see what the previous holder committed.
      lockWriters: async (transaction) => {
        await transaction.selectFrom('write_lock').select('id').forUpdate().execute();
      },
    };
  }
  throw new PermanentError({
    type: 'DatabaseUrlInvalid',
    tried: 'open the database',
    cameBack: 'its URL begins with neither file: nor postgres://',
    next: 'Set OBFLOW_DATABASE_URL to file:/path/obflow.db or postgres://user:password@host/database.',
  });
}

/** The database for people: no user, no password. */
function nameOf(databaseUrl: string): string {
  try {
    const url = new URL(databaseUrl);
    return `PostgreSQL ${decodeURIComponent(url.host)}${url.pathname}`;
  } catch {
    return 'PostgreSQL';
  }
}

/**
 * Brings the schema up to date. Processes that start together wait for each other: SQLite by the immediate
 * transaction, PostgreSQL by Kysely's advisory lock.
 */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database.db,
    provider: { getMigrations: async () => migrations(database.kind) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new PermanentError(
      {
        type: 'DatabaseNewer',
        tried: 'open the database',
        cameBack: error.message,
        next: 'It was used by a newer obflow; run that version.',
      },
      { cause: error },
    );
  }
  throw error;
}

/** Nested dry runs undo themselves by a savepoint. */
export async function undoing<T>(transaction: Kysely<Schema>, work: () => Promise<T>): Promise<T> {
  await sql`savepoint dry_run`.execute(transaction);
  try {
    return await work();
  } finally {
    await sql`rollback to savepoint dry_run`.execute(transaction);
    await sql`release savepoint dry_run`.execute(transaction);
  }
}
