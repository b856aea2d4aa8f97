import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Kysely, sql } from 'kysely';
import { PermanentError } from '../../runtime/errors';
import { appliedMigrations, connectDatabase, type Database, migrate, sqliteFile } from './database';
import { refuseWhenInUse } from './databaseUse';
import { migrations } from './migrations';
import type { Schema } from './schema';
import { sequenceOf, type TableShape, tablesOf } from './tables';

/** Rows that travel together. */
const PAGE = 200;
/** Rows that every new database has; they are replaced by those of the source. */
const SEEDED = ['write_lock', 'sequences', 'settings'];

export interface CopiedTable {
  readonly name: string;
  readonly rows: number;
  /** SHA-256 over the rows in the order of their keys, the same in source and target. */
  readonly digest: string;
}

export interface CopyDatabaseOptions {
  /** Database URLs as connectDatabase() takes them. */
  readonly from: string;
  readonly to: string;
  readonly onTable?: (table: CopiedTable) => void;
}

/**
 * Copies a whole inventory into an empty database of either kind: every row with its id, sealed secrets as they are
 * (the same master key opens them), and the numbers that new rows will get. All or nothing: what was written is read
 * again and compared by count and digest before the target commits; the source is only read.
 *
 * Throws PermanentError: DatabaseInUse when a process of obflow has either open, DatabaseNotEmpty, TasksRunning when a
 * task of the source is neither ended nor waiting for a person, SchemaDiffers when the source is not of this version,
 * DatabaseNewer, DatabasesSame, DatabaseMissing, CopyDiffers.
 */
export async function copyDatabase({ from, to, onTable }: CopyDatabaseOptions): Promise<CopiedTable[]> {
  if (from === to) {
    throw refusal('DatabasesSame', 'source and target are one database', 'Name another target.');
  }
  const file = sqliteFile(from);
  if (file !== undefined && !existsSync(file)) {
    throw refusal('DatabaseMissing', `there is no file ${file}`, 'Correct the URL of the source.');
  }
  const name = { applicationName: 'obflow migrate-database' };
  const source = connectDatabase(from, name);
  const target = connectDatabase(to, name);
  try {
    await refuseWhenInUse(source, file);
    await refuseWhenInUse(target, sqliteFile(to));
    await refuseOtherSchema(source);
    await refuseRunningTasks(source);
    await migrate(target);
    await refuseFilled(target);
    return await copy(source, target, onTable ?? (() => undefined));
  } finally {
    await source.db.destroy();
    await target.db.destroy();
  }
}

async function refuseOtherSchema(source: Database): Promise<void> {
  const own = Object.keys(migrations(source.kind));
  const applied = await appliedMigrations(source.db);
  if (applied.join() === own.sort().join()) return;
  const state =
    applied.length === 0
      ? 'it holds no inventory of obflow'
      : `its newest schema change is ${applied.at(-1)}, this obflow's is ${own.at(-1)}`;
  throw refusal(
    'SchemaDiffers',
    `the source is not of this version: ${state}`,
    'Start this version on it once (obflow up), stop it, and run this again.',
  );
}

async function refuseRunningTasks({ db }: Database): Promise<void> {
  const running = await db
    .selectFrom('tasks')
    .select('id')
    .where('closed', '=', 0)
    .where((or) => or.or([or('status', '=', 'RUNNING'), or('started', '=', 0)]))
    .orderBy('id')
    .execute();
  if (running.length === 0) return;
  const some = running.slice(0, 5).map(({ id }) => id);
  throw refusal(
    'TasksRunning',
    `${running.length} task(s) of the source are under way (${some.join(', ')}${running.length > 5 ? ', …' : ''})`,
    'Let them end with API and worker up, or until they wait for a person; stop both and run this again.',
  );
}

async function refuseFilled(target: Database): Promise<void> {
  const filled: string[] = [];
  for (const { name } of await tablesOf(target)) {
    if (!SEEDED.includes(name) && (await countOf(target.db, name)) > 0) filled.push(name);
  }
  const used = await target.db
    .selectFrom('sequences')
    .select('name')
    .where('name', 'in', ['task', 'subtask'])
    .where('next', '>', 1)
    .execute();
  const opened = await target.db
    .selectFrom('settings')
    .select('name')
    .where('name', '=', 'master_key_id')
    .execute();
  if (filled.length + used.length + opened.length === 0) return;
  const what = filled.length > 0 ? `rows in ${filled.join(', ')}` : 'been opened by an API or a worker';
  throw refusal(
    'DatabaseNotEmpty',
    `the target has ${what} already`,
    'Make an empty database and name that; nothing was changed.',
  );
}

