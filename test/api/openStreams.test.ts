import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { CHAIN, planOf } from '../support/plans';
import { until } from '../support/until';
import { EventStream } from './eventStream';
import { basic, startTestApi, type TestApi } from './harness';
import { signed } from './signing';

/** Streams of events under logins that end meanwhile; the task itself does not move. */
const PATH = '/api/v2/tasks/instances/7/events';
const USERS = '/api/v2/iam/users';

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  other = await startTestApi({ dataDir: api.dataDir });
  await api.store.tasks.add({ plan: planOf(CHAIN, { taskId: 7 }), workflowType: 'addObproxy' });
});
afterAll(async () => {
  await other.stop();
  await api.stop();
});

interface Watcher {
  readonly id: number;
  readonly stream: EventStream;
  readonly keyId?: number;
}

async function watcher(name: string, by: 'password' | 'access key' = 'password'): Promise<Watcher> {
  const password = `Planted.${name}+pass`;
  const { id } = await api.store.users.add({ name, password, roles: ['TASK_VIEWER'] });
  const open = async (login: Record<string, string>) => {
    const stream = await EventStream.open(api.url + PATH, undefined, login);
    await stream.event('the document', ({ id: task }) => task === 7);
    return stream;
  };
  if (by === 'password') return { id, stream: await open({ authorization: basic(name, password) }) };
  const { key, secret } = await api.store.accessKeys.add(id, null, 2);
  const pair = { accessKeyId: key.accessKeyId, secret };
  const { headers } = signed(api.url, pair, { method: 'GET', target: PATH });
  const { host: _host, ...login } = headers as Record<string, string>;
  return { id, keyId: key.id, stream: await open(login) };
}

test('A stream ends with its login, its permission or its key, says why, and no other stream does', async () => {
  const staying = [await watcher('staying'), await watcher('signing', 'access key')];
  const disabled = await watcher('disabled');
  const deleted = await watcher('deleted');
  const renewed = await watcher('renewed');
  const degraded = await watcher('degraded');
  const keyDisabled = await watcher('key-disabled', 'access key');
  const keyDeleted = await watcher('key-deleted', 'access key');
  const keyOfRenewed = await watcher('key-of-renewed', 'access key');

  // Through another process than the one that streams.
  for (const [method, path, body] of [
    ['POST', `${disabled.id}/disable`],
    ['DELETE', `${deleted.id}`],
    ['PUT', `${renewed.id}/password`, { password: 'another one' }],
    ['PUT', `${keyOfRenewed.id}/password`, { password: 'another one' }],
    ['PUT', `${degraded.id}/roles`, { roles: ['HOST_VIEWER'] }],
    ['POST', `${keyDisabled.id}/accessKeys/${keyDisabled.keyId}/disable`],
    ['DELETE', `${keyDeleted.id}/accessKeys/${keyDeleted.keyId}`],
  ] as const) {
    expect((await other.send(method, `${USERS}/${path}`, body)).status).toBe(200);
  }

  const ended = [disabled, deleted, renewed, degraded, keyDisabled, keyDeleted];
  await Promise.all(ended.map(({ stream }) => stream.end()));
  expect(ended.map(({ stream }) => stream.events.at(-1))).toEqual(
    ['IAM10000', 'IAM10000', 'IAM10000', 'IAM11000', 'IAM10000', 'IAM10000'].map((code) =>
      expect.objectContaining({
        name: 'refused',
        id: undefined,
        data: { code, message: expect.stringMatching(/login has ended|needs the permission TASK_VIEWER/) },
      }),
    ),
  );
  for (const { stream } of [...staying, keyOfRenewed]) {
    expect([stream.ended, stream.events.length]).toEqual([false, 1]);
    stream.leave();
  }
});

test('A package whose uploader may no longer upload when its last byte comes is not kept', async () => {
  const password = 'Planted.uploader+pass';
  const { id } = await api.store.users.add({ name: 'uploader', password, roles: ['PACKAGE_MANAGER'] });
  const { hostname, port } = new URL(api.url);
  const answered = new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest({
      ...{ hostname, port, method: 'POST', path: '/api/v2/software-packages' },
      headers: {
        authorization: basic('uploader', password),
        'content-type': 'multipart/form-data; boundary=x',
      },
    });
    request.on('error', reject).on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.write('--x\r\nContent-Disposition: form-data; name="file"; filename="x.rpm"\r\n\r\nhalf');
    const files = () => readdir(path.join(api.dataDir, 'packages')).catch(() => []);
    until('the file begins to arrive', async () => (await files()).length > 0)
      .then(() => api.store.users.change(id, { roles: ['PACKAGE_VIEWER'] }))
      .then(() => request.end('whole\r\n--x--\r\n'), reject);
  });
  expect(await answered).toBe(403);
  expect(await readdir(path.join(api.dataDir, 'packages'))).toEqual([]);
});
