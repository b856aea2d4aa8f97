import type { Kysely, Migration } from 'kysely';

/** What obflow knows of an OBProxy that it has taken over; null in the rows of those it installed. */
const COLUMNS = ['former_password', 'adopted', 'parameter_drift'] as const;

export const takeOver: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const column of COLUMNS) {
      await db.schema.alterTable('obproxy_servers').addColumn(column, 'text').execute();
    }
  },
};
