import { sql } from 'kysely';
import type { Sequences } from '../types';
import type { Scope } from './scope';

export function sequencesRepository(scope: Scope): Sequences {
  return {
    async next(name, count = 1) {
      if (!Number.isSafeInteger(count) || count < 1) {
        throw new RangeError(`count must be a positive integer, not ${count}`);
      }
      const { next } = await scope.db
        .updateTable('sequences')
        .set({ next: sql<number>`next + ${count}` })
        .where('name', '=', name)
        .returning('next')
        .executeTakeFirstOrThrow();
      return next - count;
    },
  };
}
