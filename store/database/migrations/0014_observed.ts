import type { Kysely, Migration } from 'kysely';

/** The observed state stands beside the recorded one, and goes with its object. */
const OBSERVED = [
  ['host_observations', 'hosts'],
  ['obproxy_observations', 'obproxy_servers'],
  ['ob_server_observations', 'ob_servers'],
] as const;

/** What the last look at hosts and services saw, which worker looks, and locks that several tasks may have together. */
export function observed(kind: 'sqlite' | 'postgres'): Migration {
  const integer: 'bigint' | 'integer' = kind === 'postgres' ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const [table, objects] of OBSERVED) {
        await db.schema
          .createTable(table)
          .addColumn('object_id', integer, (column) =>
            column.primaryKey().references(`${objects}.id`).onDelete('cascade'),
          )
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('seen_by', 'text')
          .addColumn('reason', 'text')
          .addColumn('since', 'text', (column) => column.notNull())
          .addColumn('look_time', 'text', (column) => column.notNull())
          .addColumn('last_seen_time', 'text')
          .execute();
      }
      await db.schema
        .createTable('leases')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('until', 'text', (column) => column.notNull())
        .execute();
      // A process of the version before takes a shared lock for an exclusive one, and refuses what it need not.
      await db.schema
        .alterTable('locks')
        .addColumn('shared', integer, (column) => column.notNull().defaultTo(0))
        .execute();
    },
  };
}
