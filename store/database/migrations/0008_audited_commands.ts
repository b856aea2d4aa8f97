import type { Kysely, Migration } from 'kysely';

/** Which command of a workflow's history an event is about, so that one that came another way is told as well, and once. */
export const auditedCommands: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('audit_events').addColumn('command_id', 'text').execute();
    await db.schema
      .createIndex('audit_events_command_id')
      .on('audit_events')
      .column('command_id')
      .unique()
      .execute();
  },
};
