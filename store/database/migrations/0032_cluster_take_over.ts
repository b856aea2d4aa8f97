import type { Kysely, Migration } from 'kysely';

/** What a take-over has made beside the rows of a cluster, and has to take back when it is undone: JSON of ClusterTakeOver. */
export const clusterTakeOver: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('ob_clusters').addColumn('take_over', 'text').execute();
  },
};
