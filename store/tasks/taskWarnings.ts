import { sql } from 'kysely';
import type { Scope } from '../database/scope';
import type { Tasks, TaskWarnings } from '../types';

/** Ids in one statement. */
const CHUNK = 500;

interface Row {
  readonly task_id: number;
  readonly subtask_id: number;
  readonly name: string;
  readonly target: string | null;
  readonly time: string;
  readonly text: string;
  readonly key: string | null;
  readonly args: string | null;
  readonly count: number;
}

export function taskWarningsRepository(scope: Scope): Pick<Tasks, 'setWarnings' | 'warnings'> {
  return {
    async setWarnings(taskId, subtaskId, warnings) {
      const of = (db: Scope['db']) =>
        db.selectFrom('task_warnings').where('task_id', '=', taskId).where('subtask_id', '=', subtaskId);
      // Nearly every subtask warns of nothing and never did: that is no write.
      if (warnings.length === 0 && (await of(scope.db).select('position').limit(1).execute()).length === 0)
        return;
      await scope.write(async (db) => {
        await db
          .deleteFrom('task_warnings')
          .where('task_id', '=', taskId)
          .where('subtask_id', '=', subtaskId)
          .execute();
        if (warnings.length === 0) return;
        await db
          .insertInto('task_warnings')
          .values(
            warnings.map(({ name, target, time, text, said }, position) => ({
              ...{ task_id: taskId, subtask_id: subtaskId, position },
              ...{ name, target, time, text, key: said?.key ?? null },
              args: said === undefined ? null : JSON.stringify(said.args),
            })),
          )
          .execute();
      });
    },

    async warnings(taskIds, limit) {
      const found = new Map<number, TaskWarnings>();
      for (let at = 0; at < taskIds.length; at += CHUNK) {
        const { rows } = await sql<Row>`
          select * from (
            select w.*, count(*) over (partition by task_id) as count,
              row_number() over (partition by task_id order by subtask_id, "position") as place
            from task_warnings w where task_id in (${sql.join(taskIds.slice(at, at + CHUNK))})
          ) numbered
          where place <= ${limit} order by task_id, place`.execute(scope.db);
        for (const { task_id, subtask_id: subtaskId, count, key, args, ...row } of rows) {
          const { name, target, time, text } = row;
          const first = found.get(task_id)?.first ?? [];
          const said = key === null || args === null ? {} : { said: { key, args: JSON.parse(args) } };
          found.set(task_id, {
            count,
            first: [...first, { subtaskId, name, target, time, text, ...said }],
          });
        }
      }
      return found;
    },
  };
}
