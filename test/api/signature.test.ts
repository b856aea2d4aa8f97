import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  bodyDigest,
  claimedSignature,
  signatureFits,
  signatureOf,
  stringToSign,
} from '../../api/login/signature';
import { repositoryRoot } from '../../runtime/paths';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { startTestApi, type TestApi } from './harness';
import { type Pair, type Signed, send, signed } from './signing';

const onPath = (name: string) =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(path.join(folder, name)));

const PUBLISHED = { accessKeyId: 'cqammmxBpfGjFlto', secret: '2fc0c299cc94c6be266f2ceece765d4d' };

describe('the published examples of OCP', () => {
  const post = {
    method: 'POST',
    target: '/api/v2/compute/idcs',
    contentType: 'application/json',
    date: 'Tue, 17 Jan 2023 09:13:57 GMT',
    host: 'ocp.alibaba.net:8080',
    rawHeaders: ['X-Ocp-Data', 'A,1', 'Accept', '*/*'],
    bodyMd5: bodyDigest(Buffer.from('{"name":"test01","description":"test","regionId":1}')),
  };
  const get = {
    method: 'GET',
    target: '/api/v2/compute/idcs?size=100',
    contentType: 'application/json;charset=utf-8',
    date: 'Tue, 17 Jan 2023 04:14:02 GMT',
    host: 'ocp.alibaba.net:8080',
    rawHeaders: [],
    bodyMd5: bodyDigest(Buffer.alloc(0)),
  };

  test('a POST with a body and an x-ocp- header', () => {
    expect(post.bodyMd5).toBe('186974DB33A090A16D3E2CA35F547B56');
    expect(signatureOf(PUBLISHED.secret, stringToSign(post))).toBe('XN8P+O+v3vUabB16ZCooq5wMJoY=');
  });

  test('a GET with a query and without a body', () => {
    expect(signatureOf(PUBLISHED.secret, stringToSign(get))).toBe('TsQD6HDOuZuJ409m0wdnZPmijlc=');
  });

  test('fit, and differ in every bit from others', () => {
    const signature = 'XN8P+O+v3vUabB16ZCooq5wMJoY=';
    expect(signatureFits(signature, PUBLISHED.secret, stringToSign(post))).toBe(true);
    expect(signatureFits(signature, PUBLISHED.secret, stringToSign(get))).toBe(false);
    expect(signatureFits('', PUBLISHED.secret, stringToSign(post))).toBe(false);
    expect(signatureFits('AAAA', PUBLISHED.secret, stringToSign(post))).toBe(false);
  });
});

describe('the text to sign', () => {
  const text = (target: string, rawHeaders: string[] = []) =>
    stringToSign({
      method: 'get',
      target,
      contentType: '',
      date: '',
      host: 'h',
      rawHeaders,
      bodyMd5: '',
    });

  test.each([
    ['sorts parameters', '/p?b=2&a=1', '/p?a=1&b=2'],
    ['encodes them by RFC 3986', "/p?q=a+b%2Fc~d('*!)%C3%A9", '/p?q=a%20b%2Fc~d%28%27%2A%21%29%C3%A9'],
    ['joins the values of a repeated one', '/p?s=RUNNING&a=&s=FAILED', '/p?a=&s=RUNNING%2CFAILED'],
    ['is the same for a list in one value', '/p?s=RUNNING,FAILED&a', '/p?a=&s=RUNNING%2CFAILED'],
    ['leaves the path as it came', '/p%2f/../x', '/p%2f/../x'],
    ['has no mark without parameters', '/p?', '/p'],
  ])('%s', (_what, target, expected) => {
    expect(text(target)).toBe(`GET\n\n\n\nh\n\n${expected}`);
  });

  test('has every x-ocp- header by its lower-case name, values in their order', () => {
    const headers = ['X-OCP-B', ' 2 ', 'x-ocp-a', 'z', 'x-other', 'no', 'X-Ocp-A', 'y'];
    expect(text('/', headers)).toBe('GET\n\n\n\nh\nx-ocp-a:z,y\nx-ocp-b:2\n/');
  });
});

