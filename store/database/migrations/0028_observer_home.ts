import type { Kysely, Migration } from 'kysely';

/** Where the process of an OBServer that was there before obflow was last seen at work. */
export const observerHome: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('ob_servers').addColumn('home', 'text').execute();
  },
};
