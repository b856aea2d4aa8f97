import type { Kysely, Migration } from 'kysely';

/** How an OBServer that was taken over was found on its host: JSON of AdoptedObserver. */
export const adoptedObservers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('ob_servers').addColumn('adopted', 'text').execute();
  },
};
