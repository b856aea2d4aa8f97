import { type Kysely, type Migration, sql } from 'kysely';

/** The OBProxy cluster of a task, so that a list of 100 000 tasks finds it without reading their plans. */
export function taskObproxyClusters(kind: 'sqlite' | 'postgres'): Migration {
  const integer: 'bigint' | 'integer' = kind === 'postgres' ? 'bigint' : 'integer';
  const name =
    kind === 'postgres'
      ? sql`plan::json #>> '{context,stringMap,obproxy_cluster_name}'`
      : sql`json_extract(plan, '$.context.stringMap.obproxy_cluster_name')`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('task_obproxy_clusters')
        .ifNotExists()
        .addColumn('task_id', integer, (column) =>
          column.primaryKey().references('tasks.id').onDelete('cascade'),
        )
        .addColumn('name', 'text', (column) => column.notNull())
        .execute();
      await sql`
        insert into task_obproxy_clusters (task_id, name)
        select task_id, ${name} from task_texts where ${name} is not null
        on conflict do nothing`.execute(db);
    },
  };
}
