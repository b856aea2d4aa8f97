import type { Kysely, Migration } from 'kysely';

/**
 * Final documents of large tasks in parts, so that neither is one text of many megabytes; and who starts a task just now, so
 * that nobody closes it as never started meanwhile.
 */
export function largeTasks(kind: 'sqlite' | 'postgres'): Migration {
  const integer: 'bigint' | 'integer' = kind === 'postgres' ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('task_document_parts')
        .addColumn('task_id', integer, (column) =>
          column.notNull().references('tasks.id').onDelete('cascade'),
        )
        .addColumn('part', integer, (column) => column.notNull())
        .addColumn('subtasks', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('task_document_parts_key', ['task_id', 'part'])
        .execute();
      await db.schema.alterTable('tasks').addColumn('starting_until', 'text').execute();
    },
  };
}
