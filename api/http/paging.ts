import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { QueryText } from '../../operations/schemas';
import { fault, say } from '../../runtime/messages/catalogue';
import type { PageRequest } from '../../store/types';

const MAX_SIZE = 2_000;
const whole = (min: number, max: number, byDefault: number) =>
  z
    .string(fault('must.once'))
    .regex(/^[0-9]{1,9}$/, fault('must.wholeWithin', { min, max }))
    .transform(Number)
    .pipe(
      z
        .int()
        .min(min, fault('must.atLeast', { limit: min }))
        .max(max, fault('must.atMost', { limit: max })),
    )
    .default(byDefault)
    .meta({ wire: { type: 'integer', minimum: min, maximum: max, default: byDefault } });

/** Documented query parameters of paged lists. */
export const PAGING = {
  page: whole(1, 999_999_999, 1).describe('Page, from 1.'),
  size: whole(1, MAX_SIZE, 10).describe(`Elements on a page, at most ${MAX_SIZE}.`),
  sort: QueryText.regex(/^[A-Za-z][A-Za-z0-9_]*(,(asc|desc))?$/i, fault('must.sort'))
    .optional()
    .describe('field,asc or field,desc.'),
};

/** A documented StringArray: one parameter, comma separated; repeated parameters are understood too. */
export const TextList = z
  .union([QueryText, z.array(QueryText).max(100)])
  .transform((value) =>
    (typeof value === 'string' ? [value] : value)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== ''),
  )
  .meta({ wire: { type: 'array', items: { type: 'string' }, maxItems: 100 } });

/** One of these words; another is refused by name, for a filter that fits nothing answers as if there were nothing. */
export function oneOf<const W extends readonly [string, ...string[]]>(words: W) {
  return z.enum(words, fault('must.oneOf', { values: words.join(', ') }));
}

/** A TextList of these words, each of which is judged as by `oneOf`. */
export function listOfWords<const W extends readonly [string, ...string[]]>(words: W) {
  return TextList.pipe(z.array(oneOf(words))).meta({
    wire: { type: 'array', items: { type: 'string', enum: words }, maxItems: 100 },
  });
}

function flag(unsaid: boolean) {
  return z
    .enum(['true', 'false'], fault('must.boolean'))
    .default(unsaid ? 'true' : 'false')
    .transform((value) => value === 'true')
    .meta({ wire: { type: 'boolean', default: unsaid } });
}

/** A switch in a query, off unless it is `true`. */
export const Flag = flag(false);

/** A switch in a query, on unless it is `false`. */
export const FlagOn = flag(true);

export interface PagingQuery {
  readonly page: number;
  readonly size: number;
  readonly sort?: string | undefined;
}

/** The page a list is asked for. */
export function pageRequest(query: PagingQuery, fallback?: PageRequest['sort']): PageRequest {
  const [field, direction] = query.sort?.split(',') ?? [];
  const sort = field === undefined ? fallback : { field, descending: direction?.toLowerCase() === 'desc' };
  return { page: query.page, size: query.size, ...(sort === undefined ? {} : { sort }) };
}

/** Runs a repository's list; its RangeError for an unknown sort field becomes COM10011. */
export async function listed<T>(query: PagingQuery, list: () => Promise<T>): Promise<T> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const field = query.sort?.split(',')[0] ?? '';
    throw new Refusal(400, 'COM10011', say('list.sort', { field }), {
      target: 'sort',
      subErrors: [{ field: 'sort', rejectedValue: query.sort, message: say('names.noSortable') }],
    });
  }
}

/** Every row of a paged list. */
export async function allPages<T>(
  list: (page: PageRequest) => Promise<{ contents: readonly T[]; totalElements: number }>,
): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await list({ page, size: 500 });
    rows.push(...contents);
    if (contents.length === 0 || rows.length >= totalElements) return rows;
  }
}
