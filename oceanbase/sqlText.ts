/**
 * A text literal of SQL that means the same under every sql_mode: quotes are doubled, and what a backslash means depends on
 * NO_BACKSLASH_ESCAPES, so there is none. Throws RangeError for a backslash or NUL.
 */
export function sqlText(value: string): string {
  if (/[\\\0]/.test(value)) throw new RangeError('this text cannot stand in a statement');
  return `'${value.replaceAll("'", "''")}'`;
}
