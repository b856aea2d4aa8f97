import type { Kysely, Migration } from 'kysely';

/** What subtasks have warned of that still matters when they have ended. */
export function taskWarnings(kind: 'sqlite' | 'postgres'): Migration {
  const integer: 'bigint' | 'integer' = kind === 'postgres' ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('task_warnings')
        .addColumn('task_id', integer, (column) =>
          column.notNull().references('tasks.id').onDelete('cascade'),
        )
        .addColumn('subtask_id', integer, (column) => column.notNull())
        .addColumn('position', integer, (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('target', 'text')
        .addColumn('time', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('key', 'text')
        .addColumn('args', 'text')
        .addPrimaryKeyConstraint('task_warnings_key', ['task_id', 'subtask_id', 'position'])
        .execute();
    },
  };
}
