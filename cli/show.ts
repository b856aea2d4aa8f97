import type { OutputOptions } from './access/run';
import { complain, say } from './output';
import { table } from './table';

/** A list: as the API answers it, or as a table; `nothing` is said of an empty one. */
export function showList<T>(
  contents: readonly T[],
  { output }: OutputOptions,
  {
    heading,
    row,
    nothing,
  }: {
    readonly heading: readonly string[];
    readonly row: (one: T) => readonly string[];
    readonly nothing: string;
  },
): void {
  if (output === 'json') say(JSON.stringify({ contents }, null, 2));
  else if (contents.length === 0) complain(nothing);
  else say(table(heading, contents.map(row)));
}

/** A fact about an object; one that is not known is left out. */
export type Fact = readonly [name: string, value: string | null | undefined];

/** One object: as the API answers it, or a line a fact, with `below` in a paragraph of its own. */
export function showOne(
  document: object,
  { output }: OutputOptions,
  facts: readonly Fact[],
  below?: string,
): void {
  if (output === 'json') say(JSON.stringify(document, null, 2));
  else say([factLines(facts), ...(below === undefined ? [] : ['', below])].join('\n'));
}

function factLines(facts: readonly Fact[]): string {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`).join('\n');
}
