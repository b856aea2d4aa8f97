import { type IncomingMessage, request } from 'node:http';
import { createGunzip, gunzipSync } from 'node:zlib';
import { CHAIN, planOf } from '../support/plans';
import { until } from '../support/until';
import { basic, PASSWORD, startTestApi, type TestApi } from './harness';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.store.tasks.add({ plan: planOf(CHAIN, { taskId: 7 }), workflowType: 'addObproxy' });
});
afterAll(() => api.stop());

/** As it comes over the wire. */
function ask(
  method: string,
  path: string,
  encoding: string | undefined,
  body?: unknown,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const asked = request({ ...{ hostname, port, method, path } }, resolve).on('error', reject);
    asked.setHeader('authorization', basic('admin', PASSWORD));
    if (encoding !== undefined) asked.setHeader('accept-encoding', encoding);
    if (body !== undefined) asked.setHeader('content-type', 'application/json');
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function whole(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test('A long answer is compressed for who takes gzip, and says so', async () => {
  const packed = await ask('GET', '/openapi.json', 'gzip, deflate, br');
  expect(packed.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': expect.stringMatching(/^application\/json/),
  });
  expect(packed.headers.vary).toMatch(/accept-encoding/i);
  const bytes = await whole(packed);
  const plain = await whole(await ask('GET', '/openapi.json', undefined));
  expect(bytes.length * 5).toBeLessThan(plain.length);
  expect(gunzipSync(bytes)).toEqual(plain);
});

test.each<[string, string, string, string | undefined, unknown]>([
  ['who takes none', 'GET', '/openapi.json', undefined, undefined],
  ['who forbids it', 'GET', '/openapi.json', 'gzip;q=0, identity', undefined],
  ['what is short', 'GET', '/api/v2/iam/me', 'gzip', undefined],
  [
    'a change, which may answer a secret',
    'POST',
    '/api/v2/iam/me/accessKeys',
    'gzip',
    { description: 'x'.repeat(2_000) },
  ],
])('%s is answered as it is', async (_what, method, path, encoding, body) => {
  const answer = await ask(method, path, encoding, body);
  expect(answer.headers['content-encoding']).toBeUndefined();
  JSON.parse((await whole(answer)).toString());
});

test('A stream is compressed, and each event comes at once', async () => {
  const response = await ask('GET', '/api/v2/tasks/events', 'gzip');
  expect(response.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': expect.stringMatching(/^text\/event-stream/),
  });
  let text = '';
  response.pipe(createGunzip()).on('data', (data: Buffer) => {
    text += data.toString();
  });
  await until('the beginning', () => text.includes('data: []\n\n'));
  const change = { taskId: 7, status: 'FAILED', operation: 'EXECUTE', closed: false, sequence: 1 } as const;
  await api.store.tasks.applyStateChange(change);
  await until('the change', () => text.includes('"id":7,"status":"FAILED"'));
  expect(response.complete).toBe(false);
  response.destroy();
});
