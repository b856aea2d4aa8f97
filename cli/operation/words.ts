/** Which words a person types for an operation of the catalogue. */
import type { CatalogueEntry } from '../../operations/types';

/** Words of ids that are the noun of a command, the longest first. */
const NOUNS: readonly (readonly [words: string, noun: string])[] = [
  ['obproxy cluster', 'proxy cluster'],
  ['ob cluster', 'ob'],
  ['obproxy', 'proxy'],
  ['host', 'host'],
];
/** Nouns of what an id does not name, by the beginning of the path. */
const ROOMS: readonly (readonly [path: string, noun: string])[] = [
  ['/api/v2/obproxy/', 'proxy'],
  ['/api/v2/ob/', 'ob'],
  ['/api/v2/compute/hosts', 'host'],
];
const VERBS: Readonly<Record<string, string>> = { delete: 'rm', offline: 'rm' };

/**
 * `['proxy', 'cluster', 'create']`: noun and verb, as the operation declares them or as its id says (`createObproxyCluster`).
 * Undefined for one that has no command of its own.
 */
export function commandWords({
  command,
  id,
  path,
}: Pick<CatalogueEntry, 'command' | 'id' | 'path'>): string[] | undefined {
  if (command === null) return undefined;
  if (command !== undefined) return command.split(' ');
  // Within OceanBase an observer is a server, and what belongs to it needs no "ob" before it.
  const plain = id.replace(/Observer/, 'Server').replace(/Ob(?=Zone|Server|Tenant)/, '');
  const words = kebab(plain).split('-').map(singular);
  const text = ` ${words.join(' ')} `;
  const [named, byName] = NOUNS.find(([form]) => text.includes(` ${form} `)) ?? [];
  const noun = byName ?? ROOMS.find(([beginning]) => path.startsWith(beginning))?.[1] ?? path.split('/')[3];
  const rest = (named === undefined ? text : text.replace(` ${named} `, ' ')).trim().split(' ');
  const said = rest.filter((word) => word !== 'batch');
  const [verb = '', ...more] = said;
  return [...(noun ?? 'operation').split(' '), [VERBS[verb] ?? verb, ...more].join('-')];
}

/** `sqlPort` as `sql-port`. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/_/g, '-')
    .toLowerCase();
}

function singular(word: string): string {
  return word === 'obproxies' ? 'obproxy' : word.replace(/^(host|cluster)s$/, '$1');
}