test.each([
  ['Basic abc', false],
  [`OCP-ACCESS-KEY-HMACSHA1 abc:${'A'.repeat(27)}=`, true],
  [`OCP-ACCESS-KEY-HMACSHA1  abc:${'A'.repeat(27)}=`, true],
  [`ocp-access-key-hmacsha1 abc:${'A'.repeat(27)}=`, false],
  [`OCP-ACCESS-KEY-HMACSHA256 abc:${'A'.repeat(27)}=`, false],
  [`OCP-ACCESS-KEY-HMACSHA1 abc:${'A'.repeat(26)}==`, false],
  ['OCP-ACCESS-KEY-HMACSHA1 abc', false],
  [undefined, false],
])('the Authorization header %s claims a signature: %s', (header, claims) => {
  expect(claimedSignature(header) !== undefined).toBe(claims);
});

describe('a signed request', () => {
  let api: TestApi;
  let other: TestApi;
  let pair: Pair;
  let keyId: number;
  beforeAll(async () => {
    api = await startTestApi();
    other = await startTestApi({ dataDir: api.dataDir });
  });
  beforeEach(async () => {
    // Of its own for every test: failures count for a key, too.
    const { key, secret } = await api.store.accessKeys.add(100, null, 1000);
    pair = { accessKeyId: key.accessKeyId, secret };
    keyId = key.id;
  });
  afterAll(async () => {
    await other?.stop();
    await api?.stop();
  });

  /** Of a wrong type: refused with COM10001 when it is read, so that nothing is made. */
  const BODY = JSON.stringify({ name: 5 });
  const post = (more: { at?: number; headers?: Record<string, string>; body?: string } = {}) =>
    signed(
      api.url,
      pair,
      {
        method: 'POST',
        target: '/api/v2/obproxy/clusters?dryRun=true',
        body: more.body ?? BODY,
        headers: { 'x-ocp-origin': 'test', ...more.headers },
      },
      more.at,
    );
  const get = (target: string, at?: number) => signed(api.url, pair, { method: 'GET', target }, at);

  // First, for strangers get a limited number of lines.
  test('a forged one is in the audit, without a user', async () => {
    const request = post();
    await send(api.url, { ...request, body: '{}' });
    const { contents } = await api.store.audit.list({}, { page: 1, size: 20 });
    const line = contents.find(({ why }) => why === `as access key ${pair.accessKeyId}`);
    expect(line).toMatchObject({ status: 401, command: 'login' });
    expect(line).not.toHaveProperty('user');
  });

  test('is answered as the user of the key, on every API process', async () => {
    for (const { url } of [api, other]) {
      const request = signed(url, pair, { method: 'GET', target: '/api/v2/compute/hosts?size=5&page=1' });
      expect((await send(url, request)).status).toBe(200);
    }
    // Validation, thus behind the login: the body was understood.
    const { status, body } = await send(api.url, post());
    expect([status, body.error.code]).toEqual([400, 'COM10001']);
  });

  const tamper: Record<string, (request: Signed) => Partial<Signed>> = {
    method: () => ({ method: 'PUT' }),
    path: () => ({ target: '/api/v2/obproxy/clusters/?dryRun=true' }),
    'a parameter': () => ({ target: '/api/v2/obproxy/clusters?dryRun=false' }),
    'a missing parameter': () => ({ target: '/api/v2/obproxy/clusters' }),
    'one more parameter': () => ({ target: '/api/v2/obproxy/clusters?dryRun=true&x=1' }),
    body: () => ({ body: BODY.replace('5', '6') }),
    'an absent body': () => ({ body: '' }),
    'a space in the body': () => ({ body: `${BODY} ` }),
    host: ({ headers }) => ({ headers: { ...headers, host: 'other.example:8080' } }),
    'content type': ({ headers }) => ({
      headers: { ...headers, 'content-type': 'application/json;charset=utf-8' },
    }),
    date: ({ headers }) => ({
      headers: { ...headers, date: new Date(Date.now() - 60_000).toUTCString() },
    }),
    'an x-ocp- header': ({ headers }) => ({ headers: { ...headers, 'x-ocp-origin': 'mallory' } }),
    'one more x-ocp- header': ({ headers }) => ({ headers: { ...headers, 'x-ocp-more': '' } }),
    'a second value of an x-ocp- header': ({ headers }) => ({
      headers: { ...headers, 'x-ocp-origin': ['test', 'mallory'] },
    }),
    'another key': ({ headers }) => ({
      headers: {
        ...headers,
        authorization: String(headers.authorization).replace(/ \S+:/, ` ${PUBLISHED.accessKeyId}:`),
      },
    }),
    'one letter of the signature': ({ headers }) => ({
      headers: {
        ...headers,
        authorization: String(headers.authorization).replace(/:(.)/, (_, letter) =>
          letter === 'A' ? ':B' : ':A',
        ),
      },
    }),
    multipart: ({ headers }) => ({
      headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
    }),
  };
  test.each(Object.keys(tamper))('answers 401 when somebody changed it: %s', async (what) => {
    const request = post();
    const { status, body } = await send(api.url, { ...request, ...tamper[what]?.(request) });
    expect([status, body.error.code]).toEqual([401, 'IAM10004']);
    // The same, unchanged, is fine: it was that change.
    expect((await send(api.url, request)).body.error.code).toBe('COM10001');
  });

  test('says which text had to be signed, and never the secret', async () => {
    const request = get('/api/v2/info');
    const { text, body } = await send(api.url, { ...request, target: '/api/v2/info?a=1' });
    expect(body.error.message).toContain('/api/v2/info?a=1');
    expect(text).not.toContain(pair.secret);
  });

  test.each([
    ['14 minutes old', -14, 200],
    ['14 minutes ahead', 14, 200],
    ['16 minutes old', -16, 401],
    ['16 minutes ahead', 16, 401],
  ])('%s is answered %i', async (_what, minutes, status) => {
    expect((await send(api.url, get('/api/v2/info', Date.now() + minutes * 60_000))).status).toBe(status);
  });

  test.each(['', 'yesterday', '2026-11-21T10:00:00Z', 'Sat, 21 Nov 2026 10:00:00 +0800'])(
    'with the Date "%s" is refused with a word about it',
    async (date) => {
      const request = signed(api.url, pair, { method: 'GET', target: '/api/v2/info', headers: { date } });
      const { status, body } = await send(api.url, request);
      expect([status, body.error.target]).toEqual([401, 'Date']);
    },
  );

  test('that changes something is good once, on all API processes together', async () => {
    const request = post();
    const answers = await Promise.all([api, other, api, other].map(({ url }) => send(url, request)));
    expect(answers.map(({ body }) => body.error.code).sort()).toEqual([
      'COM10001',
      'IAM10000',
      'IAM10000',
      'IAM10000',
    ]);
    expect((await send(other.url, request)).status).toBe(401);
    // Also with its parameters in another order or form, and with another header that is not signed.
    const again = { ...request, headers: { ...request.headers, 'idempotency-key': 'another' } };
    expect((await send(api.url, { ...again, target: '/api/v2/obproxy/clusters?dryRun=tru%65' })).status).toBe(
      401,
    );
    const nonce = post({ headers: { 'x-ocp-nonce': '2' } });
    expect((await send(api.url, nonce)).body.error.code).toBe('COM10001');
  });

  test('that only reads may be repeated', async () => {
    const request = get('/api/v2/info');
    for (let time = 0; time < 3; time += 1) expect((await send(api.url, request)).status).toBe(200);
  });

  test('counts for nothing once its key or its user is disabled', async () => {
    const ann = await api.store.users.add({ name: `ann${keyId}`, password: 'x', roles: ['HOST_VIEWER'] });
    const made = await api.store.accessKeys.add(ann.id, null, 10);
    pair = { accessKeyId: made.key.accessKeyId, secret: made.secret };
    const status = async () => (await send(api.url, get('/api/v2/info'))).status;
    expect(await status()).toBe(200);
    await api.store.accessKeys.setEnabled(ann.id, made.key.id, false);
    expect(await status()).toBe(401);
    await api.store.accessKeys.setEnabled(ann.id, made.key.id, true);
    expect(await status()).toBe(200);
    await api.store.users.change(ann.id, { enabled: false });
    expect(await status()).toBe(401);
  });

  test('has the permissions of its user, no more', async () => {
    const bob = await api.store.users.add({ name: `bob${keyId}`, password: 'x', roles: ['HOST_VIEWER'] });
    const made = await api.store.accessKeys.add(bob.id, null, 10);
    pair = { accessKeyId: made.key.accessKeyId, secret: made.secret };
    expect((await send(api.url, get('/api/v2/compute/hosts'))).status).toBe(200);
    expect((await send(api.url, get('/api/v2/tasks/instances'))).status).toBe(403);
  });

  test('is told when its body is no JSON, too large, or packed', async () => {
    expect((await send(api.url, post({ body: '{' }))).body.error.message).toContain('not valid JSON');
    expect((await send(api.url, post({ body: '"text"' }))).body.error.message).toContain('not valid JSON');
    expect((await send(api.url, post({ body: `"${'x'.repeat(1_100_000)}"` }))).status).toBe(413);
    expect((await send(api.url, post({ headers: { 'content-encoding': 'gzip' } }))).status).toBe(415);
  });
});

