import { deleteInBatches } from '../database/pruning';
import type { Scope } from '../database/scope';
import type { Tasks } from '../types';

/** Few enough that other writers wait for milliseconds. */
const BATCH = 50;

/** Forgetting tasks that ended long ago: row, plan, document, hosts and logs. Packages and inventory stay. */
export function taskPruning(scope: Scope): Pick<Tasks, 'countEndedBefore' | 'deleteEndedBefore'> {
  return {
    async countEndedBefore(time) {
      const { count } = await scope.db
        .selectFrom('tasks')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('archived', '=', 1)
        .where('finish_time', '<', time)
        .executeTakeFirstOrThrow();
      return count;
    },

    deleteEndedBefore: (time) =>
      deleteInBatches(scope, BATCH, async (db) => {
        const rows = await db
          .selectFrom('tasks')
          .select('id')
          .where('archived', '=', 1)
          .where('finish_time', '<', time)
          .orderBy('finish_time')
          .limit(BATCH)
          .execute();
        const ids = rows.map(({ id }) => id);
        if (ids.length === 0) return 0;
        // Logs refer to no task: they are written while a task's row may wait for its transaction.
        await db.deleteFrom('task_logs').where('task_id', 'in', ids).execute();
        await db.deleteFrom('tasks').where('id', 'in', ids).execute();
        return ids.length;
      }),
  };
}
