import type { Kysely, Migration } from 'kysely';

/** Key and arguments of a log line, so that it can be read in Chinese; lines of before are in English alone. */
export const logTexts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('task_logs').addColumn('key', 'text').execute();
    await db.schema.alterTable('task_logs').addColumn('args', 'text').execute();
  },
};
