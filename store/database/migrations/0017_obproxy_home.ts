import type { Kysely, Migration } from 'kysely';

/** Where an OBProxy lives when that is neither the home of its package nor the one that a take-over found. */
export const obproxyHome: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('obproxy_servers').addColumn('home', 'text').execute();
  },
};
