import { type Kysely, sql } from 'kysely';
import { removeUnusedCredentials } from '../credentials';
import type { Schema } from '../database/schema';
import type { Scope } from '../database/scope';
import { credentialsBroughtBy } from '../obClustersBrought';
import type { HeldLock, LockHolder, Locks, LockWish } from '../types';
import { endWork } from './work';

/** Names of a resource at most so many in one statement; SQLite takes 32 766 parameters. */
const CHUNK = 500;

interface Wish {
  readonly resource: string;
  readonly shared: boolean;
}

/** What is wished for, alone or together with others. */
export function resourceOf(wanted: LockWish): string {
  return wishOf(wanted).resource;
}

function wishOf(wanted: LockWish): Wish {
  return typeof wanted === 'string'
    ? { resource: wanted, shared: false }
    : { resource: wanted.shared, shared: true };
}

/** Each resource once; who wants it for itself and shared wants it for itself. */
function wishesOf(wanted: readonly LockWish[]): Wish[] {
  const wishes = new Map<string, Wish>();
  for (const wish of wanted.map(wishOf)) {
    if (wishes.get(wish.resource)?.shared !== false) wishes.set(wish.resource, wish);
  }
  return [...wishes.values()];
}

/** Locks of others in the way, resource by resource in the order wished. */
async function conflict(
  db: Kysely<Schema>,
  wishes: readonly Wish[],
  friends: ReadonlySet<number>,
): Promise<{ resource: string; taskId: number } | undefined> {
  for (let at = 0; at < wishes.length; at += CHUNK) {
    const some = wishes.slice(at, at + CHUNK);
    const held = await db
      .selectFrom('locks')
      .selectAll()
      .where(
        'resource',
        'in',
        some.map(({ resource }) => resource),
      )
      .orderBy('task_id')
      .execute();
    for (const { resource, shared } of some) {
      const lock = held.find(
        (one) => one.resource === resource && !friends.has(one.task_id) && !(shared && one.shared === 1),
      );
      if (lock !== undefined) return { resource, taskId: lock.task_id };
    }
  }
  return undefined;
}

export function locksRepository(scope: Scope): Locks {
  return {
    take: (taskId, resources, groupTaskIds) =>
      scope.write(async (db) => {
        const wishes = wishesOf(resources);
        const stranger = await conflict(db, wishes, new Set([taskId, ...groupTaskIds]));
        if (stranger !== undefined) return stranger;
        for (let at = 0; at < wishes.length; at += CHUNK) {
          await db
            .insertInto('locks')
            .values(
              wishes
                .slice(at, at + CHUNK)
                .map(({ resource, shared }) => ({ resource, task_id: taskId, shared: shared ? 1 : 0 })),
            )
            .onConflict((existing) =>
              // What a task has for itself stays so.
              existing
                .columns(['resource', 'task_id'])
                .doUpdateSet({ shared: sql<number>`locks.shared * excluded.shared` }),
            )
            .execute();
        }
        return undefined;
      }),

    async heldBy(taskId) {
      const rows = await scope.db
        .selectFrom('locks')
        .select(['resource', 'shared'])
        .where('task_id', '=', taskId)
        .orderBy('resource')
        .execute();
      return rows.map(({ resource, shared }) => (shared === 1 ? { shared: resource } : resource));
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

    async ofTask(taskId, limit) {
      const held = await scope.db
        .selectFrom('locks')
        .select(['resource', 'shared', sql<number>`count(*) over ()`.as('count')])
        .where('task_id', '=', taskId)
        .orderBy('resource')
        .limit(limit)
        .execute();
      const others = await holdersOf(
        scope.db,
        held.map(({ resource }) => resource),
      );
      const first = held.map(
        ({ resource, shared }): HeldLock => ({
          resource,
          shared: shared === 1,
          others: others
            .filter((one) => one.resource === resource && one.taskId !== taskId)
            .map((one) => one.taskId),
        }),
      );
      return { count: Number(held[0]?.count ?? 0), first };
    },

    holders: (resources) => holdersOf(scope.db, resources),

    firstHeld: (resources) => conflict(scope.db, wishesOf(resources), new Set()),

    release: (taskId) => releaseLocks(scope.db, taskId),
  };
}

async function holdersOf(db: Kysely<Schema>, resources: readonly string[]): Promise<LockHolder[]> {
  const found: LockHolder[] = [];
  for (let at = 0; at < resources.length; at += CHUNK) {
    const rows = await db
      .selectFrom('locks')
      .innerJoin('tasks', 'tasks.id', 'locks.task_id')
      .select(['locks.resource', 'locks.task_id', 'tasks.name'])
      .where('locks.resource', 'in', resources.slice(at, at + CHUNK))
      .orderBy('locks.task_id')
      .execute();
    found.push(...rows.map(({ resource, task_id, name }) => ({ resource, taskId: task_id, name })));
  }
  return found;
}

async function releaseLocks(db: Kysely<Schema>, taskId: number): Promise<void> {
  await db.deleteFrom('locks').where('task_id', '=', taskId).execute();
}

/**
 * What an ended task still holds: its locks, the hosts it has reserved, passwords kept for its undo, and its marks on the
 * objects that it worked on. When it came to nothing, the records of the servers that it was to make go, so that their
 * hosts can be asked for again (what is on those hosts stays there: the next task finds it), with the logins of a cluster
 * that it was to bring, and other objects are what they were, or what the task has said that they then are.
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
  const credentials = failed ? await credentialsBroughtBy(db, taskId) : [];
  await endWork(db, taskId, failed);
  await removeUnusedCredentials(db, credentials);
}
