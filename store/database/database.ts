import { resolve } from 'node:path';
import { Kysely, type Migration, Migrator, sql } from 'kysely';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { obflowVersion } from '../../runtime/version';
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

export interface ConnectOptions {
  /** Milliseconds that a statement waits for another writer; default 10 000. */
  readonly lockTimeoutMs?: number;
  /** How PostgreSQL's pg_stat_activity names the connections; default `obflow`. */
  readonly applicationName?: string;
}

/**
 * Connects lazily; nothing is opened before the first query. `databaseUrl` is `file:/abs/path` (taken literally,
 * nothing in it is decoded) or `postgres://…`. Throws PermanentError for anything else.
 */
export function connectDatabase(databaseUrl: string, options: ConnectOptions = {}): Database {
  const file = sqliteFile(databaseUrl);
  if (file !== undefined) {
    return {
      kind: 'sqlite',
      db: new Kysely<Schema>({ dialect: new LibsqlDialect(file, options.lockTimeoutMs) }),
      // `begin immediate` has it.
      lockWriters: async () => undefined,
    };
  }
  if (/^postgres(ql)?:\/\//.test(databaseUrl)) {
    return {
      kind: 'postgres',
      db: new Kysely<Schema>({ dialect: new PgDialect(databaseUrl, nameOf(databaseUrl), options) }),
      // READ COMMITTED: statements after this one see what the previous holder committed.
      lockWriters: async (transaction) => {
        await transaction.selectFrom('write_lock').select('id').forUpdate().execute();
      },
    };
  }
  throw new PermanentError({
    type: 'DatabaseUrlInvalid',
    tried: say('store.open'),
    cameBack: say('store.oddUrl'),
    next: say('next.setDatabaseUrl'),
  });
}

/** The file of a `file:` URL; undefined for any other. */
export function sqliteFile(databaseUrl: string): string | undefined {
  if (!databaseUrl.startsWith('file:')) return undefined;
  return resolve(databaseUrl.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
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

/** As long as Kysely waits on PostgreSQL. */
const LONGEST_MIGRATION_MS = 60 * 60 * 1000;

export interface MigrateOptions {
  /** Called once when it takes longer than `waitingAfterMs` (3 s): mostly another process is at it. */
  readonly onWaiting?: () => void;
  readonly waitingAfterMs?: number;
  /** Default: those of this version. */
  readonly migrations?: Record<string, Migration>;
}

/**
 * Brings the schema up to date and answers what it applied, none when it was up to date. Of processes that start
 * together one does it and the others wait: PostgreSQL by Kysely's advisory lock, SQLite by the immediate
 * transaction. Throws PermanentError DatabaseNewer when a newer version has changed the schema.
 */
export async function migrate(database: Database, options: MigrateOptions = {}): Promise<string[]> {
  const known = options.migrations ?? migrations(database.kind);
  const migrator = new Migrator({ db: database.db, provider: { getMigrations: async () => known } });
  const waiting = setTimeout(() => options.onWaiting?.(), options.waitingAfterMs ?? 3_000);
  try {
    for (const deadline = Date.now() + LONGEST_MIGRATION_MS; ; ) {
      const { error, results = [] } = await migrator.migrateToLatest();
      if (error === undefined) {
        const applied = results.map(({ migrationName }) => migrationName);
        if (applied.length > 0) await rememberVersion(database);
        return applied;
      }
      // A statement waits for SQLite's lock as long as any other; a migration may take longer than that.
      const held = error instanceof TransientError && error.type === 'DatabaseBusy';
      if (held && database.kind === 'sqlite' && Date.now() < deadline) continue;
      if (error instanceof Error && /corrupted migrations/.test(error.message)) {
        throw await newerDatabase(database, Object.keys(known), error);
      }
      throw error;
    }
  } finally {
    clearTimeout(waiting);
  }
}

const SCHEMA_VERSION = 'schema_of_obflow';

/** For the text that an older version shows when it meets this database. */
async function rememberVersion({ db }: Database): Promise<void> {
  const value = obflowVersion();
  await db
    .insertInto('settings')
    .values({ name: SCHEMA_VERSION, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

async function newerDatabase(
  { db }: Database,
  known: readonly string[],
  cause: Error,
): Promise<PermanentError> {
  const applied = await appliedMigrations(db);
  const unknown = applied.filter((name) => !known.includes(name));
  const by = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', SCHEMA_VERSION)
    .executeTakeFirst();
  const newer =
    by === undefined || by.value === obflowVersion() ? say('store.newerObflow') : `obflow ${by.value}`;
  const cameBack =
    unknown.length === 0
      ? cause.message
      : say('store.newerSchema', { newer, unknown: unknown.join(', '), version: obflowVersion() });
  return new PermanentError(
    {
      type: 'DatabaseNewer',
      tried: say('store.open'),
      cameBack,
      next: say('next.runNewer', { newer }),
    },
    { cause },
  );
}

/** Names of the migrations that this database has, in order; none when it is empty. */
export async function appliedMigrations(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
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
