/**
 * Reads statements of the administration connection the way OBProxy's own scanner does, its faults included
 * (ob_proxy_parser.l: in a quoted value only plain characters count towards the kept length).
 */

/** The statements of a text, without trailing semicolons and blanks; several are mostly refused (5010). */
export function statementsOf(sql: string): string[] {
  const trimmed = sql.trim().replace(/[;\s]+$/, '');
  const found: string[] = [];
  let quote = '';
  let from = 0;
  for (let index = 0; index < trimmed.length; index++) {
    const char = trimmed[index] ?? '';
    if (char === '\\') index++;
    else if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === "'" || char === '"' || char === '`') quote = char;
    else if (char === ';') {
      found.push(trimmed.slice(from, index).trim());
      from = index + 1;
    }
  }
  return [...found, trimmed.slice(from).trim()];
}

/** A MySQL LIKE pattern as a regular expression; case-sensitive, as `show proxyconfig like` is. */
export function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\%_]/g, (char) => {
    if (char === '%') return '.*';
    return char === '_' ? '.' : `\\${char}`;
  });
  return new RegExp(`^${source}$`, 's');
}

export interface ShowConfig {
  readonly which: '' | 'all' | 'diff' | 'diff user';
  readonly like: string | undefined;
}

/** SHOW PROXYCONFIG [ALL | DIFF | DIFF USER] [LIKE 'p'] [WHERE …]; WHERE is silently ignored. */
export function parseShowConfig(sql: string): ShowConfig | undefined {
  const match =
    /^show\s+proxyconfig(?:\s+(all|diff\s+user|diff))?(?:\s+like\s+(['"])(.*?)\2)?(?:\s+where\s.*)?$/is.exec(
      sql,
    );
  if (match === null) return undefined;
  const which = (match[1] ?? '').toLowerCase().replace(/\s+/, ' ');
  return { which: which as ShowConfig['which'], like: match[3] };
}

export interface AlterConfig {
  readonly name: string;
  readonly value: string;
}

/**
 * ALTER PROXYCONFIG SET name = value, one name a statement. Quoted: doubled quotes and `\'` fail; a backslash and the
 * character behind it are kept in the text but not counted, so that as much is silently cut from the end (`\p` becomes
 * empty). Bare words hold letters and digits only. Undefined for everything that fails to parse.
 */
export function parseAlterConfig(sql: string): AlterConfig | undefined {
  const match = /^alter\s+proxyconfig\s+set\s+([A-Za-z_0-9]+)\s*=\s*(.*)$/is.exec(sql);
  if (match === null) return undefined;
  const [, name = '', text = ''] = match;
  if (text === '' || /^[A-Za-z0-9]+$/.test(text)) return { name, value: text };
  const quote = text[0] ?? '';
  if (quote !== "'" && quote !== '"') return undefined;
  const inner = text.slice(1, -1);
  if (text.length < 2 || text.at(-1) !== quote || inner.includes(quote)) return undefined;
  const counted = inner.replace(/\\./gs, '').replace(/\\$/, '').length;
  return { name, value: inner.slice(0, counted) };
}

export interface ReplaceConfig {
  /** Values by lower-case column name. */
  readonly columns: ReadonlyMap<string, string>;
}

/**
 * REPLACE INTO proxy_config(columns) VALUES (values). The column list is mandatory; doubled quotes work here,
 * a backslash does not. Undefined for everything that fails to parse.
 */
export function parseReplaceConfig(sql: string): ReplaceConfig | undefined {
  const match = /^replace\s+into\s+proxy_config\s*\(([^)]*)\)\s*values\s*\((.*)\)$/is.exec(sql);
  if (match === null) return undefined;
  const names = (match[1] ?? '').split(',').map((name) => name.trim().replace(/^`|`$/g, '').toLowerCase());
  const text = match[2] ?? '';
  if (text.includes('\\')) return undefined;
  const values: string[] = [];
  const item = /\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(-?\w+))\s*(,|$)/gy;
  while (item.lastIndex < text.length) {
    const found = item.exec(text);
    if (found === null) return undefined;
    values.push(found[1]?.replaceAll("''", "'") ?? found[2]?.replaceAll('""', '"') ?? found[3] ?? '');
    if (found[4] === '') break;
  }
  if (values.length !== names.length) return undefined;
  return { columns: new Map(names.map((name, index) => [name, values[index] ?? ''])) };
}
