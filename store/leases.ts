import { now } from './database/schema';
import type { Scope } from './database/scope';
import type { Leases } from './types';

/** By the clock of who asks: the clocks of the processes must agree by a good part of a lease. */
export function leasesRepository(scope: Scope): Leases {
  return {
    take: (name, holder, ms) =>
      scope.write(async (db) => {
        const held = await db.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
        if (held !== undefined && held.holder !== holder && held.until > now()) return false;
        const values = { holder, until: new Date(Date.now() + ms).toISOString() };
        await db
          .insertInto('leases')
          .values({ ...values, name })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute();
        return true;
      }),

    async end(name, holder) {
      await scope.db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
    },
  };
}
