import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Libsql from 'libsql';
import { openStore } from '../../store';
import { addressBlock } from '../../store/access/loginAttempts';
import { connectDatabase, migrate } from '../../store/database/database';
import { migrations } from '../../store/database/migrations';
import { DuplicateError, LastAdminError } from '../../store/types';
import { onEveryDatabase } from './databases';

const PAGE = { page: 1, size: 100 };
const MINUTE = 60_000;

onEveryDatabase('Users and roles', (on) => {
  test('The first user is admin with the role ADMIN; others are numbered after it and never again alike', async () => {
    const { users } = await on.open();
    await users.ensureAdmin('first');
    const ann = await users.add({
      name: 'ann',
      password: 'secret of ann',
      roles: ['TASK_VIEWER', 'HOST_VIEWER'],
    });
    expect(ann).toMatchObject({ id: 101, name: 'ann', enabled: true, roles: ['HOST_VIEWER', 'TASK_VIEWER'] });
    expect(await users.remove(101)).toBe(true);
    expect(await users.remove(101)).toBe(false);
    expect(await users.add({ name: 'ann', password: 'x', roles: [] })).toMatchObject({ id: 102, roles: [] });
    const { contents, totalElements } = await users.list({
      ...PAGE,
      sort: { field: 'name', descending: true },
    });
    expect([totalElements, contents.map(({ name, roles }) => [name, ...roles])]).toEqual([
      2,
      [['ann'], ['admin', 'ADMIN']],
    ]);
  });

  test('A name is taken whatever its case', async () => {
    const { users } = await on.open();
    await users.ensureAdmin('first');
    await expect(users.add({ name: 'Admin', password: 'x', roles: [] })).rejects.toThrow(DuplicateError);
  });

  test('A changed password, a changed role and a disabled user count at once, in every process', async () => {
    const place = await on.place();
    const [one, two] = [await on.open(place), await on.open(place)];
    await one.users.ensureAdmin('first');
    const { id } = await one.users.add({ name: 'ann', password: 'old', roles: ['HOST_VIEWER'] });
    expect(await two.users.verify('ann', 'old')).toMatchObject({ id, name: 'ann', roles: ['HOST_VIEWER'] });
    await one.users.change(id, { roles: ['TASK_VIEWER'] });
    expect(await two.users.verify('ann', 'old')).toMatchObject({ roles: ['TASK_VIEWER'] });
    await one.users.change(id, { password: 'new' });
    expect(await two.users.verify('ann', 'old')).toBeUndefined();
    expect(await two.users.verify('ann', 'new')).toMatchObject({ id });
    await one.users.change(id, { enabled: false });
    expect(await two.users.verify('ann', 'new')).toBeUndefined();
    await one.users.change(id, { enabled: true });
    expect(await two.users.verify('ann', 'new')).toMatchObject({ id });
    expect(await one.users.change(4711, { enabled: false })).toBeUndefined();
  });

  test('A login knows later whether it would still be let in, and with which roles', async () => {
    const { users, accessKeys } = await on.open();
    await users.ensureAdmin('first');
    const { id } = await users.add({ name: 'ann', password: 'old', roles: ['HOST_VIEWER'] });
    const { key } = await accessKeys.add(id, null, 2);
    const byPassword = (await users.verify('ann', 'old'))!.basis;
    const byKey = (await accessKeys.forSigning(key.accessKeyId))!.user.basis;
    const both = () => users.rolesUnder([byPassword, byKey]);
    expect(JSON.stringify([byPassword, byKey])).not.toContain('scrypt');
    expect(await both()).toEqual([['HOST_VIEWER'], ['HOST_VIEWER']]);
    await users.change(id, { roles: [] });
    expect(await both()).toEqual([[], []]);
    await users.change(id, { enabled: false });
    expect(await both()).toEqual([undefined, undefined]);
    await users.change(id, { enabled: true, password: 'new' });
    expect(await both()).toEqual([undefined, []]);
    await accessKeys.setEnabled(id, key.id, false);
    expect(await both()).toEqual([undefined, undefined]);
    await accessKeys.setEnabled(id, key.id, true);
    expect(await both()).toEqual([undefined, []]);
    await users.remove(id);
    expect(await both()).toEqual([undefined, undefined]);
  });

  test('The last enabled administrator can be neither removed, nor disabled, nor degraded', async () => {
    const { users } = await on.open();
    await users.ensureAdmin('first');
    const other = await users.add({ name: 'other', password: 'x', roles: ['ADMIN'] });
    await users.change(other.id, { enabled: false });
    await expect(users.remove(100)).rejects.toThrow(LastAdminError);
    await expect(users.change(100, { enabled: false })).rejects.toThrow(LastAdminError);
    await expect(users.change(100, { roles: ['TASK_MANAGER'], password: 'lost' })).rejects.toThrow(
      LastAdminError,
    );
    expect(await users.verify('admin', 'first')).toMatchObject({ roles: ['ADMIN'] });
    await users.change(other.id, { enabled: true });
    const both = await Promise.allSettled([users.remove(100), users.remove(other.id)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('The check of an unknown name costs as much as one of a wrong password, and waits for its turn like it', async () => {
    const { users } = await on.open();
    await users.ensureAdmin('first');
    let checks = 0;
    const counted = async (check: () => Promise<boolean>): Promise<boolean> => {
      checks += 1;
      return check();
    };
    await users.verify('nobody', 'x', counted);
    await users.verify('admin', 'x', counted);
    await users.verify('admin', 'first', counted);
    expect(checks).toBe(3);
    await users.verify('admin', 'first', counted);
    expect(checks).toBe(3);
  });
});

onEveryDatabase('Access keys', (on) => {
  test('A key signs for its user while both are enabled; its secret is told once and stored sealed', async () => {
    const store = await on.open();
    const { users, accessKeys } = store;
    await users.ensureAdmin('first');
    const { key, secret } = await accessKeys.add(100, 'nightly', 2);
    expect(key.accessKeyId).toMatch(/^[A-Za-z0-9]{16}$/);
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(await accessKeys.ofUser(100)).toEqual([
      { ...key, userId: 100, description: 'nightly', enabled: true, lastUsedTime: null },
    ]);
    expect(await accessKeys.forSigning(key.accessKeyId)).toMatchObject({
      id: key.id,
      user: { id: 100, name: 'admin', roles: ['ADMIN'] },
      secret,
      lastUsedTime: null,
    });
    expect(await accessKeys.forSigning('nobody')).toBeUndefined();
    expect(await accessKeys.setEnabled(100, key.id, false)).toMatchObject({ enabled: false });
    expect(await accessKeys.forSigning(key.accessKeyId)).toBeUndefined();
    await accessKeys.setEnabled(100, key.id, true);
    const other = await users.add({ name: 'other', password: 'x', roles: ['ADMIN'] });
    expect(await accessKeys.setEnabled(other.id, key.id, false)).toBeUndefined();
    expect(await accessKeys.remove(other.id, key.id)).toBe(false);
    await users.change(100, { enabled: false });
    expect(await accessKeys.forSigning(key.accessKeyId)).toBeUndefined();
    await users.remove(100);
    expect(await accessKeys.ofUser(100)).toEqual([]);
  });

  test('A user has a limited number of keys, and each says when it was last used', async () => {
    const { users, accessKeys } = await on.open();
    await users.ensureAdmin('first');
    const { key } = await accessKeys.add(100, null, 1);
    await expect(accessKeys.add(100, null, 1)).rejects.toThrow(RangeError);
    await accessKeys.used(key.id);
    const [used] = await accessKeys.ofUser(100);
    expect(Date.now() - Date.parse(used?.lastUsedTime ?? '')).toBeLessThan(MINUTE);
    expect(await accessKeys.remove(100, key.id)).toBe(true);
    await accessKeys.add(100, null, 1);
  });

  test('A signature can be claimed once, by whichever process, until it has expired', async () => {
    const place = await on.place();
    const [one, two] = [await on.open(place), await on.open(place)];
    const later = new Date(Date.now() + MINUTE).toISOString();
    const claims = await Promise.all(
      [one, two, one, two].map((it) => it.usedSignatures.claim('same', later)),
    );
    expect(claims.filter((claimed) => claimed)).toHaveLength(1);
    expect(await one.usedSignatures.claim('other', new Date(0).toISOString())).toBe(true);
    // A process that begins forgets what has expired, and nothing else.
    const three = await on.open(place);
    expect(await three.usedSignatures.claim('same', later)).toBe(false);
    expect(await three.usedSignatures.claim('other', later)).toBe(true);
  });
});

onEveryDatabase('Failed logins', (on) => {
  const mallory = { subject: 'admin', address: '10.0.0.66' };

  async function fail(
    store: Awaited<ReturnType<typeof on.open>>,
    attempt: typeof mallory,
    times: number,
    now: number,
  ) {
    let until = 0;
    for (let time = 0; time < times; time += 1) {
      until = (await store.loginAttempts.failed(attempt, now)).blockedUntil;
    }
    return until;
  }

  test('The fifth failure refuses the user at this address for 30 s, each further one for twice as long, up to 15 min', async () => {
    const place = await on.place();
    const [one, two] = [await on.open(place), await on.open(place)];
    const start = Date.now();
    expect(await fail(one, mallory, 4, start)).toBe(0);
    expect(await fail(two, mallory, 1, start)).toBe(start + MINUTE / 2);
    expect(await one.loginAttempts.look(mallory, start)).toMatchObject({
      blockedUntil: start + MINUTE / 2,
      slow: false,
    });
    expect(await two.loginAttempts.look(mallory, start + MINUTE / 2)).toMatchObject({ blockedUntil: 0 });
    expect(await fail(one, mallory, 1, start)).toBe(start + MINUTE);
    expect(await fail(one, mallory, 20, start)).toBe(start + 15 * MINUTE);
    expect(await one.loginAttempts.look({ ...mallory, address: '10.0.0.1' }, start)).toMatchObject({
      blockedUntil: 0,
      slow: false,
    });
    expect(await one.loginAttempts.look({ ...mallory, subject: 'ann' }, start)).toMatchObject({
      blockedUntil: 0,
    });
  });

  test('A success forgets the failures; time forgets one every 10 minutes', async () => {
    const store = await on.open();
    const start = Date.now();
    await fail(store, mallory, 4, start);
    await store.loginAttempts.succeeded(mallory, start);
    expect(await fail(store, mallory, 4, start)).toBe(0);
    expect(await fail(store, mallory, 1, start + 20 * MINUTE)).toBe(0);
    expect(await fail(store, mallory, 2, start + 20 * MINUTE)).toBeGreaterThan(0);
  });

  test('An address that tries many names is refused, but not the users who have logged in from it before', async () => {
    const store = await on.open();
    const start = Date.now();
    const address = mallory.address;
    await store.loginAttempts.succeeded({ subject: 'ann', address }, start);
    for (let name = 0; name < 50; name += 1) await fail(store, { subject: `user${name}`, address }, 1, start);
    const look = (subject: string) => store.loginAttempts.look({ subject, address }, start);
    expect((await look('bob')).blockedUntil).toBe(start + MINUTE / 2);
    expect((await look('ann')).blockedUntil).toBe(0);
    await fail(store, { subject: 'ann', address }, 5, start);
    expect((await look('ann')).blockedUntil).toBeGreaterThan(start);
  });

  test('A user whom many addresses attack is slowed down from unknown places, and refused from none', async () => {
    const store = await on.open();
    const start = Date.now();
    await store.loginAttempts.succeeded({ subject: 'admin', address: '10.0.0.1' }, start);
    for (let host = 0; host < 50; host += 1) {
      await fail(store, { subject: 'admin', address: `10.9.0.${host}` }, 1, start);
    }
    const look = (address: string) => store.loginAttempts.look({ subject: 'admin', address }, start);
    expect(await look('10.0.0.2')).toMatchObject({ blockedUntil: 0, slow: true });
    expect(await look('10.0.0.1')).toMatchObject({ blockedUntil: 0, slow: false, settled: true });
  });

  if (on.kind !== 'SQLite') return;
  // Looked up in the file; the statements are the same for both.

  test('What was typed as a name is not stored', async () => {
    const place = await on.place();
    const store = await on.open(place);
    await fail(store, { subject: 'PLANTED-password', address: '10.0.0.1' }, 1, Date.now());
    const database = new Libsql(place.databaseUrl.slice('file:'.length));
    const rows = database.prepare('select * from login_attempts').all();
    database.close();
    expect(rows).toHaveLength(3);
    expect(JSON.stringify(rows)).not.toMatch(/PLANTED|10\.0\.0\.1/);
  });

  test('Old rows are forgotten', async () => {
    const place = await on.place();
    const store = await on.open(place);
    const start = Date.now();
    await fail(store, mallory, 1, start);
    await store.loginAttempts.succeeded({ subject: 'ann', address: '10.0.0.1' }, start);
    await fail(store, { ...mallory, address: '10.0.0.67' }, 1, start + 25 * 60 * MINUTE);
    const database = new Libsql(place.databaseUrl.slice('file:'.length));
    const rows = database.prepare('select bucket from login_attempts').all();
    database.close();
    // The three of the last failure, and where ann belongs.
    expect(rows).toHaveLength(4);
  });
});

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('the address %s counts as %s', (address, block) => {
  expect(addressBlock(address)).toBe(block);
});

test('a password is stored as a salted scrypt hash of the strength that docs/security.md names', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-passwords-'));
  try {
    const file = path.join(folder, 'obflow.db');
    const { users, close } = await openStore({
      databaseUrl: `file:${file}`,
      masterKeyFile: path.join(folder, 'master.key'),
    });
    await users.ensureAdmin('the same');
    await users.add({ name: 'other', password: 'the same', roles: [] });
    expect(await users.verify('other', 'the same')).toMatchObject({ name: 'other' });
    expect(await users.verify('other', 'not the same')).toBeUndefined();
    await close();
    const database = new Libsql(file);
    const rows = database.prepare('select password_hash from users').all() as { password_hash: string }[];
    database.close();
    const hashes = rows.map(({ password_hash }) => password_hash);
    expect(new Set(hashes).size).toBe(2);
    for (const hash of hashes) expect(hash).toMatch(/^scrypt\$16384\$8\$5\$[\w-]{22}\$[\w-]{43}$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('users of a database from before the roles may do everything, as they could', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-roles-'));
  try {
    const file = path.join(folder, 'obflow.db');
    const place = { databaseUrl: `file:${file}`, masterKeyFile: path.join(folder, 'master.key') };
    // The schema of the day before, with two users of one password.
    const hashed = { ...place, databaseUrl: `file:${path.join(folder, 'hashed.db')}` };
    const other = await openStore(hashed);
    await other.users.ensureAdmin('first');
    await other.close();
    const read = new Libsql(path.join(folder, 'hashed.db'));
    const [row] = read.prepare('select password_hash from users').all() as { password_hash: string }[];
    read.close();
    const before = connectDatabase(place.databaseUrl);
    const known = Object.entries(migrations('sqlite')).filter(([name]) => name < '0006');
    await migrate(before, { migrations: Object.fromEntries(known) });
    await before.db.destroy();
    const database = new Libsql(file);
    const insert = database.prepare(
      'insert into users (id, name, password_hash, create_time) values (?, ?, ?, ?)',
    );
    insert.run(100, 'admin', row?.password_hash, '2026-01-01T00:00:00.000Z');
    insert.run(205, 'second', row?.password_hash, '2026-01-01T00:00:00.000Z');
    database.close();
    const { users, close } = await openStore(place);
    expect(await users.verify('second', 'first')).toMatchObject({
      id: 205,
      name: 'second',
      roles: ['ADMIN'],
    });
    expect(await users.verify('admin', 'first')).toMatchObject({ roles: ['ADMIN'] });
    expect((await users.add({ name: 'third', password: 'x', roles: [] })).id).toBe(206);
    await close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
