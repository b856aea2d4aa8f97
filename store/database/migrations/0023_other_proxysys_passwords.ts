import { type Kysely, type Migration, sql } from 'kysely';

/** Passwords of root@proxysys that a proxy of the cluster may have beside the recorded one. Sealed JSON. */
export const otherProxysysPasswords: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table obproxy_clusters add column other_proxysys_passwords text`.execute(db);
  },
};