async function copy(
  source: Database,
  target: Database,
  onTable: (table: CopiedTable) => void,
): Promise<CopiedTable[]> {
  const tables = await tablesOf(source);
  if (JSON.stringify(tables) !== JSON.stringify(await tablesOf(target))) {
    throw refusal(
      'SchemaDiffers',
      'the tables of source and target differ',
      'Report this with both versions.',
    );
  }
  return source.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((reader) =>
      target.db.transaction().execute(async (writer) => {
        for (const [{ kind }, db] of [[source, reader] as const, [target, writer] as const]) {
          // One side is idle while the other side is read through.
          if (kind === 'postgres') await sql`set local idle_in_transaction_session_timeout = 0`.execute(db);
        }
        for (const name of SEEDED) await sql`delete from ${sql.table(name)}`.execute(writer);
        const copied: CopiedTable[] = [];
        for (const table of tables) {
          const read = await readThrough(reader, table, (rows) => insert(writer, table, rows));
          const written = await readThrough(writer, table);
          if (read.rows !== written.rows || read.digest !== written.digest) {
            throw refusal(
              'CopyDiffers',
              `table ${table.name}: ${read.rows} rows read, ${written.rows} written, digests ${read.digest} and ${written.digest}`,
              'Nothing was kept in the target; report this.',
            );
          }
          if (table.numbered) {
            await setLastId(target.kind, writer, table.name, await lastId(source.kind, reader, table.name));
          }
          copied.push(read);
          onTable(read);
        }
        return copied;
      }),
    );
}

type Row = Readonly<Record<string, unknown>>;

/** Every row in the order of the key, page by page. */
async function readThrough(
  db: Kysely<Schema>,
  { name, columns, key }: TableShape,
  onPage: (rows: readonly Row[]) => Promise<void> = async () => undefined,
): Promise<CopiedTable> {
  const hash = createHash('sha256');
  const order = sql.join(key.map((column) => sql.ref(column)));
  let count = 0;
  for (let last: Row | undefined; ; ) {
    const after = last;
    const rest =
      after === undefined
        ? sql``
        : sql`where (${order}) > (${sql.join(key.map((column) => sql.val(after[column])))})`;
    const { rows } = await sql<Row>`
      select ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(name)} ${rest}
      order by ${order} limit ${sql.lit(PAGE)}`.execute(db);
    for (const row of rows) digest(hash, name, columns, row);
    count += rows.length;
    if (rows.length > 0) await onPage(rows);
    last = rows.at(-1);
    if (rows.length < PAGE) return { name, rows: count, digest: hash.digest('hex') };
  }
}

function digest(hash: Hash, table: string, columns: readonly string[], row: Row): void {
  const values = columns.map((column) => row[column]);
  const odd = values.findIndex((value) => value !== null && !['string', 'number'].includes(typeof value));
  // Both databases keep numbers and texts alike; anything else would need a rule of its own.
  if (odd >= 0) throw new Error(`column ${table}.${columns[odd]} holds neither number nor text`);
  hash.update(`${JSON.stringify(values)}\n`);
}

async function insert(
  db: Kysely<Schema>,
  { name, columns }: TableShape,
  rows: readonly Row[],
): Promise<void> {
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => sql.val(row[column])))})`);
  await sql`insert into ${sql.table(name)} (${sql.join(columns.map((column) => sql.ref(column)))})
    values ${sql.join(values)}`.execute(db);
}

/** The highest number that a row has ever had; 0 for none. */
async function lastId(kind: Database['kind'], db: Kysely<Schema>, table: string): Promise<number> {
  if (kind === 'sqlite') {
    const { rows } = await sql<{ seq: number }>`
      select seq from sqlite_sequence where name = ${table}`.execute(db);
    return rows[0]?.seq ?? 0;
  }
  const sequence = (await sequenceOf({ db }, table)) ?? '';
  const { rows } = await sql<{ last: number; called: boolean }>`
    select last_value as last, is_called as called from ${sql.raw(sequence)}`.execute(db);
  return rows[0]?.called === true ? rows[0].last : 0;
}

async function setLastId(
  kind: Database['kind'],
  db: Kysely<Schema>,
  table: string,
  last: number,
): Promise<void> {
  if (last === 0) return;
  if (kind === 'postgres') {
    await sql`select setval(pg_get_serial_sequence(${table}, 'id'), ${last})`.execute(db);
    return;
  }
  await sql`delete from sqlite_sequence where name = ${table}`.execute(db);
  await sql`insert into sqlite_sequence (name, seq) values (${table}, ${last})`.execute(db);
}

async function countOf(db: Kysely<Schema>, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

function refusal(type: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type, tried: 'copy the database', cameBack, next });
}
