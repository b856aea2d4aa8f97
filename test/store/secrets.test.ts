import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Libsql from 'libsql';
import { PermanentError, TransientError } from '../../runtime/errors';
import { openStore } from '../../store';
import { loadMasterKey } from '../../store/masterKey';
import { execute } from '../support/postgres';
import { addObproxyCluster, onEveryDatabase, type Place } from './databases';

async function failure(promise: Promise<unknown>): Promise<Error & { type?: string }> {
  return promise.then(
    () => new Error('it succeeded'),
    (error: Error) => error,
  );
}

/** Every byte the database keeps: the files (write-ahead log included), or the rows of every table. */
async function everything(place: Place): Promise<string> {
  if (place.databaseUrl.startsWith('file:')) {
    return readdirSync(place.folder)
      .filter((name) => name.startsWith('obflow.db'))
      .map((name) => readFileSync(path.join(place.folder, name), 'latin1'))
      .join('\n');
  }
  const tables = await execute(
    place.databaseUrl,
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  const rows = [];
  for (const { name } of tables) rows.push(await execute(place.databaseUrl, `select * from "${name}"`));
  return JSON.stringify(rows);
}

/** Runs one statement beside the product. */
async function executeBeside(place: Place, statement: string): Promise<void> {
  if (!place.databaseUrl.startsWith('file:')) {
    await execute(place.databaseUrl, statement);
    return;
  }
  const database = new Libsql(place.databaseUrl.slice('file:'.length));
  database.exec(statement);
  database.close();
}

onEveryDatabase('Secrets', (on) => {
  test('A credential keeps two secrets, both sealed, until one of them has proven itself', async () => {
    const place = await on.place();
    const store = await on.open(place);
    const { credentials } = store;
    const { id } = await credentials.put({
      ...{ name: 'sys', kind: 'DATABASE', username: 'root', secret: 'PLANTED-former' },
    });
    expect(await credentials.propose(id, 'PLANTED-next', { secret: 'PLANTED-former' })).toBe(true);
    // Whoever has not seen it may not take its place, nor end another one.
    expect(await credentials.propose(id, 'PLANTED-other', { secret: 'PLANTED-former' })).toBe(false);
    await credentials.settle(id, 'PLANTED-other');
    await credentials.withdraw(id, 'PLANTED-other');
    const { secret, pending } = await credentials.open(id);
    expect([secret, pending?.secret]).toEqual(['PLANTED-former', 'PLANTED-next']);
    expect(await everything(place)).not.toContain('PLANTED');
    expect(await credentials.propose(id, 'PLANTED-third', { secret, pending: pending! })).toBe(true);
    await credentials.withdraw(id, 'PLANTED-third');
    expect(await credentials.open(id)).toMatchObject({ secret: 'PLANTED-former' });
    expect(await credentials.open(id)).not.toHaveProperty('pending');
    expect(await credentials.propose(id, 'PLANTED-next', { secret: 'PLANTED-former' })).toBe(true);
    await credentials.settle(id, 'PLANTED-next');
    expect(await credentials.open(id)).toMatchObject({ secret: 'PLANTED-next' });
    expect(await credentials.open(id)).not.toHaveProperty('pending');
    expect(await credentials.propose(4711, 'PLANTED-next', { secret: 'x' })).toBe(false);
  });

  test('No secret is in the database in clear', async () => {
    const place = await on.place();
    const store = await on.open(place);
    const planted = ['PLANTED-key', 'PLANTED-passphrase', 'PLANTED-ssh', 'PLANTED-sql', 'PLANTED-admin'];
    const put = store.credentials.put;
    await put({ name: 'a', kind: 'SSH_KEY', username: 'u', secret: planted[0]!, passphrase: planted[1]! });
    await put({ name: 'b', kind: 'SSH_PASSWORD', username: 'u', secret: planted[2]! });
    await put({ name: 'c', kind: 'DATABASE', username: 'u', secret: planted[3]! });
    await put({ name: 'c', kind: 'DATABASE', username: 'u', secret: `${planted[3]}-changed` });
    await store.users.ensureAdmin(planted[4]!);
    await store.users.verify('admin', planted[4]!);
    await addObproxyCluster(store); // 'proxysys secret'
    const stored = await everything(place);
    expect(stored).toContain('SSH_PASSWORD');
    expect(stored).not.toContain('PLANTED');
    expect(stored).not.toContain('proxysys secret');
    for (const secret of planted) {
      expect(stored).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12));
    }
    if (on.kind === 'SQLite') expect(statSync(path.join(place.folder, 'obflow.db')).mode & 0o777).toBe(0o600);
  });

  test('Another key than the database was made with is refused before anything is read', async () => {
    const place = await on.place();
    await (await openStore(place)).close();
    const other = path.join(place.folder, 'other.key');
    await loadMasterKey(other, true);
    const error = await failure(openStore({ ...place, masterKeyFile: other }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.type).toBe('MasterKeyWrong');
    expect(error.message).toMatch(
      /sealed by key \w{12}, and the key file holds key \w{12}.*OBFLOW_MASTER_KEY_FILE/,
    );
  });

  test('A lost key is not replaced by a new one', async () => {
    const place = await on.place();
    await (await openStore(place)).close();
    const lost = path.join(place.folder, 'lost.key');
    const error = await failure(openStore({ ...place, masterKeyFile: lost }));
    expect([error.type, existsSync(lost)]).toEqual(['MasterKeyMissing', false]);
  });

  test('A secret moved to another row does not open', async () => {
    const place = await on.place();
    const store = await on.open(place);
    const { id } = await store.credentials.put({
      name: 'a',
      kind: 'DATABASE',
      username: 'u',
      secret: 's',
    });
    await store.close();
    const move = `update credentials set name = 'b'`;
    await executeBeside(place, move);
    const error = await failure((await on.open(place)).credentials.open(id));
    expect([error instanceof PermanentError, error.type]).toEqual([true, 'SecretDamaged']);
  });

  test('A database made by a newer obflow is refused', async () => {
    const place = await on.place();
    const store = await on.open(place);
    await store.close();
    const statement = `insert into kysely_migration (name, timestamp) values ('9999_later', '2030')`;
    await executeBeside(place, statement);
    expect((await failure(openStore(place))).type).toBe('DatabaseNewer');
  });

  test('A database that cannot be reached is an error that names it, without its password', async () => {
    const place = await on.place();
    if (on.kind === 'SQLite') {
      const file = path.join(place.folder, 'taken');
      mkdirSync(file);
      const error = await failure(openStore({ ...place, databaseUrl: `file:${file}` }));
      expect([error instanceof PermanentError, error.type]).toEqual([true, 'DatabaseUnusable']);
      expect(error.message).toContain(file);
      writeFileSync(path.join(place.folder, 'text'), 'this is no database, but a text '.repeat(200));
      const text = `file:${path.join(place.folder, 'text')}`;
      expect((await failure(openStore({ ...place, databaseUrl: text }))).type).toBe('DatabaseDamaged');
    } else {
      const missing = place.databaseUrl.replace(/test_\d+$/, 'nowhere');
      expect((await failure(openStore({ ...place, databaseUrl: missing }))).type).toBe('DatabaseRefused');
      const url = 'postgres://somebody:hunter2@127.0.0.1:1/db';
      const error = await failure(openStore({ ...place, databaseUrl: url }));
      expect([error instanceof TransientError, error.type]).toEqual([true, 'DatabaseUnavailable']);
      expect(error.message).toMatch(/127\.0\.0\.1:1\/db/);
      expect(error.message).not.toMatch(/hunter2|somebody/);
    }
    const odd = await failure(openStore({ ...place, databaseUrl: 'mysql://root:hunter2@h/db' }));
    expect(odd.type).toBe('DatabaseUrlInvalid');
    expect(odd.message).not.toContain('hunter2');
  });
});

