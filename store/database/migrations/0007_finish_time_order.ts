import { type Kysely, type Migration, sql } from 'kysely';

/**
 * Lists of tasks by end and by name. PostgreSQL reads the first only from an index that has nulls where the list has
 * them, and the second, where many tasks share a name, only from one that has their ids too.
 */
export function finishTimeOrder(kind: 'sqlite' | 'postgres'): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // SQLite has nulls below every value and the id in every index anyway.
      if (kind === 'sqlite') return;
      await sql`create index tasks_finish_order on tasks (finish_time desc nulls last, id desc)`.execute(db);
      await sql`create index tasks_name_order on tasks (name, id)`.execute(db);
    },
  };
}
