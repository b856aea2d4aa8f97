/** What a database itself tells of its tables, the same for SQLite and PostgreSQL. */
import { sql } from 'kysely';
import type { Database } from './database';

export interface TableShape {
  readonly name: string;
  /** Sorted by name. */
  readonly columns: readonly string[];
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** Whether rows number themselves by their id. */
  readonly numbered: boolean;
}

/** Every table of obflow, each behind those it refers to. */
export async function tablesOf(database: Database): Promise<TableShape[]> {
  const names = (await database.db.introspection.getTables())
    .filter(({ isView }) => !isView)
    .map(({ name }) => name)
    .sort();
  const shapes = new Map<string, TableShape>();
  const parents = new Map<string, string[]>();
  for (const name of names) {
    shapes.set(name, await shapeOf(database, name));
    parents.set(name, await referencedBy(database, name));
  }
  const ordered = new Set<TableShape>();
  const visit = (name: string): void => {
    const shape = shapes.get(name);
    if (shape === undefined || ordered.has(shape)) return;
    shapes.delete(name);
    for (const parent of parents.get(name) ?? []) visit(parent);
    ordered.add(shape);
  };
  for (const name of names) visit(name);
  return [...ordered];
}

async function shapeOf({ kind, db }: Database, name: string): Promise<TableShape> {
  if (kind === 'sqlite') {
    const { rows } = await sql<{ name: string; pk: number }>`
      select name, pk from pragma_table_info(${name})`.execute(db);
    const { rows: made } = await sql<{ sql: string }>`
      select sql from sqlite_master where type = 'table' and name = ${name}`.execute(db);
    return {
      name,
      columns: rows.map((row) => row.name).sort(),
      key: rows
        .filter(({ pk }) => pk > 0)
        .sort((one, other) => one.pk - other.pk)
        .map((row) => row.name),
      numbered: /\bautoincrement\b/i.test(made[0]?.sql ?? ''),
    };
  }
  const { rows: columns } = await sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = ${name}::regclass and attnum > 0 and not attisdropped`.execute(db);
  const { rows: key } = await sql<{ name: string }>`
    select attname as name
    from pg_index
      cross join unnest(indkey) with ordinality as part (number, place)
      join pg_attribute on attrelid = indrelid and attnum = part.number
    where indrelid = ${name}::regclass and indisprimary
    order by place`.execute(db);
  const names = columns.map((column) => column.name).sort();
  const sequence = names.includes('id') ? await sequenceOf({ kind, db } as Database, name) : undefined;
  return { name, columns: names, key: key.map((column) => column.name), numbered: sequence !== undefined };
}

/** Of PostgreSQL: the sequence that numbers the table's rows. */
export async function sequenceOf({ db }: Pick<Database, 'db'>, table: string): Promise<string | undefined> {
  const { rows } = await sql<{ name: string | null }>`
    select pg_get_serial_sequence(${table}, 'id') as name`.execute(db);
  return rows[0]?.name ?? undefined;
}

async function referencedBy({ kind, db }: Database, name: string): Promise<string[]> {
  const query =
    kind === 'sqlite'
      ? sql<{ parent: string }>`select "table" as parent from pragma_foreign_key_list(${name})`
      : sql<{ parent: string }>`
          select parent.relname as parent
          from pg_constraint join pg_class parent on parent.oid = confrelid
          where conrelid = ${name}::regclass and contype = 'f'`;
  const { rows } = await query.execute(db);
  return rows
    .map(({ parent }) => parent)
    .filter((parent) => parent !== name)
    .sort();
}
