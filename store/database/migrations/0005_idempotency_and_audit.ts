import { type ColumnDefinitionBuilder, type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();

/** Requests that may be sent again, and who did what. */
export function idempotencyAndAudit(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';

  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('idempotency_keys')
        .addColumn('user_id', integer, required)
        .addColumn('key', text, required)
        .addColumn('digest', text, required)
        .addColumn('request_id', text, required)
        .addColumn('owner', text)
        .addColumn('until', text, required)
        .addColumn('answer', text)
        .addColumn('create_time', text, required)
        .addPrimaryKeyConstraint('idempotency_keys_key', ['user_id', 'key'])
        .execute();
      await db.schema
        .createTable('audit_events')
        .addColumn('id', integer, (c) =>
          postgres ? c.generatedByDefaultAsIdentity().primaryKey() : c.autoIncrement().primaryKey(),
        )
        .addColumn('time', text, required)
        .addColumn('user_id', integer)
        .addColumn('user_name', text)
        .addColumn('address', text, required)
        .addColumn('trace_id', text, required)
        .addColumn('method', text, required)
        .addColumn('path', text, required)
        .addColumn('subtask_id', integer)
        .addColumn('command', text)
        .addColumn('why', text)
        .addColumn('status', integer, required)
        .addColumn('code', text)
        .execute();
      // A request may start a task per host.
      await db.schema
        .createTable('audit_event_tasks')
        .addColumn('task_id', integer, required)
        .addColumn('event_id', integer, (c) => c.notNull().references('audit_events.id').onDelete('cascade'))
        .addPrimaryKeyConstraint('audit_event_tasks_key', ['task_id', 'event_id'])
        .execute();
      const indexes = [
        ['idempotency_keys', 'create_time'],
        ['audit_events', 'time'],
        ['audit_events', 'user_name'],
        ['audit_event_tasks', 'event_id'],
      ] as const;
      for (const [table, column] of indexes) {
        await db.schema.createIndex(`${table}_${column}`).on(table).column(column).execute();
      }
    },
  };
}
