import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Schema } from './schema';
import type { Scope } from './scope';

/**
 * Deletes in many short transactions, so that other writers wait for milliseconds: `deleteSome` deletes at most `size`
 * rows and resolves to their number. Resolves to the number of all; several processes may do so at once.
 */
export async function deleteInBatches(
  scope: Scope,
  size: number,
  deleteSome: (db: Kysely<Schema>) => Promise<number>,
): Promise<number> {
  for (let deleted = 0; ; ) {
    const batch = await scope.write(deleteSome);
    deleted += batch;
    if (batch < size) return deleted;
    // SQLite answers at once: without this turn nothing else of the process would run before the last batch.
    await setImmediate();
  }
}
