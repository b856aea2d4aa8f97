import { sql } from 'kysely';
import type { Scope } from '../database/scope';
import type { TaskStanding, Tasks } from '../types';

/** Ids in one statement. */
const CHUNK = 500;

/** What lists of tasks are watched and counted by: read often, and without the wide texts. */
export function taskStates(scope: Scope): Pick<Tasks, 'counts' | 'newestId' | 'openStates' | 'statesOf'> {
  const states = (db: Scope['db']) => db.selectFrom('tasks').select(['id', 'status', 'operation', 'closed']);
  type Row = Awaited<ReturnType<ReturnType<typeof states>['execute']>>[number];
  const standing = ({ closed, ...row }: Row): TaskStanding => ({ ...row, closed: closed === 1 });

  return {
    async counts() {
      const rows = await scope.db
        .selectFrom('tasks')
        .select(({ fn }) => ['status', 'operation', 'closed', fn.countAll<number | string>().as('count')])
        .groupBy(['status', 'operation', 'closed'])
        .execute();
      return rows.map(({ closed, count, ...row }) => ({
        ...row,
        closed: closed === 1,
        count: Number(count),
      }));
    },

    async newestId() {
      const row = await scope.db
        .selectFrom('tasks')
        .select(sql<number | string | null>`max(id)`.as('id'))
        .executeTakeFirst();
      return Number(row?.id ?? 0);
    },

    async openStates(after) {
      const rows = await states(scope.db)
        .where((eb) => eb.or([eb('closed', '=', 0), eb('id', '>', after)]))
        .orderBy('id')
        .execute();
      return rows.map(standing);
    },

    async statesOf(ids) {
      const found: TaskStanding[] = [];
      for (let at = 0; at < ids.length; at += CHUNK) {
        const rows = await states(scope.db)
          .where('id', 'in', ids.slice(at, at + CHUNK))
          .orderBy('id')
          .execute();
        found.push(...rows.map(standing));
      }
      return found;
    },
  };
}
