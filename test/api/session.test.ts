import { connectDatabase } from '../../store/database/database';
import { CHAIN, planOf } from '../support/plans';
import { EventStream } from './eventStream';
import { type Answer, basic, type Json, startTestApi, type TestApi } from './harness';

const SESSION = '/api/v2/iam/session';
const ME = '/api/v2/iam/me';
const NOBODY = { authorization: '' };
const HOUR_MS = 3_600_000;

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  other = await startTestApi({ dataDir: api.dataDir });
});
afterAll(async () => {
  await other.stop();
  await api.stop();
});

const passwordOf = (name: string) => `Planted.${name}+pass`;

async function given(name: string, roles: string[] = ['HOST_VIEWER']): Promise<number> {
  return (await api.store.users.add({ name, password: passwordOf(name), roles })).id;
}

function logIn(username: string, password = passwordOf(username), headers: Json = {}): Promise<Answer> {
  return api.send('POST', SESSION, { username, password }, { ...NOBODY, ...headers });
}

/** What a browser sends along: cookies, and where its page is from. */
function browser(login: Answer, from = api): Record<string, string> {
  const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';');
  return { ...NOBODY, cookie, origin: new URL(from.url).origin };
}

async function session(name: string): Promise<Record<string, string>> {
  return browser(await logIn(name));
}

/** Statuses of the same request to both processes. */
async function statuses(headers: Record<string, string>, path = ME): Promise<number[]> {
  const sent = [api, other].map(({ send }) => send('GET', path, undefined, headers));
  return (await Promise.all(sent)).map(({ status }) => status);
}

async function sessions(): Promise<{ digest: string; expire_time: string; last_used_time: string }[]> {
  const { db } = connectDatabase(api.databaseUrl);
  const rows = await db.selectFrom('sessions').selectAll().execute();
  await db.destroy();
  return rows;
}

async function aged(userId: number, column: 'expire_time' | 'last_used_time', ms: number): Promise<void> {
  const { db } = connectDatabase(api.databaseUrl);
  const time = new Date(Date.now() - ms).toISOString();
  await db
    .updateTable('sessions')
    .set({ [column]: time })
    .where('user_id', '=', userId)
    .execute();
  await db.destroy();
}

test('A form logs in by a cookie that scripts cannot read, which every API process knows, and by its digest alone', async () => {
  await given('ann', ['TASK_VIEWER', 'HOST_MANAGER']);
  const login = await logIn('ann');
  expect(login.status).toBe(200);
  expect(login.body.data).toMatchObject({
    name: 'ann',
    roles: ['HOST_MANAGER', 'TASK_VIEWER'],
    permissions: ['HOST_MANAGER', 'HOST_VIEWER', 'TASK_VIEWER'],
  });
  const cookie = login.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^obflow=[\w-]{43}; Max-Age=43200; Path=\/; .*HttpOnly; SameSite=Strict$/);
  const headers = browser(login);
  expect((await other.send('GET', ME, undefined, headers)).body.data).toEqual(login.body.data);
  const token = /=([\w-]{43});/.exec(cookie)?.[1] ?? '?';
  expect(JSON.stringify(await sessions())).not.toContain(token);
  expect(login.text).not.toContain(token);
});

test('A log-out ends the session everywhere, and the cookie; without a session it succeeds, too', async () => {
  await given('bea');
  const [headers, second] = [await session('bea'), await session('bea')];
  const out = await api.send('DELETE', SESSION, undefined, headers);
  expect(out.status).toBe(200);
  expect(out.headers.get('set-cookie')).toMatch(/^obflow=; Path=\/; Expires=Thu, 01 Jan 1970/);
  expect(await statuses(headers)).toEqual([401, 401]);
  expect(await statuses(second)).toEqual([200, 200]);
  expect((await api.send('DELETE', SESSION, undefined, headers)).status).toBe(200);
});

test.each<[string, (id: number) => Promise<unknown>, number]>([
  ['a new password', (id) => other.store.users.change(id, { password: 'another one' }), 401],
  ['a disabled user', (id) => other.store.users.change(id, { enabled: false }), 401],
  ['a deleted user', (id) => other.store.users.remove(id), 401],
  ['a lost role', (id) => other.store.users.change(id, { roles: ['HOST_VIEWER'] }), 403],
  ['12 hours', (id) => aged(id, 'expire_time', 0), 401],
  ['an hour without a request', (id) => aged(id, 'last_used_time', HOUR_MS), 401],
  ['a log-out', (id) => endOf(id), 401],
])('%s ends sessions and their streams of events', async (what, change, status) => {
  const name = `end-${what.replace(/\W+/g, '-')}`;
  const id = await given(name, ['TASK_VIEWER']);
  await api.store.tasks.add({ plan: planOf(CHAIN, { taskId: 1000 + id }), workflowType: 'addObproxy' });
  const headers = await session(name);
  headersOf.set(id, headers);
  const path = `/api/v2/tasks/instances/${1000 + id}`;
  const stream = await EventStream.open(`${api.url}${path}/events`, undefined, headers);
  await stream.event('the document', ({ id: task }) => task === 1000 + id);
  await change(id);
  await stream.end();
  expect(stream.events.at(-1)).toMatchObject({
    name: 'refused',
    data: { code: expect.stringMatching(/^IAM1/) },
  });
  expect(await statuses(headers, path)).toEqual([status, status]);
});
const headersOf = new Map<number, Record<string, string>>();
const endOf = (id: number) =>
  other.send('DELETE', SESSION, undefined, {
    ...headersOf.get(id),
    origin: new URL(other.url).origin,
  });

