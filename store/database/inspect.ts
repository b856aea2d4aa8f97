import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { sql } from 'kysely';
import { credentialsRepository } from '../credentials';
import { loadMasterKey } from '../masterKey';
import { appliedMigrations, connectDatabase, sqliteFile } from './database';
import { migrations } from './migrations';

/** What a look at a database found; nothing of it was changed, also not its schema. */
export interface DatabaseInspection {
  /** As it calls itself. */
  readonly version: string;
  /** Migrations of this version that it lacks, and those it has of a newer one. */
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
  /** Why nothing can be written. */
  readonly notWritable?: unknown;
  /** Milliseconds that its clock is ahead of this process's; undefined for SQLite, which has none of its own. */
  readonly clockAhead?: number;
  /** What was wrong with the master key, or how many credentials it opened. */
  readonly masterKey: { readonly opened: number } | { readonly error: unknown };
}

/**
 * Looks at the database as a process that starts would find it. Answers undefined when there is none yet (SQLite).
 * Throws TransientError or PermanentError when it cannot be reached.
 */
export async function inspectDatabase(options: {
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
}): Promise<DatabaseInspection | undefined> {
  const file = sqliteFile(options.databaseUrl);
  // Connecting would make it.
  if (file !== undefined && !(await exists(file))) return undefined;
  const database = connectDatabase(options.databaseUrl);
  const { db, kind } = database;
  try {
    const version = await (kind === 'sqlite'
      ? sql<{ version: string }>`select 'SQLite ' || sqlite_version() as version`
      : sql<{ version: string }>`select 'PostgreSQL ' || current_setting('server_version') as version`
    ).execute(db);
    const applied = await appliedMigrations(db);
    const known = Object.keys(migrations(kind));
    const missing = known.filter((name) => !applied.includes(name));
    const clockAhead = kind === 'postgres' ? await clockOffset(database) : undefined;
    const notWritable = missing.length > 0 ? undefined : await writeFault(database);
    return {
      version: version.rows[0]?.version ?? '',
      missing,
      unknown: applied.filter((name) => !known.includes(name)),
      ...(clockAhead === undefined ? {} : { clockAhead }),
      ...(notWritable === undefined ? {} : { notWritable }),
      masterKey: await openedBy(database, options.masterKeyFile, missing.length > 0),
    };
  } finally {
    await db.destroy();
  }
}

type Database = ReturnType<typeof connectDatabase>;

function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}

async function clockOffset({ db }: Database): Promise<number> {
  const before = Date.now();
  const { rows } = await sql<{ now: string }>`select extract(epoch from clock_timestamp()) as now`.execute(
    db,
  );
  const after = Date.now();
  return Math.round(Number(rows[0]?.now ?? 0) * 1000 - (before + after) / 2);
}

class Undo extends Error {}

/** Writes what is there already, in a transaction that is undone. */
async function writeFault({ db, lockWriters }: Database): Promise<unknown> {
  const undo = new Undo();
  try {
    await db.transaction().execute(async (transaction) => {
      await lockWriters(transaction);
      await transaction.insertInto('settings').values({ name: 'doctor', value: '' }).execute();
      throw undo;
    });
  } catch (error) {
    if (error !== undo) return error;
  }
  return undefined;
}

async function openedBy(
  { db }: Database,
  file: string,
  empty: boolean,
): Promise<DatabaseInspection['masterKey']> {
  try {
    const key = await loadMasterKey(file, false);
    if (empty) return { opened: 0 };
    const write = async () => {
      throw new Error('a look writes nothing');
    };
    const credentials = credentialsRepository({ db, write }, key);
    const rows = await db.selectFrom('credentials').select('id').execute();
    for (const { id } of rows) await credentials.open(id);
    return { opened: rows.length };
  } catch (error) {
    return { error };
  }
}
