import { randomBytes, randomInt } from 'node:crypto';
import type { Selectable } from 'kysely';
import { now, type Schema } from '../database/schema';
import type { Scope } from '../database/scope';
import type { MasterKey } from '../masterKey';
import type { AccessKeyRow, AccessKeys } from '../types';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Forms of the published examples: 16 letters or digits, and 16 bytes in hex. */
const ID_LENGTH = 16;
const SECRET_BYTES = 16;

const COLUMNS = [
  'id',
  'access_key_id',
  'user_id',
  'description',
  'enabled',
  'create_time',
  'last_used_time',
] as const;
type Row = Pick<Selectable<Schema['access_keys']>, (typeof COLUMNS)[number]>;

function keyRow(row: Row): AccessKeyRow {
  return {
    id: row.id,
    accessKeyId: row.access_key_id,
    userId: row.user_id,
    description: row.description,
    enabled: row.enabled === 1,
    createTime: row.create_time,
    lastUsedTime: row.last_used_time,
  };
}

function newAccessKeyId(): string {
  return Array.from({ length: ID_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

export function accessKeysRepository(scope: Scope, key: MasterKey): AccessKeys {
  const place = (accessKeyId: string) => `secret of access key ${accessKeyId}`;

  return {
    add: (userId, description, most) =>
      scope.write(async (db) => {
        const { count } = await db
          .selectFrom('access_keys')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('user_id', '=', userId)
          .executeTakeFirstOrThrow();
        if (count >= most) throw new RangeError(`User ${userId} has ${count} access keys`);
        const accessKeyId = newAccessKeyId();
        const secret = randomBytes(SECRET_BYTES).toString('hex');
        const row = await db
          .insertInto('access_keys')
          .values({
            access_key_id: accessKeyId,
            user_id: userId,
            secret: key.seal(secret, place(accessKeyId)),
            description,
            enabled: 1,
            create_time: now(),
          })
          .returning(COLUMNS)
          .executeTakeFirstOrThrow();
        return { key: keyRow(row), secret };
      }),

    async ofUser(userId) {
      const rows = await scope.db
        .selectFrom('access_keys')
        .select(COLUMNS)
        .where('user_id', '=', userId)
        .orderBy('id')
        .execute();
      return rows.map(keyRow);
    },

    async setEnabled(userId, id, enabled) {
      const row = await scope.db
        .updateTable('access_keys')
        .set({ enabled: enabled ? 1 : 0 })
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .returning(COLUMNS)
        .executeTakeFirst();
      return row === undefined ? undefined : keyRow(row);
    },

    async remove(userId, id) {
      const removed = await scope.db
        .deleteFrom('access_keys')
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .returning('id')
        .executeTakeFirst();
      return removed !== undefined;
    },

    async forSigning(accessKeyId) {
      const rows = await scope.db
        .selectFrom('access_keys')
        .innerJoin('users', 'users.id', 'access_keys.user_id')
        .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
        .select([
          'access_keys.id',
          'access_keys.secret',
          'access_keys.last_used_time',
          'users.id as userId',
          'users.name',
          'user_roles.role',
        ])
        .where('access_keys.access_key_id', '=', accessKeyId)
        .where('access_keys.enabled', '=', 1)
        .where('users.enabled', '=', 1)
        .orderBy('user_roles.role')
        .execute();
      const [first] = rows;
      if (first === undefined) return undefined;
      const roles = rows.flatMap(({ role }) => (role === null ? [] : [role]));
      return {
        id: first.id,
        user: {
          id: first.userId,
          name: first.name,
          roles,
          basis: { userId: first.userId, accessKeyId: first.id },
        },
        secret: key.open(first.secret, place(accessKeyId)),
        lastUsedTime: first.last_used_time,
      };
    },

    async used(id) {
      await scope.db.updateTable('access_keys').set({ last_used_time: now() }).where('id', '=', id).execute();
    },
  };
}
