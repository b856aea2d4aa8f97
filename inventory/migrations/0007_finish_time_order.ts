import { type Kysely, type Migration, sql } from 'kysely';

/** PostgreSQL reads tasks by their end only from an index that has nulls where the list has them. */
export function finishTimeOrder(kind: 'sqlite' | 'postgres'): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // SQLite has nulls below every value anyway.
      if (kind === 'sqlite') return;
      await sql`create index tasks_finish_order on tasks (finish_time desc nulls last, id desc)`.execute(db);
    },
  };
}
