import { type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

/**
 * What the documented calls about hosts, regions, IDCs and host types keep: descriptions and times of places, types, and of a
 * host what people say about it and the task that has added it. Places declared before have no times.
 */
export function hostLife(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const table of ['regions', 'idcs']) {
        for (const column of ['description', 'create_time', 'update_time']) {
          await db.schema.alterTable(table).addColumn(column, text).execute();
        }
      }
      await db.schema
        .createTable('host_types')
        .addColumn('id', integer, (column) =>
          postgres ? column.generatedByDefaultAsIdentity().primaryKey() : column.autoIncrement().primaryKey(),
        )
        .addColumn('name', text, (column) => column.notNull().unique())
        .addColumn('description', text)
        .addColumn('create_time', text, (column) => column.notNull())
        .addColumn('update_time', text, (column) => column.notNull())
        .execute();
      await db.schema
        .alterTable('hosts')
        .addColumn('type_id', integer, (column) => column.references('host_types.id'))
        .execute();
      await db.schema.alterTable('hosts').addColumn('task_id', integer).execute();
      for (const column of ['alias', 'description', 'kind', 'serial_number', 'publish_ports']) {
        await db.schema.alterTable('hosts').addColumn(column, text).execute();
      }
      await db.schema.createIndex('hosts_type_id').on('hosts').column('type_id').execute();
    },
  };
}
