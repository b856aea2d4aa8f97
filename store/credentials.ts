import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { now } from './database/schema';
import type { Scope } from './database/scope';
import type { MasterKey } from './masterKey';
import type { Credential, Credentials, OpenCredential } from './types';

const COLUMNS = ['id', 'name', 'kind', 'username', 'secret', 'passphrase'] as const;
type Row = Credential & { readonly secret: string; readonly passphrase: string | null };

export function credentialsRepository(scope: Scope, key: MasterKey): Credentials {
  const secretPlace = (name: string) => `secret of credential ${name}`;
  const passphrasePlace = (name: string) => `passphrase of credential ${name}`;

  function opened(row: Row): OpenCredential {
    return {
      id: row.id,
      name: row.name,
      kind: row.kind,
      username: row.username,
      secret: key.open(row.secret, secretPlace(row.name)),
      ...(row.passphrase === null ? {} : { passphrase: key.open(row.passphrase, passphrasePlace(row.name)) }),
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

    async open(id) {
      const row = await scope.db
        .selectFrom('credentials')
        .select(COLUMNS)
        .where('id', '=', id)
        .executeTakeFirst();
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
