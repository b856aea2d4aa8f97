import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';
import { PermanentError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import type { Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { TemporalNamespace, TemporalOfTasks } from './types';

const NAME = 'temporal';
/** Open tasks that a text names. */
const NAMED = 5;

/** The namespace that this process works with, once it has said so; shared by the repositories of one inventory. */
export interface OwnTemporal {
  namespace?: TemporalNamespace;
}

async function remembered(db: Kysely<Schema>): Promise<TemporalNamespace | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', NAME).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.value) as TemporalNamespace);
}

async function remember(db: Kysely<Schema>, namespace: TemporalNamespace): Promise<void> {
  const value = JSON.stringify(namespace);
  await db
    .insertInto('settings')
    .values({ name: NAME, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** Those that are open, and those whose document still lacks what only the history knows. */
async function openTasks(db: Kysely<Schema>): Promise<number[]> {
  const rows = await db.selectFrom('tasks').select('id').where('archived', '=', 0).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

function placeOf({ name, address, ownIn }: TemporalNamespace): Text {
  return ownIn === undefined
    ? say('temporal.at', { namespace: name, address })
    : say('temporal.ownIn', { folder: ownIn });
}

function otherTemporal(
  former: TemporalNamespace,
  own: TemporalNamespace,
  tasks: readonly number[],
): PermanentError {
  const some = tasks.slice(0, NAMED).join(', ');
  return new PermanentError({
    type: 'OtherTemporal',
    tried: say('temporal.use', { temporal: placeOf(own), id: own.id }),
    cameBack: say('temporal.tasksElsewhere', {
      count: tasks.length,
      tasks: tasks.length > NAMED ? `${some}, …` : some,
      temporal: placeOf(former),
      id: former.id,
    }),
    next: say('next.otherTemporal', { id: own.id }),
  });
}

/**
 * Inside a transaction: the open tasks are in this namespace, or there are none and it is remembered from now on.
 *
 * @param accepted id of a namespace that the open tasks may be taken to, as lost there
 * @returns the namespace that was remembered before, when it was another
 */
export async function claimTemporal(
  db: Kysely<Schema>,
  own: TemporalNamespace,
  accepted?: string,
): Promise<{ former: TemporalNamespace; lost: number[] } | undefined> {
  const former = await remembered(db);
  if (former?.id === own.id) return undefined;
  const lost = former === undefined ? [] : await openTasks(db);
  if (former !== undefined && lost.length > 0 && accepted !== own.id) throw otherTemporal(former, own, lost);
  await remember(db, own);
  return former === undefined ? undefined : { former, lost };
}

export function temporalOfTasks(scope: Scope, own: OwnTemporal): TemporalOfTasks {
  return {
    async use(namespace, accepted) {
      const known = await remembered(scope.db);
      const changed = isDeepStrictEqual(known, namespace)
        ? undefined
        : await scope.write(async (db) => {
            const claimed = await claimTemporal(db, namespace, accepted);
            // The same one may have got another address.
            await remember(db, namespace);
            return claimed;
          });
      own.namespace = namespace;
      return changed && { former: placeOf(changed.former).en, lost: changed.lost };
    },

    async mustBeOwn() {
      if (own.namespace === undefined) return;
      const known = await remembered(scope.db);
      if (known === undefined || known.id === own.namespace.id) return;
      throw otherTemporal(known, own.namespace, await openTasks(scope.db));
    },
  };
}
