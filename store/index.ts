import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, KyselyPlugin } from 'kysely';

import { accessKeysRepository } from './access/accessKeys';

import { auditRepository } from './access/audit';
import { loginAttemptsRepository } from './access/loginAttempts';
import { KnownPasswords, type PasswordCost } from './access/passwords';
import { sessionsRepository } from './access/sessions';
import { usedSignaturesRepository } from './access/usedSignatures';
import { usersRepository } from './access/users';
import { credentialsRepository } from './credentials';
import { connectDatabase, type Database, migrate, undoing } from './database/database';
import type { Schema } from './database/schema';
import type { Scope } from './database/scope';
import { sequencesRepository } from './database/sequences';
import { hostsRepository } from './hosts';
import { leasesRepository } from './leases';
import { loadMasterKey, type MasterKey, wrongMasterKey } from './masterKey';
import { obClustersRepository } from './obClusters';
import { obproxyRepository } from './obproxy';
import { obServersRepository } from './obServers';
import { observationsRepository } from './observations';
import { packagesRepository } from './packages';
import { placesRepository } from './places';
import { idempotencyRepository } from './tasks/idempotency';
import { locksRepository } from './tasks/locks';
import { tasksRepository } from './tasks/tasks';
import { workRepository } from './tasks/work';
import { type OwnTemporal, temporalOfTasks } from './temporalOfTasks';
import type { Store } from './types';

/**
 * Opens the inventory: connects, brings the schema up to date, loads or makes the master key. Any number of
 * processes may have one database open. Throws PermanentError when a person must act (wrong URL, wrong password,
 * wrong master key, a database of a newer obflow), TransientError when the database cannot be reached now.
 */
export async function openStore(options: {
  databaseUrl: string;
  masterKeyFile: string;
  /** Called once when the schema is not up to date after 3 s: mostly another process is at it. */
  onWaiting?: () => void;
  /** For tests, which make and check users by the hundred; default what guards real passwords (0.15 s a check). */
  passwordCost?: PasswordCost;
}): Promise<Store> {
  const database = connectDatabase(options.databaseUrl);
  try {
    await migrate(database, options.onWaiting === undefined ? {} : { onWaiting: options.onWaiting });
    const key = await openMasterKey(database, options.masterKeyFile);
    return outerStore(database, key, options.passwordCost);
  } catch (error) {
    await database.db.destroy();
    throw error;
  }
}

/** The key of the file, which must be the one this database was first used with. */
async function openMasterKey({ db }: Database, file: string): Promise<MasterKey> {
  const storedId = async () =>
    (await db.selectFrom('settings').select('value').where('name', '=', 'master_key_id').executeTakeFirst())
      ?.value;
  const known = await storedId();
  const key = await loadMasterKey(file, known === undefined);
  if (known === undefined) {
    await db
      .insertInto('settings')
      .values({ name: 'master_key_id', value: key.id })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const counts = known ?? (await storedId()) ?? key.id;
  if (counts !== key.id) throw wrongMasterKey(counts, key.id);
  return key;
}

type Repositories = Omit<Store, 'transaction' | 'dryTransaction' | 'close'>;

/** Ends a transaction that must leave nothing behind, carrying its result out. */
class DryRunEnd extends Error {}

function outerStore(database: Database, key: MasterKey, cost?: PasswordCost): Store {
  const known = new KnownPasswords();
  const own: OwnTemporal = {};
  const inside = new AsyncLocalStorage<{ active: boolean }>();

  const repositories = (scope: Scope): Repositories => ({
    users: usersRepository(scope, known, cost),
    accessKeys: accessKeysRepository(scope, key),
    usedSignatures: usedSignaturesRepository(scope),
    sessions: sessionsRepository(scope),
    loginAttempts: loginAttemptsRepository(scope),
    credentials: credentialsRepository(scope, key),
    hosts: hostsRepository(scope),
    places: placesRepository(scope),
    packages: packagesRepository(scope),
    obClusters: obClustersRepository(scope),
    obServers: obServersRepository(scope),
    obproxy: obproxyRepository(scope, key),
    tasks: tasksRepository(scope, own),
    locks: locksRepository(scope),
    work: workRepository(scope),
    observations: observationsRepository(scope),
    leases: leasesRepository(scope),
    sequences: sequencesRepository(scope),
    temporal: temporalOfTasks(scope, own),
    idempotency: idempotencyRepository(scope, key),
    audit: auditRepository(scope),
  });

  function refuseInside(): void {
    if (inside.getStore()?.active !== true) return;
    throw new Error('Inside a transaction use the inventory it gives; this one would wait for it for ever');
  }

  /** SQLite has one connection here: a statement beside the transaction that awaits it would never run. */
  const guard: KyselyPlugin = {
    transformQuery({ node }) {
      refuseInside();
      return node;
    },
    transformResult: async ({ result }) => result,
  };

  function write<T>(work: (transaction: Kysely<Schema>) => Promise<T>): Promise<T> {
    refuseInside();
    return database.db.transaction().execute(async (transaction) => {
      await database.lockWriters(transaction);
      const state = { active: true };
      try {
        return await inside.run(state, () => work(transaction));
      } finally {
        // What the work left running is on its own again.
        state.active = false;
      }
    });
  }

  function bound(transaction: Kysely<Schema>): Store {
    const store: Store = {
      ...repositories({ db: transaction, write: (work) => work(transaction) }),
      transaction: (work) => work(store),
      dryTransaction: (work) => undoing(transaction, () => work(store)),
      close: async () => {
        throw new Error('A transaction cannot close the inventory');
      },
    };
    return store;
  }

  return {
    ...repositories({ db: database.db.withPlugin(guard), write }),
    transaction: async (work) => write((transaction) => work(bound(transaction))),
    async dryTransaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
      let result: { value: T } | undefined;
      const end = new DryRunEnd();
      try {
        return await write(async (transaction) => {
          result = { value: await work(bound(transaction)) };
          throw end;
        });
      } catch (error) {
        if (error === end && result !== undefined) return result.value;
        throw error;
      }
    },
    close: () => database.db.destroy(),
  };
}
