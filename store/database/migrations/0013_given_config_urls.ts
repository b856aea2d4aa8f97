import { type Kysely, type Migration, sql } from 'kysely';

/** The config URL that each OBProxy was given: with another OBFLOW_PUBLIC_URL it is known which proxies still ask the old one. */
export const givenConfigUrls: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table obproxy_servers add column config_url text`.execute(db);
  },
};
