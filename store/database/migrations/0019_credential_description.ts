import { type Kysely, type Migration, sql } from 'kysely';

/** What people say about a credential. */
export const credentialDescription: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table credentials add column description text`.execute(db);
  },
};
