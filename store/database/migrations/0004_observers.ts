import { type ColumnDefinitionBuilder, type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();
const ofCluster: Column = (column) => column.notNull().references('ob_clusters.id').onDelete('cascade');

/** Zones and observers of OceanBase clusters, who has reserved which host, and whose turn it is at a cluster. */
export function observers(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';

  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('ob_clusters')
        .addColumn('status', text, (c) => c.notNull().defaultTo('RUNNING'))
        .execute();
      await db.schema
        .createTable('ob_zones')
        .addColumn('cluster_id', integer, ofCluster)
        .addColumn('name', text, required)
        .addColumn('region', text, required)
        .addColumn('idc', text, required)
        .addColumn('inner_status', text, required)
        .addColumn('create_time', text, required)
        .addColumn('update_time', text, required)
        .addPrimaryKeyConstraint('ob_zones_key', ['cluster_id', 'name'])
        .execute();
      await db.schema
        .createTable('ob_servers')
        .addColumn('id', integer, (c) =>
          postgres ? c.generatedByDefaultAsIdentity().primaryKey() : c.autoIncrement().primaryKey(),
        )
        .addColumn('cluster_id', integer, ofCluster)
        .addColumn('zone', text, required)
        .addColumn('host_id', integer, (c) => c.references('hosts.id'))
        .addColumn('ip', text, required)
        .addColumn('rpc_port', integer, required)
        .addColumn('sql_port', integer, required)
        .addColumn('status', text, required)
        .addColumn('inner_status', text)
        .addColumn('with_rootserver', integer, required)
        .addColumn('start_time', text)
        .addColumn('stop_time', text)
        .addColumn('build_version', text)
        .addColumn('package_id', integer, (c) => c.references('packages.id'))
        .addColumn('startup_parameters', text, required)
        .addColumn('task_id', integer)
        .addColumn('create_time', text, required)
        .addColumn('update_time', text, required)
        .addUniqueConstraint('ob_servers_address', ['ip', 'rpc_port'])
        .execute();
      await db.schema
        .createTable('host_reservations')
        .addColumn('host_id', integer, (c) => c.primaryKey().references('hosts.id').onDelete('cascade'))
        .addColumn('task_id', integer, required)
        .addColumn('create_time', text, required)
        .execute();
      await db.schema
        .createTable('ob_cluster_turns')
        .addColumn('cluster_id', integer, (c) =>
          c.primaryKey().references('ob_clusters.id').onDelete('cascade'),
        )
        .addColumn('holder', text, required)
        .addColumn('until', text, required)
        .execute();
      for (const column of ['cluster_id', 'host_id', 'package_id']) {
        await db.schema.createIndex(`ob_servers_${column}`).on('ob_servers').column(column).execute();
      }
    },
  };
}
