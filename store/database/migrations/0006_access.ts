import { type ColumnDefinitionBuilder, type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();
const ofUser: Column = (column) => column.notNull().references('users.id').onDelete('cascade');

/** Roles, access keys, and what repeated requests and failed logins leave behind. Users from before keep everything. */
export function access(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';

  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('users')
        .addColumn('enabled', integer, (c) => c.notNull().defaultTo(1))
        .execute();
      await sql`insert into sequences (name, next) select 'user', coalesce(max(id), 100) + 1 from users`.execute(
        db,
      );
      await db.schema
        .createTable('user_roles')
        .addColumn('user_id', integer, ofUser)
        .addColumn('role', text, required)
        .addPrimaryKeyConstraint('user_roles_key', ['user_id', 'role'])
        .execute();
      await sql`insert into user_roles (user_id, role) select id, 'ADMIN' from users`.execute(db);
      await db.schema
        .createTable('access_keys')
        .addColumn('id', integer, (c) =>
          postgres ? c.generatedByDefaultAsIdentity().primaryKey() : c.autoIncrement().primaryKey(),
        )
        .addColumn('access_key_id', text, (c) => c.notNull().unique())
        .addColumn('user_id', integer, ofUser)
        .addColumn('secret', text, required)
        .addColumn('description', text)
        .addColumn('enabled', integer, required)
        .addColumn('create_time', text, required)
        .addColumn('last_used_time', text)
        .execute();
      await db.schema.createIndex('access_keys_user_id').on('access_keys').column('user_id').execute();
      await db.schema
        .createTable('used_signatures')
        .addColumn('digest', text, (c) => c.notNull().primaryKey())
        .addColumn('expire_time', text, required)
        .execute();
      await db.schema
        .createIndex('used_signatures_expire_time')
        .on('used_signatures')
        .column('expire_time')
        .execute();
      await db.schema
        .createTable('login_attempts')
        .addColumn('bucket', text, (c) => c.notNull().primaryKey())
        .addColumn('failures', integer, required)
        .addColumn('last_failure_time', text)
        .addColumn('blocked_until', text)
        .addColumn('last_success_time', text)
        .addColumn('update_time', text, required)
        .execute();
      await db.schema
        .createIndex('login_attempts_update_time')
        .on('login_attempts')
        .column('update_time')
        .execute();
    },
  };
}
