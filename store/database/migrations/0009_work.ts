import { type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

const WORKED_ON = ['obproxy_servers', 'ob_servers', 'ob_zones', 'ob_clusters'] as const;

/**
 * Who works on an object, what it was before and what it is to become when the task ends without having finished; a
 * status of zones; and which subtask has submitted a task. Rows that an open task is making are that task's work.
 */
export function work(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('ob_zones')
        .addColumn('status', text, (column) => column.notNull().defaultTo('RUNNING'))
        .execute();
      await sql`update ob_zones set status = 'STOPPED' where inner_status <> 'ACTIVE'`.execute(db);
      for (const table of WORKED_ON) {
        await db.schema.alterTable(table).addColumn('work_task_id', integer).execute();
        for (const column of ['work_status', 'former_status', 'end_status']) {
          await db.schema.alterTable(table).addColumn(column, text).execute();
        }
        await db.schema.createIndex(`${table}_work_task_id`).on(table).column('work_task_id').execute();
      }
      for (const table of ['obproxy_servers', 'ob_servers']) {
        await sql`
          update ${sql.table(table)} set work_task_id = task_id, work_status = status
          where status in ('CREATING', 'TAKINGOVER')
            and task_id in (select id from tasks where closed = 0)`.execute(db);
      }
      for (const column of ['parent_task_id', 'parent_subtask_id']) {
        await db.schema.alterTable('tasks').addColumn(column, integer).execute();
      }
      await db.schema
        .createIndex('tasks_parent')
        .on('tasks')
        .columns(['parent_task_id', 'parent_subtask_id'])
        .unique()
        .execute();
    },
  };
}
