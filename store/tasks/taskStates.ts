import { sql } from 'kysely';
import type { Scope } from '../database/scope';
import type { TaskStanding, Tasks } from '../types';

/** Ids in one statement. */
const CHUNK = 500;

/** What lists of tasks are watched and counted by: read often, and without the wide texts. */
export function taskStates(
  scope: Scope,
): Pick<Tasks, 'counts' | 'newestId' | 'took' | 'openStates' | 'statesOf'> {
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

    async took(workflowType, limit, clusterId) {
      const rows = await scope.db
        .selectFrom('tasks')
        .select(['create_time', 'finish_time'])
        .where('workflow_type', '=', workflowType)
        .where('status', '=', 'SUCCESSFUL')
        .where('operation', '=', 'EXECUTE')
        .where('closed', '=', 1)
        .where('finish_time', 'is not', null)
        .$if(clusterId !== undefined, (query) => query.where('cluster_id', '=', clusterId ?? 0))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ create_time, finish_time }) =>
        Math.max(0, (Date.parse(finish_time ?? create_time) - Date.parse(create_time)) / 1_000),
      );
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
