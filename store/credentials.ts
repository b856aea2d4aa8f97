import type { Kysely } from 'kysely';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { direction, pageOf } from './database/paging';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { MasterKey } from './masterKey';
import type { Credential, CredentialRow, Credentials, CredentialUsers, OpenCredential } from './types';

const COLUMNS = [
  ...(['id', 'name', 'kind', 'username', 'secret', 'passphrase'] as const),
  ...(['pending_secret', 'pending_since'] as const),
] as const;
type Row = Credential & {
  readonly secret: string;
  readonly passphrase: string | null;
  readonly pending_secret: string | null;
  readonly pending_since: string | null;
};

const SSH_KINDS = ['SSH_KEY', 'SSH_PASSWORD'] as const;
const ALL_KINDS = [...SSH_KINDS, 'DATABASE'] as const;
const SORT_FIELDS = {
  id: 'id',
  name: 'name',
  username: 'username',
  createTime: 'create_time',
  updateTime: 'update_time',
};

function shown(db: Scope['db']) {
  return db
    .selectFrom('credentials')
    .select(['id', 'name', 'kind', 'username', 'description', 'create_time', 'update_time']);
}

function shownRow({
  create_time,
  update_time,
  ...row
}: Awaited<ReturnType<ReturnType<typeof shown>['executeTakeFirstOrThrow']>>): CredentialRow {
  return { ...row, createTime: create_time, updateTime: update_time };
}

const NO_USERS: CredentialUsers = { hosts: [], obClusters: [] };

