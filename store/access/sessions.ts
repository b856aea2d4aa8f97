import { createHash, randomBytes } from 'node:crypto';
import type { Scope } from '../database/scope';
import type { KnownUser, Sessions } from '../types';
import { passwordDigest } from './passwords';

const MINUTE_MS = 60_000;
/** A working day; OCP's sessions end alike. */
export const SESSION_MS = 12 * 60 * MINUTE_MS;
/** Without a request for so long it is over. */
export const IDLE_MS = 60 * MINUTE_MS;
/** A page asks every few seconds, which a database should not be written for. */
const USE_NOTED_MS = MINUTE_MS;
/** Of one user; the one that was used least recently makes room. */
const MOST = 50;

const iso = (time: number): string => new Date(time).toISOString();

/** How a token is stored: nobody who reads the database can use it. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Sessions that are neither over nor idle. */
export function liveSessions(db: Scope['db'], now: number) {
  return db
    .selectFrom('sessions')
    .where('sessions.expire_time', '>', iso(now))
    .where('sessions.last_used_time', '>', iso(now - IDLE_MS));
}

export function sessionsRepository(scope: Scope): Sessions {
  return {
    async begin({ userId, passwordDigest }, now) {
      const token = randomBytes(32).toString('base64url');
      const session = {
        digest: digestOf(token),
        user_id: userId,
        password_digest: passwordDigest,
        create_time: iso(now),
        expire_time: iso(now + SESSION_MS),
        last_used_time: iso(now),
      };
      await scope.write(async (db) => {
        const surplus = await db
          .selectFrom('sessions')
          .select('digest')
          .where('user_id', '=', userId)
          .orderBy('last_used_time', 'desc')
          .offset(MOST - 1)
          .limit(MOST)
          .execute();
        if (surplus.length > 0) {
          const digests = surplus.map(({ digest }) => digest);
          await db.deleteFrom('sessions').where('digest', 'in', digests).execute();
        }
        await db.insertInto('sessions').values(session).execute();
      });
      return token;
    },

    async find(token, now) {
      const digest = digestOf(token);
      const rows = await liveSessions(scope.db, now)
        .innerJoin('users', 'users.id', 'sessions.user_id')
        .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
        .select(['users.id', 'users.name', 'users.password_hash', 'user_roles.role'])
        .select(['sessions.password_digest', 'sessions.last_used_time'])
        .where('sessions.digest', '=', digest)
        .where('users.enabled', '=', 1)
        .orderBy('user_roles.role')
        .execute();
      const [first] = rows;
      if (first === undefined || passwordDigest(first.password_hash) !== first.password_digest) {
        return undefined;
      }
      if (now - Date.parse(first.last_used_time) > USE_NOTED_MS) await this.used([digest], now);
      const roles = rows.flatMap(({ role }) => (role === null ? [] : [role]));
      const basis = { userId: first.id, passwordDigest: first.password_digest, sessionDigest: digest };
      return { id: first.id, name: first.name, roles, basis } satisfies KnownUser;
    },

    async used(digests, now) {
      if (digests.length === 0) return;
      await scope.db
        .updateTable('sessions')
        .set({ last_used_time: iso(now) })
        .where('digest', 'in', [...digests])
        .where('last_used_time', '<', iso(now))
        .execute();
    },

    async end(token) {
      const ended = await scope.db
        .deleteFrom('sessions')
        .where('digest', '=', digestOf(token))
        .returning('user_id')
        .executeTakeFirst();
      if (ended === undefined) return undefined;
      return scope.db
        .selectFrom('users')
        .select(['id', 'name'])
        .where('id', '=', ended.user_id)
        .executeTakeFirst();
    },

    async deleteExpired(now) {
      const { numDeletedRows } = await scope.db
        .deleteFrom('sessions')
        .where((eb) =>
          eb.or([eb('expire_time', '<=', iso(now)), eb('last_used_time', '<=', iso(now - IDLE_MS))]),
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}