describe('The master key', () => {
  onKeyFile('is made 0600 and read again', async (file) => {
    const key = await loadMasterKey(file, true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await loadMasterKey(file, false);
    expect(again.id).toBe(key.id);
    const sealed = key.seal('secret \u{1F511}', 'here');
    expect(sealed.startsWith(`${key.id}.`)).toBe(true);
    expect(key.seal('secret \u{1F511}', 'here')).not.toBe(sealed);
    expect(again.open(sealed, 'here')).toBe('secret \u{1F511}');
    expect(() => again.open(sealed, 'there')).toThrow(PermanentError);
    expect(() => again.open(`${sealed.slice(0, -4)}AAAA`, 'here')).toThrow(/altered/);
    expect(key.open(key.seal('', 'x'), 'x')).toBe('');
  });

  onKeyFile('is one, however many make it at once, and leaves no draft', async (file) => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey(file, true)));
    expect(new Set(keys.map((key) => key.id)).size).toBe(1);
    expect(readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  });

  onKeyFile('is refused when others may read it, with the command that helps', async (file) => {
    await loadMasterKey(file, true);
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(file, mode);
      const error = await failure(loadMasterKey(file, true));
      expect(error.type).toBe('MasterKeyExposed');
      expect(error.message).toContain(`Run: chmod 600 ${file}`);
    }
  });

  onKeyFile('is refused when it is no key', async (file) => {
    for (const text of ['', 'short', `${'x'.repeat(44)}`, Buffer.alloc(33).toString('base64')]) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text, { mode: 0o600 });
      expect((await failure(loadMasterKey(file, true))).type).toBe('MasterKeyInvalid');
    }
  });
});

function onKeyFile(title: string, promise: (file: string) => Promise<void>): void {
  test(title, async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-key-'));
    try {
      await promise(path.join(folder, 'keys', 'master.key'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
