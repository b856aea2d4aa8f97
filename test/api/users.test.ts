import { basic, type Json, PASSWORD, startTestApi, type TestApi } from './harness';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** A user of its own for a test; adds nothing else. */
async function given(name: string, roles: string[] = ['HOST_VIEWER']): Promise<{ id: number; login: Json }> {
  const password = `Planted.${name}+pass`;
  const { status, body } = await api.send('POST', '/api/v2/iam/users', { name, password, roles });
  expect(status).toBe(200);
  return { id: body.data.id, login: { authorization: basic(name, password) } };
}

describe('users', () => {
  test('are added, listed, given roles, disabled, enabled and deleted, each at once', async () => {
    const { id, login } = await given('ann');
    const hosts = async () => (await api.send('GET', '/api/v2/compute/hosts', undefined, login)).status;
    expect(await hosts()).toBe(200);
    const listed = await api.send('GET', '/api/v2/iam/users?sort=name,asc');
    expect(listed.body.data.contents).toContainEqual({
      id,
      name: 'ann',
      enabled: true,
      roles: ['HOST_VIEWER'],
      createTime: expect.any(String),
    });
    expect(listed.text).not.toMatch(/password|scrypt/);
    const roles = await api.send('PUT', `/api/v2/iam/users/${id}/roles`, {
      roles: ['TASK_VIEWER', 'TASK_VIEWER'],
    });
    expect(roles.body.data.roles).toEqual(['TASK_VIEWER']);
    expect(await hosts()).toBe(403);
    await api.send('PUT', `/api/v2/iam/users/${id}/roles`, { roles: ['HOST_MANAGER'] });
    expect((await api.send('POST', `/api/v2/iam/users/${id}/disable`)).body.data.enabled).toBe(false);
    expect(await hosts()).toBe(401);
    await api.send('POST', `/api/v2/iam/users/${id}/enable`);
    expect(await hosts()).toBe(200);
    expect((await api.send('DELETE', `/api/v2/iam/users/${id}`)).status).toBe(200);
    expect(await hosts()).toBe(401);
    expect((await api.send('DELETE', `/api/v2/iam/users/${id}`)).status).toBe(404);
  });

  test.each([
    ['a name with a colon', { name: 'a:b' }, 'name'],
    ['a name of one letter', { name: 'a' }, 'name'],
    ['a short password', { password: 'seven77' }, 'password'],
    ['a password with a control character', { password: 'line\nbreak' }, 'password'],
    ['an unknown role', { roles: ['ROOT'] }, 'roles[0]'],
  ])('%s is refused, and no password is shown', async (_what, change, field) => {
    const user = { name: 'odd', password: 'long enough', roles: [], ...change };
    const { status, body, text } = await api.send('POST', '/api/v2/iam/users', user);
    expect([status, body.error.subErrors[0].field]).toEqual([400, field]);
    expect(text).not.toContain(JSON.stringify(user.password).slice(1, -1));
  });

  test('a name is taken in any case', async () => {
    const { status, body } = await api.send('POST', '/api/v2/iam/users', {
      name: 'Admin',
      password: 'x'.repeat(8),
    });
    expect([status, body.error.code]).toEqual([409, 'COM10006']);
  });

  test('the last administrator stays', async () => {
    for (const [method, path, body] of [
      ['DELETE', '', undefined],
      ['POST', '/disable', undefined],
      ['PUT', '/roles', { roles: ['TASK_MANAGER'] }],
    ] as const) {
      const refused = await api.send(method, `/api/v2/iam/users/100${path}`, body);
      expect([path, refused.status, refused.body.error.code]).toEqual([path, 409, 'COM10005']);
    }
    expect((await api.send('GET', '/api/v2/iam/me')).body.data).toMatchObject({
      name: 'admin',
      enabled: true,
      roles: ['ADMIN'],
    });
  });

  test('everybody changes the own password, but only with the old one', async () => {
    const { login } = await given('eve');
    const change = (oldPassword: string, newPassword: string) =>
      api.send('PUT', '/api/v2/iam/me/password', { oldPassword, newPassword }, login);
    const refused = await change('guessed', 'Planted.new+pass');
    expect([refused.status, refused.body.error.target]).toEqual([400, 'oldPassword']);
    expect((await change('Planted.eve+pass', 'Planted.new+pass')).status).toBe(200);
    expect((await api.send('GET', '/api/v2/iam/me', undefined, login)).status).toBe(401);
    const now = { authorization: basic('eve', 'Planted.new+pass') };
    expect((await api.send('GET', '/api/v2/iam/me', undefined, now)).status).toBe(200);
  });

  test('roles say what they permit', async () => {
    const { body } = await api.send('GET', '/api/v2/iam/roles');
    expect(body.data.contents).toContainEqual({
      name: 'TASK_MANAGER',
      permissions: ['TASK_MANAGER', 'TASK_VIEWER'],
    });
  });
});

