import { type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

/** Sessions of people who have logged in by a browser: a token is known by its digest alone. */
export function sessions(kind: 'sqlite' | 'postgres'): Migration {
  const postgres = kind === 'postgres';
  const text: RawBuilder<unknown> = postgres ? sql`text collate "C"` : sql`text`;
  const integer: 'bigint' | 'integer' = postgres ? 'bigint' : 'integer';
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('sessions')
        .addColumn('digest', text, (column) => column.notNull().primaryKey())
        .addColumn('user_id', integer, (column) =>
          column.notNull().references('users.id').onDelete('cascade'),
        )
        .addColumn('password_digest', text, (column) => column.notNull())
        .addColumn('create_time', text, (column) => column.notNull())
        .addColumn('expire_time', text, (column) => column.notNull())
        .addColumn('last_used_time', text, (column) => column.notNull())
        .execute();
      await db.schema.createIndex('sessions_user_id').on('sessions').column('user_id').execute();
      await db.schema.createIndex('sessions_expire_time').on('sessions').column('expire_time').execute();
    },
  };
}
