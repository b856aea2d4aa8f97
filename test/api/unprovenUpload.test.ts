import { basic, startTestApi, type TestApi } from './harness';
import { type Pair, send, signed } from './signing';

/**
 * The signature of a multipart body is known to fit when its last byte has come. Until then whoever sends it knows no
 * more than an access key's id, which is no secret.
 */
let api: TestApi;
let pair: Pair;
const PASSWORD = 'Planted.viewer+pass';
beforeAll(async () => {
  const limit = [{ limit: 3, seconds: 600 }];
  api = await startTestApi({ http: { rateLimit: limit } });
  const { id } = await api.store.users.add({
    name: 'viewer',
    password: PASSWORD,
    roles: ['HOST_VIEWER'],
  });
  const { key } = await api.store.accessKeys.add(id, null, 1);
  pair = { accessKeyId: key.accessKeyId, secret: 'not the one' };
});
afterAll(() => api.stop());

const forged = (target: string) =>
  send(
    api.url,
    signed(api.url, pair, {
      method: 'POST',
      target,
      body: '--x--',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    }),
  );

test('It learns neither whose key that is, nor with which roles', async () => {
  const { status, text } = await forged('/api/v2/software-packages');
  expect([status, text]).toEqual([403, expect.stringContaining('PACKAGE_MANAGER')]);
  expect(text).not.toMatch(/viewer|HOST_VIEWER/);
});

test('It is not received where there is nothing to upload', async () => {
  const { status, body } = await forged('/api/v2/iam/me/accessKeys');
  expect([status, body.error.code]).toEqual([401, 'IAM10004']);
});

test('It does not use up what the user of the key may send', async () => {
  for (let sent = 0; sent < 5; sent += 1)
    expect((await forged('/api/v2/software-packages')).status).toBe(403);
  const login = { authorization: basic('viewer', PASSWORD) };
  expect((await api.send('GET', '/api/v2/iam/me', undefined, login)).status).toBe(200);
});
