import { type Kysely, type Migration, sql } from 'kysely';

/** The hosts of a task: one task may install on many (create an OBProxy cluster with hosts). */
export function taskHosts(kind: 'sqlite' | 'postgres'): Migration {
  const integer: 'bigint' | 'integer' = kind === 'postgres' ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('task_hosts')
        .addColumn('host_id', integer, (column) => column.notNull())
        .addColumn('task_id', integer, (column) =>
          column.notNull().references('tasks.id').onDelete('cascade'),
        )
        .addPrimaryKeyConstraint('task_hosts_key', ['host_id', 'task_id'])
        .execute();
      await db.schema.createIndex('task_hosts_task_id').on('task_hosts').column('task_id').execute();
      await sql`insert into task_hosts (host_id, task_id) select host_id, id from tasks where host_id is not null`.execute(
        db,
      );
    },
  };
}