const missing = ['curl', 'openssl'].filter((name) => !onPath(name));

describeIf(
  missing.length > 0 ? `missing: ${missing.join(', ')}` : undefined,
  'the example of docs/security.md',
  () => {
    let api: TestApi;
    beforeAll(async () => {
      api = await startTestApi();
    });
    afterAll(() => api.stop());

    test('signs with curl and openssl as it stands there, with and without a body', async () => {
      const { key, secret } = await api.store.accessKeys.add(100, null, 10);
      const text = await readFile(path.join(repositoryRoot(), 'docs/security.md'), 'utf8');
      const example = /```sh\n(.*?)```/s.exec(text)?.[1] ?? '';
      const more = `call POST /api/v2/iam/me/accessKeys '{"description":"it'"'"'s by hand: \\\\ %s"}'`;
      const { stdout } = await promisify(execFile)('sh', ['-euc', `${example}\necho\n${more}`], {
        env: { PATH: process.env.PATH, API: api.url, AK: key.accessKeyId, SK: secret },
      });
      const [hosts, made] = stdout.trim().split('\n');
      expect(JSON.parse(hosts ?? '')).toMatchObject({ status: 200, data: { contents: [] } });
      expect(JSON.parse(made ?? '')).toMatchObject({ data: { description: "it's by hand: \\ %s" } });
    });
  },
);