/** What is reached by each of these credentials; nothing for one that nobody uses. */
async function usersOf(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, CredentialUsers>> {
  if (ids.length === 0) return new Map();
  const hosts = await db
    .selectFrom('hosts')
    .select(['id', 'ip', 'credential_id'])
    .where('credential_id', 'in', ids)
    .orderBy('id')
    .execute();
  const clusters = await db
    .selectFrom('ob_clusters')
    .select(['id', 'name', 'sys_credential_id', 'proxyro_credential_id'])
    .where((eb) => eb.or([eb('sys_credential_id', 'in', ids), eb('proxyro_credential_id', 'in', ids)]))
    .orderBy('id')
    .execute();
  return new Map(
    ids.map((credential) => [
      credential,
      {
        hosts: hosts.filter((host) => host.credential_id === credential).map(({ id, ip }) => ({ id, ip })),
        obClusters: clusters
          .filter((one) => [one.sys_credential_id, one.proxyro_credential_id].includes(credential))
          .map(({ id, name }) => ({ id, name })),
      },
    ]),
  );
}

/** Removes those that no host and no cluster uses. */
export async function removeUnusedCredentials(db: Kysely<Schema>, ids: readonly number[]): Promise<void> {
  const users = await usersOf(db, ids);
  const unused = ids.filter((id) => {
    const { hosts, obClusters } = users.get(id) ?? NO_USERS;
    return hosts.length + obClusters.length === 0;
  });
  if (unused.length > 0) await db.deleteFrom('credentials').where('id', 'in', unused).execute();
}

export function credentialsRepository(scope: Scope, key: MasterKey): Credentials {
  const secretPlace = (name: string) => `secret of credential ${name}`;
  const passphrasePlace = (name: string) => `passphrase of credential ${name}`;
  const pendingPlace = (name: string) => `pending secret of credential ${name}`;

  function opened(row: Row): OpenCredential {
    return {
      id: row.id,
      name: row.name,
      kind: row.kind,
      username: row.username,
      secret: key.open(row.secret, secretPlace(row.name)),
      ...(row.passphrase === null ? {} : { passphrase: key.open(row.passphrase, passphrasePlace(row.name)) }),
      ...pendingOf(row),
    };
  }

  function pendingOf({ name, pending_secret: sealed, pending_since: since }: Row) {
    if (sealed === null || since === null) return {};
    return { pending: { secret: key.open(sealed, pendingPlace(name)), since } };
  }

  function byId(db: Scope['db'], id: number): Promise<Row | undefined> {
    return db.selectFrom('credentials').select(COLUMNS).where('id', '=', id).executeTakeFirst();
  }

  /** Ends what is pending when it is this very secret. */
  function endPending(id: number, secret: string, proven: boolean): Promise<void> {
    return scope.write(async (db) => {
      const row = await byId(db, id);
      if (row === undefined || opened(row).pending?.secret !== secret) return;
      const time = now();
      await db
        .updateTable('credentials')
        .set({ pending_secret: null, pending_since: null })
        .$if(proven, (update) =>
          update.set({ secret: key.seal(secret, secretPlace(row.name)), update_time: time }),
        )
        .where('id', '=', id)
        .execute();
    });
  }

  function columnsOf(credential: Omit<OpenCredential, 'id'> & { readonly description: string | null }) {
    const { name, kind, username, secret, passphrase, description } = credential;
    return {
      ...{ name, kind, username, description },
      secret: key.seal(secret, secretPlace(name)),
      passphrase: passphrase === undefined ? null : key.seal(passphrase, passphrasePlace(name)),
    };
  }

  function byName(db: Scope['db'], name: string): Promise<Row | undefined> {
    return db.selectFrom('credentials').select(COLUMNS).where('name', '=', name).executeTakeFirst();
  }

  function difference(stored: Row | undefined, wanted: Omit<OpenCredential, 'id'>) {
    if (stored === undefined) return 'added';
    const open = opened(stored);
    const same =
      open.kind === wanted.kind &&
      open.username === wanted.username &&
      open.secret === wanted.secret &&
      open.passphrase === wanted.passphrase;
    return same ? 'unchanged' : 'changed';
  }

  return {
    put: (credential) =>
      scope.write(async (db) => {
        const stored = await byName(db, credential.name);
        const change = difference(stored, credential);
        if (stored !== undefined && change === 'unchanged') return { id: stored.id, change };
        const values = {
          kind: credential.kind,
          username: credential.username,
          secret: key.seal(credential.secret, secretPlace(credential.name)),
          passphrase:
            credential.passphrase === undefined
              ? null
              : key.seal(credential.passphrase, passphrasePlace(credential.name)),
          update_time: now(),
        };
        if (stored !== undefined) {
          await db.updateTable('credentials').set(values).where('id', '=', stored.id).execute();
          return { id: stored.id, change };
        }
        const { id } = await db
          .insertInto('credentials')
          .values({ ...values, name: credential.name, create_time: values.update_time })
          .returning('id')
          .executeTakeFirstOrThrow();
        return { id, change };
      }),

    compare: async (credential) => difference(await byName(scope.db, credential.name), credential),

    async find(name) {
      const row = await byName(scope.db, name);
      return row === undefined
        ? undefined
        : { id: row.id, name: row.name, kind: row.kind, username: row.username };
    },

    async findById(id) {
      const row = await shown(scope.db).where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : shownRow(row);
    },

    async list({ ssh }, request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false, nullable: [] });
      const kinds = ssh === undefined ? ALL_KINDS : ssh ? SSH_KINDS : (['DATABASE'] as const);
      let query = shown(scope.db)
        .where('kind', 'in', [...kinds])
        .limit(page.limit)
        .offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('credentials')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .where('kind', 'in', [...kinds])
        .executeTakeFirstOrThrow();
      return { contents: (await query.execute()).map(shownRow), totalElements: total };
    },

    async add(credential) {
      const time = now();
      const { id } = await scope.db
        .insertInto('credentials')
        .values({ ...columnsOf(credential), create_time: time, update_time: time })
        .returning('id')
        .executeTakeFirstOrThrow();
      return id;
    },

    async replace({ id, ...credential }) {
      await scope.db
        .updateTable('credentials')
        .set({ ...columnsOf(credential), update_time: now() })
        .where('id', '=', id)
        .execute();
    },

    propose: (id, secret, seen) =>
      scope.write(async (db) => {
        const row = await byId(db, id);
        if (row === undefined) return false;
        const { secret: present, pending } = opened(row);
        if (present !== seen.secret || pending?.secret !== seen.pending?.secret) return false;
        if (pending?.since !== seen.pending?.since) return false;
        await db
          .updateTable('credentials')
          .set({ pending_secret: key.seal(secret, pendingPlace(row.name)), pending_since: now() })
          .where('id', '=', id)
          .execute();
        return true;
      }),

    settle: (id, secret) => endPending(id, secret, true),

    withdraw: (id, secret) => endPending(id, secret, false),

    async users(id) {
      return (await usersOf(scope.db, [id])).get(id) ?? NO_USERS;
    },

    usersOf: (ids) => usersOf(scope.db, ids),

    removeUnused: (ids) => removeUnusedCredentials(scope.db, ids),

    async remove(id) {
      const { numDeletedRows } = await scope.db
        .deleteFrom('credentials')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },

    async open(id) {
      const row = await byId(scope.db, id);
      if (row === undefined) {
        throw new PermanentError({
          type: 'CredentialMissing',
          tried: say('store.readCredential', { id }),
          cameBack: say('store.noneOfId'),
          next: say('next.declare'),
        });
      }
      return opened(row);
    },
  };
}
