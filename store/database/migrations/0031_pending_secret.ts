import { type Kysely, type Migration, sql } from 'kysely';

/** The password that a credential is being changed to: which of the two works is not known until one has proven itself. */
export const pendingSecret: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table credentials add column pending_secret text`.execute(db);
    await sql`alter table credentials add column pending_since text`.execute(db);
  },
};