describeIf(
  onPath('rpmbuild') ? undefined : 'rpmbuild is missing: apt-get install rpm',
  'a signed upload',
  () => {
    let api: TestApi;
    let pair: Pair;
    let rpm: Buffer;
    beforeAll(async () => {
      api = await startTestApi();
      const { key, secret } = await api.store.accessKeys.add(100, null, 10);
      pair = { accessKeyId: key.accessKeyId, secret };
      rpm = await readFile(
        await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' }),
      );
    });
    afterAll(() => api.stop());

    function upload(content: Buffer, headers: Record<string, string> = {}): Signed {
      const part = 'Content-Disposition: form-data; name="file"; filename="x.rpm"\r\n\r\n';
      const body = Buffer.concat([
        Buffer.from(`--BOUND\r\n${part}`),
        content,
        // What follows the last boundary is signed, too.
        Buffer.from('\r\n--BOUND--\r\nepilogue'),
      ]);
      return signed(api.url, pair, {
        method: 'POST',
        target: '/api/v2/software-packages',
        body,
        headers: { 'content-type': 'multipart/form-data; boundary=BOUND', ...headers },
      });
    }
    const files = () => api.traces().then(({ packages, files }) => ({ packages, files }));

    test('with one byte changed on the way leaves nothing behind, wherever that byte is', async () => {
      const request = upload(rpm);
      const body = request.body as Buffer;
      for (const at of [10, 5000, body.length - 1]) {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const { status } = await send(api.url, { ...request, body: changed });
        expect([at, status === 401 || status === 400]).toEqual([at, true]);
        await until('the file is gone', async () => (await files()).files === 0);
        expect(await files()).toEqual({ packages: 0, files: 0 });
      }
      const { contents } = await api.store.audit.list({}, { page: 1, size: 20 });
      expect(contents.filter(({ user }) => user !== undefined)).toEqual([]);
    });

    test('is stored when it fits, once; its replay is refused', async () => {
      const request = upload(rpm);
      const { status, body } = await send(api.url, request);
      expect([status, body.data?.name]).toEqual([200, 'obproxy']);
      const replayed = await send(api.url, request);
      expect([replayed.status, replayed.body.error.code]).toEqual([401, 'IAM10000']);
      expect(await files()).toEqual({ packages: 1, files: 1 });
    });

    test('of a user without the permission is refused before it is received', async () => {
      const ann = await api.store.users.add({ name: 'ann', password: 'x', roles: ['PACKAGE_VIEWER'] });
      const { key, secret } = await api.store.accessKeys.add(ann.id, null, 10);
      pair = { accessKeyId: key.accessKeyId, secret };
      expect((await send(api.url, upload(rpm))).status).toBe(403);
    });
  },
);
