import { type Expression, type OrderByItemBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { PageRequest } from '../types';

/** Longer than any name that is stored; SQLite refuses patterns beyond 50 000 bytes. */
const LONGEST_PART = 1000;

/**
 * `column` contains `part`, whatever the case of its ASCII letters; %, _ and backslashes in it mean themselves.
 */
export function contains(column: string, part: string): RawBuilder<SqlBool> {
  if (part.length > LONGEST_PART) return sql<SqlBool>`1 = 0`;
  const lower = part.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const pattern = `%${lower.replace(/[!%_]/g, '!$&')}%`;
  return sql<SqlBool>`lower(${sql.ref(column)}) like ${pattern} escape '!'`;
}

export interface PageOf {
  readonly limit: number;
  readonly offset: number;
  /** Raw expressions for orderBy: the asked field, then the id, so that pages never overlap. */
  readonly order: readonly ({ readonly column: Expression<unknown> } & Order)[];
}

export interface Order {
  readonly descending: boolean;
  /** Whether the column may hold nulls. */
  readonly nulls: boolean;
}

/**
 * Limit, offset and order of a page. `fields` maps the repository's sort fields to columns and has `id`; `nullable`
 * are those of the columns that may hold nulls, all but `id` unless it is given.
 * Throws RangeError for an unknown field or a page or size that is no positive integer.
 */
export function pageOf(
  request: PageRequest,
  fields: Readonly<Record<string, string>>,
  byDefault: { readonly descending: boolean; readonly nullable?: readonly string[] },
): PageOf {
  for (const name of ['page', 'size'] as const) {
    if (!Number.isSafeInteger(request[name]) || request[name] < 1) {
      throw new RangeError(`${name} must be a positive integer, not ${request[name]}`);
    }
  }
  const field = request.sort?.field ?? 'id';
  const descending = request.sort?.descending ?? byDefault.descending;
  const column = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const id = fields.id;
  if (column === undefined || id === undefined) {
    throw new RangeError(`Cannot sort by "${field}"; sort fields are ${Object.keys(fields).join(', ')}`);
  }
  const columns = column === id ? [id] : [column, id];
  return {
    limit: request.size,
    offset: Math.min((request.page - 1) * request.size, Number.MAX_SAFE_INTEGER),
    order: columns.map((name) => ({
      column: sql.ref(name),
      descending,
      nulls: byDefault.nullable?.includes(name) ?? name !== id,
    })),
  };
}

/**
 * Direction with one place for nulls in both databases: below every value. Columns without nulls are not told that:
 * PostgreSQL would no longer read them in the order of their index, but sort every row (100 000 for a page of tasks).
 */
export function direction({ descending, nulls }: Order): (item: OrderByItemBuilder) => OrderByItemBuilder {
  return (item) => {
    if (descending) return nulls ? item.desc().nullsLast() : item.desc();
    return nulls ? item.asc().nullsFirst() : item.asc();
  };
}
