import { randomUUID } from 'node:crypto';
import { until } from '../support/until';
import {
  type Answer,
  givenHost,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from './harness';

let api: TestApi;
/** Another API process on the same database. */
let other: TestApi;
let hosts = 0;

beforeAll(async () => {
  api = await startTestApi();
  other = await startTestApi({ dataDir: api.dataDir });
  await givenPackage(api.store, { version: '1.9.1.1', release: '1919579.el7' });
});
afterAll(async () => {
  await other?.stop();
  await api?.stop();
});

interface Keyed {
  readonly path: string;
  readonly body: Json;
  send(key: string, through?: TestApi, body?: Json): Promise<Answer>;
}

/** A request that installs on a new host of a new cluster. */
async function request(): Promise<Keyed> {
  hosts += 1;
  const clusterId = await givenProxyCluster(api.store, `cluster${hosts}`);
  const hostId = await givenHost(api.store, `10.8.0.${hosts}`);
  const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`;
  const body = {
    hostIds: [hostId],
    sqlPort: 2883,
    exporterPort: 2884,
    version: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
  };
  return {
    path,
    body,
    send: (key, through = api, sent = body) => through.send('POST', path, sent, { 'idempotency-key': key }),
  };
}

const gates: (() => void)[] = [];
afterEach(() => {
  for (const open of gates.splice(0)) open();
  jest.restoreAllMocks();
});

/** Opened after the test at the latest: a request that hangs would keep the process. */
function gate(): { opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  gates.push(open);
  return { opened, open };
}

const started = () => [...api.started, ...other.started];
const refusal = ({ status, body }: Answer) => [status, body.error.code];

describe('a request that starts tasks, sent again under its Idempotency-Key', () => {
  test('is answered as the first one was, and starts nothing again', async () => {
    const { send } = await request();
    const key = randomUUID();
    const first = await send(key);
    expect(first.status).toBe(200);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    const before = started().length;
    for (const through of [api, other]) {
      const again = await send(key, through);
      expect([again.status, again.body.data]).toEqual([200, first.body.data]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(started()).toHaveLength(before);
  });

  test('starts one task however many send it at once to two API processes', async () => {
    const { send } = await request();
    const key = randomUUID();
    const before = started().length;
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => send(key, index % 2 === 0 ? api : other)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(new Set(answers.map(({ body }) => body.data.contents[0].id)).size).toBe(1);
    expect(started()).toHaveLength(before + 1);
  });

  test('without the key is another request', async () => {
    const { path, body, send } = await request();
    expect((await send(randomUUID())).status).toBe(200);
    expect(refusal(await api.send('POST', path, body))).toEqual([409, 'CMP07004']);
    expect(refusal(await send(randomUUID()))).toEqual([409, 'CMP07004']);
  });

  test('with another body, query or path is refused with 409 that says so', async () => {
    const { send, body, path } = await request();
    const key = randomUUID();
    await send(key);
    const before = await api.traces();
    const answers = [
      await send(key, api, { ...body, sqlPort: 2993 }),
      await api.send('POST', `${path}?dryRun=false`, body, { 'idempotency-key': key }),
      await other.send('DELETE', '/api/v2/software-packages/1', undefined, { 'idempotency-key': key }),
    ];
    for (const answer of answers) {
      expect(refusal(answer)).toEqual([409, 'COM10005']);
      expect(answer.body.error.message).toMatch(/another request.*new key/);
    }
    expect(await api.traces()).toEqual(before);
  });

  test('is done by the next API when its own died before it did anything, and never by both', async () => {
    const { send } = await request();
    const key = randomUUID();
    const before = started().length;
    // A process that hangs between claim and transaction, and does not prolong its claim.
    const { claim } = api.store.idempotency;
    const claims = jest
      .spyOn(api.store.idempotency, 'claim')
      .mockImplementationOnce((asked) => claim({ ...asked, leaseMs: 0 }));
    const door = gate();
    const transaction = api.store.transaction;
    const transactions = jest.spyOn(api.store, 'transaction').mockImplementationOnce(async (work) => {
      await door.opened;
      return transaction(work);
    });
    const first = send(key);
    await until('the first API hangs', () => transactions.mock.calls.length > 0);
    const second = await send(key, other);
    expect(second.status).toBe(200);
    door.open();
    expect((await first).body.data).toEqual(second.body.data);
    expect(started()).toHaveLength(before + 1);
    const tasks = await api.store.tasks.list({}, { page: 1, size: 1 });
    expect(tasks.contents[0]?.id).toBe(second.body.data.contents[0].id);
    claims.mockRestore();
    transactions.mockRestore();
  });

  test('is answered when its API died after the task was stored and before it was started', async () => {
    const { send } = await request();
    const key = randomUUID();
    const before = started().length;
    const door = gate();
    const starts = jest.spyOn(api.tasks, 'start').mockReturnValueOnce(door.opened);
    const first = send(key);
    await until('the first API hangs', () => starts.mock.calls.length > 0);
    const second = await send(key, other);
    const { id } = second.body.data.contents[0];
    // The reconciler of any API starts it.
    expect(await other.store.tasks.find(id)).toMatchObject({ started: false });
    expect(started()).toHaveLength(before);
    door.open();
    expect((await first).body.data).toEqual(second.body.data);
    starts.mockRestore();
  });
});

describe('other requests under a key', () => {
  test('a refused one has changed nothing, so its key is free for the corrected one', async () => {
    const { send, body } = await request();
    const key = randomUUID();
    expect((await send(key, api, { ...body, hostIds: [99_999] })).status).toBe(404);
    expect((await send(key, api, { ...body, sqlPort: -1 })).status).toBe(400);
    expect((await send(key)).status).toBe(200);
  });

  test('a deletion that is repeated is answered as the first, not with "there is none"', async () => {
    const row = await givenPackage(api.store, { version: '2.0.0', release: '1.el7' });
    const erase = (key: string) =>
      other.send('DELETE', `/api/v2/software-packages/${row.id}`, undefined, { 'idempotency-key': key });
    const key = randomUUID();
    for (const _ of [1, 2]) {
      const { status, body } = await erase(key);
      expect([status, 'data' in body]).toEqual([200, false]);
    }
    expect(refusal(await erase(randomUUID()))).toEqual([404, 'PKG10014']);
  });

  test('a dry run under the key of the request that follows it takes nothing away from that', async () => {
    const { send, path, body } = await request();
    const key = randomUUID();
    const dry = await api.send('POST', `${path}?dryRun=true`, body, { 'idempotency-key': key });
    expect([dry.status, dry.body.data.contents[0].id]).toEqual([200, -1]);
    // What the request after it would be refused for.
    const malformed = await api.send('POST', `${path}?dryRun=true`, body, { 'idempotency-key': 'a b' });
    expect([malformed.status, malformed.body.error.target]).toEqual([400, 'Idempotency-Key']);
    const real = await send(key);
    expect([real.status, real.headers.get('idempotency-replayed')]).toEqual([200, null]);
  });

  test("OCP's clientToken does the same for the creation of a cluster", async () => {
    const create = (name: string, clientToken: string, through = api) =>
      through.send('POST', '/api/v2/obproxy/clusters', {
        name,
        workMode: 'CONFIG_URL',
        obproxyInstallParam: { hostIds: [] },
        clientToken,
      });
    const first = await create('tokened', 'token of a client');
    expect(first.status).toBe(200);
    const again = await create('tokened', 'token of a client', other);
    expect([again.status, again.body.data]).toEqual([200, first.body.data]);
    expect(refusal(await create('tokened', 'another token'))).toEqual([409, 'COM10006']);
    expect(refusal(await create('different', 'token of a client'))).toEqual([409, 'COM10005']);
  });

  test.each(['', 'a b', '"', 'x'.repeat(256), '"open'])('the malformed key %j is refused', async (key) => {
    const { send } = await request();
    const answer = await send(key);
    expect(refusal(answer)).toEqual([400, 'COM10001']);
    expect(answer.body.error.target).toBe('Idempotency-Key');
  });

  test('a quoted key, as the HTTP working group writes it, is the same key', async () => {
    const { send } = await request();
    const key = randomUUID();
    const first = await send(`"${key}"`);
    expect((await send(key)).body.data).toEqual(first.body.data);
  });
});
