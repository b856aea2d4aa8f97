import { type Kysely, type Migration, sql } from 'kysely';

/** What lists of tasks are filtered and watched by: the id of the OBProxy cluster, and whether a task is open. */
export function taskLists(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const at = (part: 'context' | 'unshown') =>
    postgres
      ? sql`plan::json #>> ${sql.lit(`{${part},stringMap,obproxy_cluster_id}`)}`
      : sql`json_extract(plan, ${sql.lit(`$.${part}.stringMap.obproxy_cluster_id`)})`;
  const number = postgres ? sql`bigint` : sql`integer`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`alter table task_obproxy_clusters add column cluster_id ${number}`.execute(db);
      await sql`
        update task_obproxy_clusters set cluster_id = (
          select cast(coalesce(${at('context')}, ${at('unshown')}) as ${number})
          from task_texts where task_texts.task_id = task_obproxy_clusters.task_id)`.execute(db);
      await db.schema
        .createIndex('task_obproxy_clusters_cluster_id')
        .on('task_obproxy_clusters')
        .column('cluster_id')
        .execute();
      await db.schema.createIndex('tasks_closed').on('tasks').columns(['closed', 'id']).execute();
    },
  };
}