test('Requests keep a session alive, and so do open streams', async () => {
  const id = await given('kay', ['TASK_VIEWER']);
  const headers = await session('kay');
  await aged(id, 'last_used_time', HOUR_MS - 60_000);
  expect(await statuses(headers)).toEqual([200, 200]);
  const [used] = (await sessions()).slice(-1);
  expect(Date.now() - Date.parse(used?.last_used_time ?? '')).toBeLessThan(30_000);
  await api.store.sessions.used([used?.digest ?? ''], Date.now() + 5_000);
  const [later] = (await sessions()).slice(-1);
  expect(later?.last_used_time).not.toBe(used?.last_used_time);
});

test('What is over is deleted, what is not stays; of one user 50 are kept', async () => {
  const [old, idle, many] = [await given('old'), await given('idle'), await given('many')];
  for (const name of ['old', 'idle']) await session(name);
  await aged(old, 'expire_time', 1);
  await aged(idle, 'last_used_time', HOUR_MS);
  const before = (await sessions()).length;
  expect(await api.store.sessions.deleteExpired(Date.now())).toBeGreaterThanOrEqual(2);
  expect((await sessions()).length).toBeLessThanOrEqual(before - 2);
  const basis = { userId: many, passwordDigest: 'x' };
  for (let number = 0; number < 53; number += 1) await api.store.sessions.begin(basis, Date.now() + number);
  const { db } = connectDatabase(api.databaseUrl);
  expect(await db.selectFrom('sessions').select('digest').where('user_id', '=', many).execute()).toHaveLength(
    50,
  );
  await db.destroy();
});

test('Wrong passwords are counted with those of Basic, and stand in the audit under the name they were tried for', async () => {
  await given('dan');
  const wrong = await logIn('dan', 'guess 0');
  expect([wrong.status, wrong.body.error.code]).toEqual([401, 'IAM10004']);
  expect(wrong.headers.get('www-authenticate')).toBeNull();
  for (let time = 1; time < 3; time += 1) await logIn('dan', `guess ${time}`);
  for (let time = 3; time < 5; time += 1) {
    await api.send('GET', ME, undefined, { authorization: basic('dan', `guess ${time}`) });
  }
  const locked = await logIn('dan');
  expect([locked.status, locked.body.error.code]).toEqual([429, 'IAM20000']);
  expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
  const { contents } = await api.store.audit.list({}, { page: 1, size: 6 });
  expect(contents[0]).toMatchObject({ path: SESSION, command: 'login', why: 'as user dan', status: 429 });
});

test('Log-in and log-out stand in the audit under the user, and no password does', async () => {
  await given('eve');
  await api.send('DELETE', SESSION, undefined, await session('eve'));
  const { contents } = await api.store.audit.list({ user: 'eve' }, { page: 1, size: 9 });
  expect(contents.map(({ command, status }) => [command, status])).toEqual([
    ['logout', 200],
    ['login: session', 200],
  ]);
  expect(JSON.stringify(contents)).not.toContain(passwordOf('eve'));
});

test.each<[string, Record<string, string>, number]>([
  ['of the same origin', {}, 200],
  ['of the same origin, named by the browser', { 'sec-fetch-site': 'same-origin' }, 200],
  ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['of another host of the site', { 'sec-fetch-site': 'same-site' }, 403],
  ['of another origin', { origin: 'http://127.0.0.1:1' }, 403],
  ['that does not say from where', { origin: '' }, 403],
])('A changing request %s under a cookie', async (what, headers, status) => {
  const name = `from-${what.replace(/\W+/g, '-')}`;
  await given(name);
  const own = { ...(await session(name)), ...headers };
  const { '': _, ...sent } = Object.fromEntries(
    Object.entries(own).filter(([key, value]) => key === 'authorization' || value !== ''),
  );
  const changed = await api.send('POST', `${ME}/accessKeys`, {}, sent as Record<string, string>);
  expect(changed.status).toBe(status);
  expect((await api.send('GET', ME, undefined, sent as Record<string, string>)).status).toBe(200);
});

test('The page of another site cannot log anybody in', async () => {
  await given('fay');
  const refused = await logIn('fay', undefined, { 'sec-fetch-site': 'cross-site' });
  expect([refused.status, refused.headers.get('set-cookie')]).toEqual([403, null]);
});

test.each<[string, Record<string, string>, boolean]>([
  ['a program', {}, true],
  ['the console', { 'x-requested-with': 'obflow-console' }, false],
  ['a stream of events', { accept: 'text/event-stream' }, false],
  ['a session that is over', { cookie: `obflow=${'x'.repeat(43)}` }, false],
  ['a cookie of somebody else', { cookie: 'obflow=hello' }, true],
])('401 to %s asks for Basic only where nobody has a form for it', async (_what, headers, asks) => {
  const refused = await api.send('GET', ME, undefined, { ...NOBODY, ...headers });
  expect([refused.status, refused.headers.has('www-authenticate')]).toEqual([401, asks]);
});

test('A cookie counts only without an Authorization header', async () => {
  await given('gus');
  const headers = { ...(await session('gus')), authorization: basic('gus', 'wrong one') };
  expect(await statuses(headers)).toEqual([401, 401]);
});

test('A session is found by no more than one cookie of its name', async () => {
  await given('hal');
  const headers = await session('hal');
  expect(await statuses({ ...headers, cookie: `a=b; ${headers.cookie}; c=d` })).toEqual([200, 200]);
  expect(await statuses({ ...headers, cookie: `${headers.cookie}; obflow=${'x'.repeat(43)}` })).toEqual([
    401, 401,
  ]);
});
