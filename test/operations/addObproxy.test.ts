import type { Json } from '../api/harness';
import { add, api, BATCH, type Case, given, givenApi, invalid, refused } from './refusals';

givenApi();

let commas = 0;
beforeAll(async () => {
  commas = await api.store.obproxy.addCluster({
    ...{ name: 'commas', address: null, port: null, workMode: 'CONFIG_URL', runUser: 'admin' },
    startupParameters: [{ name: 'local_bound_ip', value: '10.0.0.1,10.0.0.2' }],
    parameters: [{ name: 'init_sql', value: 'set @a=1,@b=2' }],
    ...{ proxysysPassword: 'Planted.AA11++xx', creator: { id: 100, name: 'admin' }, links: [] },
  });
});

const onBatch = () => BATCH(given.cluster);

const CASES: readonly Case[] = [
  {
    what: 'an unknown OBProxy cluster',
    path: () => BATCH(4711),
    body: () => add(),
    status: 404,
    code: 'ODP21001',
    says: () => ['4711'],
  },
  {
    what: 'an unknown host',
    path: onBatch,
    body: () => add({ hostIds: [given.free, 4711] }),
    status: 404,
    code: 'CMP07005',
    says: () => ['4711'],
  },
  {
    what: 'an unknown package',
    path: onBatch,
    body: () => add({ version: 'obproxy-1.0.0-1.el7.x86_64.rpm' }),
    status: 404,
    code: 'PKG10014',
    says: () => ['obproxy-1.0.0-1.el7.x86_64.rpm', 'Upload'],
  },
  {
    what: 'a startup parameter of the cluster that this version cannot take',
    path: () => BATCH(commas),
    body: () => add(),
    status: 400,
    code: 'COM10001',
    fields: ['version'],
    says: () => ['local_bound_ip', '1.9.1.1', 'comma', 'OBProxy 4.1 or later'],
  },
  invalid('empty hostIds', onBatch, () => add({ hostIds: [] }), 'hostIds'),
  invalid('missing hostIds', onBatch, () => add({ hostIds: undefined }), 'hostIds'),
  invalid(
    'duplicate hostIds',
    onBatch,
    () => add({ hostIds: [given.free, given.second, given.free] }),
    'hostIds[2]',
  ),
  invalid('host ids as text', onBatch, () => add({ hostIds: ['1'] }), 'hostIds[0]'),
  invalid('a negative host id', onBatch, () => add({ hostIds: [-1] }), 'hostIds[0]'),
  invalid('a sqlPort below 1025', onBatch, () => add({ sqlPort: 1024 }), 'sqlPort'),
  invalid('an exporterPort above 65535', onBatch, () => add({ exporterPort: 65536 }), 'exporterPort'),
  invalid('a fractional port', onBatch, () => add({ sqlPort: 2883.5 }), 'sqlPort'),
  invalid('equal ports', onBatch, () => add({ exporterPort: 2883 }), 'exporterPort'),
  invalid('an rpcPort equal to the sqlPort', onBatch, () => add({ rpcPort: 2883 }), 'rpcPort'),
  invalid('no exporter port at all', onBatch, () => add({ exporterPort: undefined }), 'exporterPort'),
  {
    what: 'a port of an observer on that host',
    path: onBatch,
    body: () => add({ hostIds: [given.observer], sqlPort: 2881 }),
    status: 409,
    code: 'COM10005',
    fields: ['sqlPort'],
    says: () => ['2881', '10.2.0.4', 'hooray'],
  },
  invalid('a malformed version', onBatch, () => add({ version: 'obproxy-1.9.1.1' }), 'version'),
  invalid(
    'a path as version',
    onBatch,
    () => add({ version: '../obproxy-1.9.1.1-1.el7.x86_64.rpm' }),
    'version',
  ),
  invalid(
    'shell words in the version',
    onBatch,
    () => add({ version: '$(reboot)-1-1.x86_64.rpm' }),
    'version',
  ),
  invalid(
    'a package without OBProxy',
    onBatch,
    () => add({ version: 'oceanbase-ce-4.2.1.0-1.el7.x86_64.rpm' }),
    'version',
  ),
  {
    what: 'another architecture than the host',
    path: onBatch,
    body: () => add({ hostIds: [given.arm] }),
    status: 400,
    code: 'CMP07018',
    says: () => ['aarch64', '10.2.0.5'],
  },
  {
    what: 'the dist tag of another major release',
    path: onBatch,
    body: () => add({ hostIds: [given.el8] }),
    status: 400,
    code: 'CMP07017',
    says: () => ['el7', '10.2.0.6'],
  },
  {
    what: 'a proxy already on that host',
    path: onBatch,
    body: () => add({ hostIds: [given.taken] }),
    status: 409,
    code: 'ODP21116',
    says: () => ['10.2.0.3', '"other"'],
  },
  {
    what: 'a host another task holds',
    path: onBatch,
    body: () => add({ hostIds: [given.busy] }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'a cluster another task holds',
    path: () => BATCH('3'),
    body: () => add(),
    status: 409,
    code: 'ODP21010',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'rpcPort before 4.3',
    path: onBatch,
    body: () => add({ rpcPort: 2885 }),
    status: 400,
    code: 'ODP21018',
    fields: ['rpcPort'],
  },
  invalid(
    'the RPC port that a 4.3 proxy opens unasked',
    onBatch,
    () => add({ exporterPort: 2885, version: 'obproxy-ce-4.3.1.0-4.el7.x86_64.rpm' }),
    'exporterPort',
  ),
  invalid(
    'a path id that is no number',
    () => BATCH('abc'),
    () => add(),
    'id',
  ),
  invalid(
    'a path id beyond 2^53',
    () => BATCH('9007199254740993'),
    () => add(),
    'id',
  ),
  invalid(
    'a host id beyond 2^53',
    onBatch,
    () => JSON.stringify(add()).replace(`[${given.free}]`, '[9007199254740993]'),
    'hostIds[0]',
  ),
  {
    what: 'JSON that does not parse',
    path: onBatch,
    body: () => '{"hostIds": [1',
    status: 400,
    code: 'COM10003',
    says: () => ['JSON'],
  },
  invalid('an array as body', onBatch, () => [], ''),
  {
    what: 'no content type',
    path: onBatch,
    body: () => JSON.stringify(add()),
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'COM10003',
    says: () => ['application/json'],
  },
  {
    what: 'an unknown charset',
    path: onBatch,
    body: () => JSON.stringify(add()),
    headers: { 'content-type': 'application/json; charset=klingon' },
    status: 415,
    code: 'COM10003',
  },
  {
    what: 'a body over 1 MB',
    path: onBatch,
    body: () => add({ more: 'x'.repeat(1_100_000) }),
    status: 413,
    code: 'COM10003',
    says: () => ['1 MB'],
  },
  {
    what: 'dryRun neither true nor false',
    path: () => `${BATCH(given.cluster)}?dryRun=yes`,
    body: () => add(),
    status: 400,
    code: 'COM10001',
    fields: ['dryRun'],
  },
];

describe('a batchAdd that cannot be accepted is refused and leaves nothing behind', () => {
  refused(CASES);
});

test('a package of another family is accepted: the log notes it', async () => {
  const answer = await api.send(
    'POST',
    `${BATCH(given.cluster)}?dryRun=true`,
    add({ hostIds: [given.debian] }),
  );
  expect(answer.status).toBe(200);
});

test('a dry run answers the tasks with negative ids and leaves nothing behind', async () => {
  const before = await api.traces();
  const answer = await api.send(
    'POST',
    `${BATCH(given.cluster)}?dryRun=true`,
    add({ hostIds: [given.free, given.second] }),
  );
  expect(answer.status).toBe(200);
  const tasks = answer.body.data.contents;
  expect(tasks.map((task: Json) => [task.id, task.hostId])).toEqual([
    [-1, given.free],
    [-2, given.second],
  ]);
  const ids = tasks.flatMap((task: Json) => task.subtasks.map((subtask: Json) => subtask.id));
  expect(new Set(ids).size).toBe(24);
  expect(Math.max(...ids)).toBe(-1);
  expect(await api.traces()).toEqual(before);
});

test('a host whose batchAdd has failed is locked alone: others of its cluster, and OBServers, can be added meanwhile', async () => {
  const { store } = api;
  const failed = await api.send('POST', BATCH(given.cluster), add({ hostIds: [given.second] }));
  const taskId: number = failed.body.data.contents[0].id;
  await store.tasks.applyStateChange({
    ...{ taskId, status: 'FAILED', operation: 'EXECUTE', closed: false, sequence: 1 },
  });

  const again = await api.send('POST', BATCH(given.cluster), add({ hostIds: [given.second] }));
  expect([again.status, again.body.error.code, again.body.error.message]).toEqual([
    409,
    'CMP07004',
    expect.stringContaining(`task ${taskId}`),
  ]);
  const other = await api.send('POST', BATCH(given.cluster), add({ hostIds: [given.free] }));
  expect(other.status).toBe(200);
  // The same host may get an OBServer: an OBProxy beside it disturbs nobody.
  const [clusters] = (await store.obClusters.list({ page: 1, size: 1 })).contents;
  expect(await store.locks.firstHeld([`ob_cluster:${clusters?.id}`, `host:${given.second}:OB_CLUSTER`])).toBe(
    undefined,
  );
  // What changes the cluster itself still has to wait.
  expect(await store.locks.firstHeld([`obproxy_cluster:${given.cluster}`])).toMatchObject({ taskId });
  for (const id of [taskId, other.body.data.contents[0].id]) await store.locks.release(id);
});
