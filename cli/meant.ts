/** The objects that a person means, found in the lists of the API. */
import { z } from 'zod';
import { addressText } from '../runtime/addressText';
import { parsed } from './access/run';
import type { ApiClient } from './apiClient';

/** Every element of a paged list; `query` begins with `&`. */
export async function every<T>(api: ApiClient, path: string, schema: z.ZodType<T>, query = ''): Promise<T[]> {
  const list = z.object({ contents: z.array(schema), page: z.object({ totalPages: z.number() }) });
  const found: T[] = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = parsed(list, await api.call('GET', `${path}?page=${page}&size=500${query}`));
    found.push(...answer.contents);
    pages = answer.page.totalPages;
  }
  return found;
}

/**
 * The one element that a person means: by id when the word is a number that is an id, else by one of its names.
 *
 * @throws Error when there is none, or more than one
 */
export function meant<T extends { readonly id: number }>(
  all: readonly T[],
  word: string,
  what: {
    readonly kind: string;
    readonly list: string;
    readonly names: (one: T) => readonly (string | null)[];
  },
): T {
  const named = all.filter((one) => what.names(one).includes(word));
  const found = named.length > 0 ? named : all.filter(({ id }) => String(id) === word);
  const [only, ...others] = found;
  if (only === undefined) throw new Error(`There is no ${what.kind} ${word}. ${what.list} lists them.`);
  if (others.length === 0) return only;
  const ids = found.map(({ id }) => id).join(', ');
  throw new Error(`Several are called ${word} (ids ${ids}): name the ${what.kind} by its id.`);
}

/** The member of a cluster that is meant: by id, ip:port, or the ip alone. Throws Error naming what there is. */
export function memberMeant<T extends { readonly id: number; readonly ip: string }>(
  members: readonly T[],
  word: string,
  {
    cluster,
    kind,
    portOf,
  }: { readonly cluster: string; readonly kind: string; readonly portOf: (one: T) => number },
): T {
  const address = (one: T) => addressText(one.ip, portOf(one));
  const found = members.filter((one) => String(one.id) === word || one.ip === word || address(one) === word);
  const [first] = found;
  const has = members.map((one) => `${one.id} (${address(one)})`).join(', ');
  if (first === undefined) throw new Error(`${cluster} has no ${kind} ${word}. It has: ${has || 'none'}.`);
  if (found.length > 1) throw new Error(`Several of ${cluster} are at ${word}. Give one of: ${has}.`);
  return first;
}
