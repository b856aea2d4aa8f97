import type { Kysely } from 'kysely';
import type { Schema } from './schema';
import type { Scope } from './scope';
import type { Locks } from './types';

/** Names of a resource at most so many in one statement; SQLite takes 32 766 parameters. */
const CHUNK = 500;

export function locksRepository(scope: Scope): Locks {
  return {
    take: (taskId, resources, groupTaskIds) =>
      scope.write(async (db) => {
        const friends = new Set([taskId, ...groupTaskIds]);
        const wanted = [...new Set(resources)];
        for (let at = 0; at < wanted.length; at += CHUNK) {
          const held = await db
            .selectFrom('locks')
            .select(['resource', 'task_id'])
            .where('resource', 'in', wanted.slice(at, at + CHUNK))
            .orderBy('resource')
            .orderBy('task_id')
            .execute();
          const stranger = held.find((lock) => !friends.has(lock.task_id));
          if (stranger !== undefined) return { resource: stranger.resource, taskId: stranger.task_id };
        }
        for (let at = 0; at < wanted.length; at += CHUNK) {
          await db
            .insertInto('locks')
            .values(wanted.slice(at, at + CHUNK).map((resource) => ({ resource, task_id: taskId })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        return undefined;
      }),

    async holder(resource) {
      const lock = await scope.db
        .selectFrom('locks')
        .select('task_id')
        .where('resource', '=', resource)
        .orderBy('task_id')
        .limit(1)
        .executeTakeFirst();
      return lock?.task_id;
    },

    release: (taskId) => releaseLocks(scope.db, taskId),
  };
}

export async function releaseLocks(db: Kysely<Schema>, taskId: number): Promise<void> {
  await db.deleteFrom('locks').where('task_id', '=', taskId).execute();
}