describe('access keys', () => {
  test('show their secret once, are listed without, and end with the user', async () => {
    const { id, login } = await given('kim');
    const added = await api.send('POST', '/api/v2/iam/me/accessKeys', { description: 'nightly' }, login);
    const { accessKeySecret, ...key } = added.body.data;
    expect(accessKeySecret).toMatch(/^[0-9a-f]{32}$/);
    const mine = await api.send('GET', '/api/v2/iam/me/accessKeys', undefined, login);
    expect(mine.body.data.contents).toEqual([key]);
    const theirs = await api.send('GET', `/api/v2/iam/users/${id}/accessKeys`);
    expect(theirs.body.data.contents).toEqual([key]);
    expect(theirs.text + mine.text).not.toContain(accessKeySecret);
    const disabled = await api.send('POST', `/api/v2/iam/users/${id}/accessKeys/${key.id}/disable`);
    expect(disabled.body.data.enabled).toBe(false);
    await api.send('DELETE', `/api/v2/iam/users/${id}`);
    expect((await api.send('GET', `/api/v2/iam/users/${id}/accessKeys`)).status).toBe(404);
  });

  test('of others cannot be reached by one’s own routes', async () => {
    const { body } = await api.send('POST', '/api/v2/iam/me/accessKeys', {});
    const { login } = await given('lee');
    for (const [method, path] of [
      ['POST', '/disable'],
      ['POST', '/enable'],
      ['DELETE', ''],
    ] as const) {
      const where = `/api/v2/iam/me/accessKeys/${body.data.id}${path}`;
      expect((await api.send(method, where, undefined, login)).status).toBe(404);
    }
  });

  test('are one under an Idempotency-Key, and twenty at most', async () => {
    const { login } = await given('max');
    const add = (key: string) =>
      api.send('POST', '/api/v2/iam/me/accessKeys', {}, { ...login, 'idempotency-key': key });
    const [first, again] = [await add('one'), await add('one')];
    expect(again.body.data).toEqual(first.body.data);
    for (let number = 1; number < 20; number += 1) await add(`key ${number}`.replace(' ', '-'));
    const refused = await add('more');
    expect([refused.status, refused.body.error.code]).toEqual([409, 'COM10005']);
  });
});

describe('the page of another site', () => {
  const host = () => new URL(api.url).host;
  test.each<[string, Record<string, string>]>([
    ['in a browser that names the site', { 'sec-fetch-site': 'cross-site' }],
    ['of the same domain', { 'sec-fetch-site': 'same-site' }],
    ['in an old browser', { origin: 'https://evil.example' }],
    ['on another port', { origin: 'http://127.0.0.1:1' }],
    ['in a sandboxed frame', { origin: 'null' }],
  ])('%s cannot use a remembered login to change something', async (_what, headers) => {
    const posted = await api.send('POST', '/api/v2/iam/users/100/disable', undefined, headers);
    expect([posted.status, posted.body.error.code]).toEqual([403, 'IAM11000']);
    const form = { ...headers, 'content-type': 'text/plain' };
    expect((await api.send('POST', '/api/v2/iam/users', '{}', form)).status).toBe(403);
  });

  test('and its own page can', async () => {
    const { id } = await given('own');
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', origin: `http://${host()}` },
      { origin: `http://${host()}` },
      // Behind a proxy that speaks TLS.
      { origin: `https://${host()}` },
      { 'sec-fetch-site': 'none' },
    ]) {
      const { status } = await api.send('POST', `/api/v2/iam/users/${id}/enable`, undefined, headers as Json);
      expect([headers, status]).toEqual([headers, 200]);
    }
  });
});

test('the audit tells who gave which role to whom', async () => {
  const { id } = await given('pia', ['HOST_VIEWER']);
  await api.send('PUT', `/api/v2/iam/users/${id}/roles`, { roles: ['ADMIN', 'TASK_VIEWER'] });
  const made = await api.send('POST', `/api/v2/iam/users/${id}/accessKeys`, {});
  await api.send('DELETE', `/api/v2/iam/users/${id}`);
  const { body } = await api.send('GET', '/api/v2/audit/events?user=admin&size=4');
  expect(body.data.contents.map(({ command }: Json) => command).reverse()).toEqual([
    'user pia: added, roles HOST_VIEWER',
    'user pia: roles ADMIN TASK_VIEWER',
    `access key ${made.body.data.accessKeyId}: added`,
    'user pia: deleted',
  ]);
});

test('no password and no secret is in the audit', async () => {
  await api.send('PUT', '/api/v2/iam/users/100/password', { password: PASSWORD });
  const { text } = await api.send('GET', '/api/v2/audit/events?size=2000');
  expect(text).toContain('/api/v2/iam/users/100/password');
  expect(text).not.toContain('Planted');
});
