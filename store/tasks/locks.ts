import type { Kysely } from 'kysely';
import type { Schema } from '../database/schema';
import type { Scope } from '../database/scope';
import type { Locks } from '../types';
import { endWork } from './work';

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

    async heldBy(taskId) {
      const rows = await scope.db
        .selectFrom('locks')
        .select('resource')
        .where('task_id', '=', taskId)
        .orderBy('resource')
        .execute();
      return rows.map(({ resource }) => resource);
    },

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

    async firstHeld(resources) {
      for (let at = 0; at < resources.length; at += CHUNK) {
        const wanted = resources.slice(at, at + CHUNK);
        const held = await scope.db
          .selectFrom('locks')
          .select(['resource', 'task_id'])
          .where('resource', 'in', wanted)
          .orderBy('task_id')
          .execute();
        for (const resource of wanted) {
          const lock = held.find((one) => one.resource === resource);
          if (lock !== undefined) return { resource, taskId: lock.task_id };
        }
      }
      return undefined;
    },

    release: (taskId) => releaseLocks(scope.db, taskId),
  };
}

async function releaseLocks(db: Kysely<Schema>, taskId: number): Promise<void> {
  await db.deleteFrom('locks').where('task_id', '=', taskId).execute();
}

/**
 * What an ended task still holds: its locks, the hosts it has reserved, passwords kept for its undo, and its marks on the
 * objects that it worked on. When it came to nothing, the records of the servers that it was to make go, so that their
 * hosts can be asked for again (what is on those hosts stays there: the next task finds it), and other objects are what
 * they were, or what the task has said that they then are.
 *
 * @param failed it was abandoned, cancelled, terminated or rolled back
 */
export async function releaseHeld(db: Kysely<Schema>, taskId: number, failed: boolean): Promise<void> {
  await releaseLocks(db, taskId);
  await db.deleteFrom('host_reservations').where('task_id', '=', taskId).execute();
  await db
    .updateTable('obproxy_servers')
    .set({ former_password: null })
    .where('task_id', '=', taskId)
    .where('former_password', 'is not', null)
    .execute();
  await endWork(db, taskId, failed);
}
