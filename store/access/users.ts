import { sql } from 'kysely';
import { say } from '../../runtime/messages/catalogue';
import { direction, pageOf } from '../database/paging';
import { now } from '../database/schema';
import type { Scope } from '../database/scope';
import { sequencesRepository } from '../database/sequences';
import { DuplicateError, type KnownUser, LastAdminError, type UserRow, type Users } from '../types';
import {
  hashPassword,
  type KnownPasswords,
  type PasswordCost,
  passwordDigest,
  passwordFits,
  pretendToCheck,
} from './passwords';
import { liveSessions } from './sessions';

/** Id of `admin` in the documented samples. */
const ADMIN_ID = 100;
/** The role that may do everything. */
const ADMIN = 'ADMIN';
const SORT_FIELDS = { id: 'id', name: 'name', createTime: 'create_time' };
const COLUMNS = ['id', 'name', 'enabled', 'create_time'] as const;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly enabled: number;
  readonly create_time: string;
}

export function usersRepository(scope: Scope, known: KnownPasswords, cost?: PasswordCost): Users {
  async function withRoles(db: Scope['db'], rows: readonly Row[]): Promise<UserRow[]> {
    const ids = rows.map(({ id }) => id);
    const granted =
      ids.length === 0
        ? []
        : await db.selectFrom('user_roles').selectAll().where('user_id', 'in', ids).orderBy('role').execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      enabled: row.enabled === 1,
      roles: granted.filter(({ user_id }) => user_id === row.id).map(({ role }) => role),
      createTime: row.create_time,
    }));
  }

  async function find(db: Scope['db'], id: number): Promise<UserRow | undefined> {
    const row = await db.selectFrom('users').select(COLUMNS).where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : (await withRoles(db, [row]))[0];
  }

  async function grant(db: Scope['db'], userId: number, roles: readonly string[]): Promise<void> {
    await db.deleteFrom('user_roles').where('user_id', '=', userId).execute();
    const rows = [...new Set(roles)].map((role) => ({ user_id: userId, role }));
    if (rows.length > 0) await db.insertInto('user_roles').values(rows).execute();
  }

  /** Inside the transaction of the change: writers wait for each other, so two cannot remove the last two at once. */
  async function refuseWithoutAdmin(db: Scope['db']): Promise<void> {
    const left = await db
      .selectFrom('users')
      .innerJoin('user_roles', 'user_roles.user_id', 'users.id')
      .select('users.id')
      .where('users.enabled', '=', 1)
      .where('user_roles.role', '=', ADMIN)
      .limit(1)
      .executeTakeFirst();
    if (left === undefined) throw new LastAdminError(say('user.noAdminLeft'));
  }

  return {
    async ensureAdmin(password) {
      const anyUser = scope.db.selectFrom('users').select('id').limit(1);
      if ((await anyUser.executeTakeFirst()) !== undefined) return false;
      const password_hash = await hashPassword(password, cost);
      return scope.write(async (db) => {
        const made = await db
          .insertInto('users')
          .values({ id: ADMIN_ID, name: 'admin', password_hash, create_time: now() })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        if (made === undefined) return false;
        await grant(db, ADMIN_ID, [ADMIN]);
        return true;
      });
    },

    async verify(name, password, runCheck = (check) => check()) {
      const rows = await scope.db
        .selectFrom('users')
        .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
        .select(['users.id', 'users.name', 'users.password_hash', 'users.enabled', 'user_roles.role'])
        .where('users.name', '=', name)
        .orderBy('user_roles.role')
        .execute();
      const [user] = rows;
      if (user === undefined) {
        await runCheck(() => pretendToCheck(password, cost));
        return undefined;
      }
      if (!known.has(user.id, password, user.password_hash)) {
        if (!(await runCheck(() => passwordFits(password, user.password_hash)))) return undefined;
        known.add(user.id, password, user.password_hash);
      }
      if (user.enabled !== 1) return undefined;
      const roles = rows.flatMap(({ role }) => (role === null ? [] : [role]));
      const basis = { userId: user.id, passwordDigest: passwordDigest(user.password_hash) };
      return { id: user.id, name: user.name, roles, basis } satisfies KnownUser;
    },

    async add({ name, password, roles }) {
      const password_hash = await hashPassword(password, cost);
      return scope.write(async (db) => {
        const taken = await db
          .selectFrom('users')
          .select('name')
          .where(sql<string>`lower(name)`, '=', name.toLowerCase())
          .executeTakeFirst();
        if (taken !== undefined) throw new DuplicateError(say('taken.user', { name: taken.name }));
        const id = await sequencesRepository({ ...scope, db }).next('user');
        const row = { id, name, password_hash, create_time: now() };
        await db.insertInto('users').values(row).execute();
        await grant(db, id, roles);
        return { id, name, enabled: true, roles: [...new Set(roles)].sort(), createTime: row.create_time };
      });
    },

    find: (id) => find(scope.db, id),

    async rolesUnder(logins) {
      const userIds = [...new Set(logins.map(({ userId }) => userId))];
      if (userIds.length === 0) return [];
      const users = await scope.db
        .selectFrom('users')
        .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
        .select(['users.id', 'users.password_hash', 'user_roles.role'])
        .where('users.id', 'in', userIds)
        .where('users.enabled', '=', 1)
        .execute();
      const keys = await scope.db
        .selectFrom('access_keys')
        .select('id')
        .where('user_id', 'in', userIds)
        .where('enabled', '=', 1)
        .execute();
      const enabledKeys = new Set(keys.map(({ id }) => id));
      const asked = logins.flatMap((login) =>
        'sessionDigest' in login && login.sessionDigest !== undefined ? [login.sessionDigest] : [],
      );
      const sessions =
        asked.length === 0
          ? []
          : await liveSessions(scope.db, Date.now())
              .select('digest')
              .where('digest', 'in', [...new Set(asked)])
              .execute();
      const live = new Set(sessions.map(({ digest }) => digest));
      // One user may have hundreds of streams open.
      const byId = new Map(
        userIds.flatMap((userId) => {
          const rows = users.filter(({ id }) => id === userId);
          const [first] = rows;
          if (first === undefined) return [];
          const roles = rows.flatMap(({ role }) => (role === null ? [] : [role]));
          return [[userId, { roles, digest: passwordDigest(first.password_hash) }] as const];
        }),
      );
      return logins.map((login) => {
        const user = byId.get(login.userId);
        const counts =
          'accessKeyId' in login
            ? enabledKeys.has(login.accessKeyId)
            : user?.digest === login.passwordDigest &&
              (login.sessionDigest === undefined || live.has(login.sessionDigest));
        return counts ? user?.roles : undefined;
      });
    },

    async exists(name) {
      const row = await scope.db.selectFrom('users').select('id').where('name', '=', name).executeTakeFirst();
      return row !== undefined;
    },

    async list(request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      let query = scope.db.selectFrom('users').select(COLUMNS).limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('users')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      return { contents: await withRoles(scope.db, await query.execute()), totalElements: total };
    },

    async change(id, { password, roles, enabled }) {
      const password_hash = password === undefined ? undefined : await hashPassword(password, cost);
      return scope.write(async (db) => {
        if ((await find(db, id)) === undefined) return undefined;
        if (password_hash !== undefined) {
          await db.updateTable('users').set({ password_hash }).where('id', '=', id).execute();
        }
        if (enabled !== undefined) {
          await db
            .updateTable('users')
            .set({ enabled: enabled ? 1 : 0 })
            .where('id', '=', id)
            .execute();
        }
        if (roles !== undefined) await grant(db, id, roles);
        await refuseWithoutAdmin(db);
        return find(db, id);
      });
    },

    remove: (id) =>
      scope.write(async (db) => {
        const removed = await db.deleteFrom('users').where('id', '=', id).returning('id').executeTakeFirst();
        if (removed === undefined) return false;
        await refuseWithoutAdmin(db);
        return true;
      }),
  };
}
