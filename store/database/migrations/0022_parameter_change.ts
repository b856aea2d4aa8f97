import { type Kysely, type Migration, sql } from 'kysely';

/** What a task is about to make of the parameters of an OBProxy cluster, and what they were. JSON of ParameterChange. */
export const parameterChange: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table obproxy_clusters add column parameter_change text`.execute(db);
  },
};
