import { now } from '../database/schema';
import type { Scope } from '../database/scope';
import type { UsedSignatures } from '../types';

/** Expired digests are deleted by every process about so often, as part of a claim. */
const PRUNE_MS = 60_000;

export function usedSignaturesRepository(scope: Scope): UsedSignatures {
  let pruned = 0;

  async function deleteExpired(): Promise<number> {
    pruned = Date.now();
    const { numDeletedRows } = await scope.db
      .deleteFrom('used_signatures')
      .where('expire_time', '<', now())
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  return {
    deleteExpired,

    async claim(digest, expireTime) {
      if (Date.now() - pruned > PRUNE_MS) await deleteExpired();
      const made = await scope.db
        .insertInto('used_signatures')
        .values({ digest, expire_time: expireTime })
        .onConflict((conflict) => conflict.doNothing())
        .returning('digest')
        .executeTakeFirst();
      return made !== undefined;
    },
  };
}
