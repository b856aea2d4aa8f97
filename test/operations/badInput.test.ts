import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type Answer,
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from '../api/harness';

const VERSION = 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm';
const BATCH = (id: number | string) => `/api/v2/obproxy/clusters/${id}/obproxies/batchAdd`;
const CREATE = '/api/v2/obproxy/clusters';
const TAKE_OVER = (id: number | string) => `/api/v2/obproxy/clusters/${id}/takeOver`;

let api: TestApi;
/** Cluster, free hosts, and a host that has a proxy already. */
const given = {
  cluster: 0,
  other: 0,
  free: 0,
  second: 0,
  taken: 0,
  twin: 0,
  observer: 0,
  arm: 0,
  el8: 0,
  debian: 0,
  busy: 0,
  busyTask: 0,
};

beforeAll(async () => {
  api = await startTestApi();
  const { inventory } = api;
  given.cluster = await givenProxyCluster(inventory, 'test');
  given.other = await givenProxyCluster(inventory, 'other');
  given.free = await givenHost(inventory, '10.2.0.1');
  given.second = await givenHost(inventory, '10.2.0.2');
  given.taken = await givenHost(inventory, '10.2.0.3');
  given.twin = await givenHost(inventory, '10.2.0.3', {}, 2222);
  given.observer = await givenHost(inventory, '10.2.0.4');
  given.arm = await givenHost(inventory, '10.2.0.5', { architecture: 'aarch64' });
  given.el8 = await givenHost(inventory, '10.2.0.6', { osId: 'rocky', osMajor: '8' });
  given.debian = await givenHost(inventory, '10.2.0.7', { osId: 'debian', osMajor: '12' });
  given.busy = await givenHost(inventory, '10.2.0.8');
  await givenObCluster(inventory, 'hooray', 1, '10.2.0.4');
  await givenObCluster(inventory, 'twin', 1);
  await givenObCluster(inventory, 'twin', 2);
  const row = await givenPackage(inventory, { version: '1.9.1.1', release: '1919579.el7' });
  await givenPackage(inventory, { version: '4.3.1.0', release: '4.el7', name: 'obproxy-ce' });
  await givenPackage(inventory, { version: '4.2.1.0', release: '1.el7', name: 'oceanbase-ce', home: null });
  await inventory.obproxy.addServer({
    clusterId: given.other,
    hostId: given.taken,
    sqlPort: 2883,
    exporterPort: 2884,
    rpcPort: null,
    version: '1.9.1.1-1919579',
    packageId: row.id,
    parameterVersion: 1,
    taskId: 1,
  });
  const busyCluster = await givenProxyCluster(inventory, 'busy');
  const busy = await api.send('POST', BATCH(busyCluster), { ...add(), hostIds: [given.busy] });
  given.busyTask = busy.body.data.contents[0].id;
});
afterAll(() => api.stop());

function add(more: Json = {}): Json {
  return { hostIds: [given.free], sqlPort: 2883, exporterPort: 2884, version: VERSION, ...more };
}
function adopt(more: Json = {}, host: Json = {}): Json {
  return { hosts: [{ hostId: given.free, sqlPort: 2883, ...host }], ...more };
}
function create(more: Json = {}): Json {
  return {
    name: 'fresh',
    workMode: 'CONFIG_URL',
    obLinks: [],
    startupParameters: [],
    parameters: [],
    ...more,
  };
}
function install(more: Json = {}): Json {
  return create({
    obproxyInstallParam: {
      hostIds: [given.free],
      sqlPort: 2883,
      exporterPort: 2884,
      version: VERSION,
      ...more,
    },
  });
}
const link = (more: Json = {}) => ({ clusterName: 'hooray', obClusterId: 1, username: 'proxyro', ...more });
const value = (text: unknown) => create({ parameters: [{ name: 'proxy_mem_limited', value: text }] });

interface Case {
  readonly what: string;
  readonly path: () => string;
  readonly body: () => unknown;
  readonly status: number;
  readonly code: string;
  /** Parts of the text. */
  readonly says?: () => readonly string[];
  readonly fields?: readonly string[];
  readonly headers?: Record<string, string>;
}

const onBatch = () => BATCH(given.cluster);
const onTakeOver = () => TAKE_OVER(given.cluster);
const onCreate = () => CREATE;
const invalid = (what: string, path: () => string, body: () => unknown, ...fields: string[]): Case => ({
  what,
  path,
  body,
  status: 400,
  code: 'COM10001',
  fields,
});

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
  invalid(
    'a body half a million levels deep',
    onBatch,
    () => `{"hostIds":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
    'hostIds[0]',
  ),
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

  {
    what: 'taking over into an unknown cluster',
    path: () => TAKE_OVER(4711),
    body: () => adopt(),
    status: 404,
    code: 'ODP21001',
    says: () => ['4711'],
  },
  {
    what: 'taking over on an unknown host',
    path: onTakeOver,
    body: () => adopt({}, { hostId: 4711 }),
    status: 404,
    code: 'CMP07005',
    says: () => ['4711'],
  },
  {
    what: 'taking over on a host whose proxy belongs to another cluster',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.taken }),
    status: 409,
    code: 'ODP21116',
    says: () => ['10.2.0.3', '"other"'],
  },
  {
    what: 'taking over a proxy that is known by another host row of the same address',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.twin }),
    status: 409,
    code: 'ODP21116',
    says: () => ['10.2.0.3:2883', '"other"'],
  },
  {
    what: 'taking over on a host another task holds',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.busy }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'taking over into a cluster another task holds',
    path: () => TAKE_OVER('3'),
    body: () => adopt(),
    status: 409,
    code: 'ODP21010',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'taking over the port of an observer',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.observer, sqlPort: 2881 }),
    status: 409,
    code: 'COM10005',
    fields: ['hosts[0].sqlPort'],
    says: () => ['2881', 'hooray'],
  },
  {
    what: 'an rpcPort for a cluster of proxies before 4.0',
    path: () => TAKE_OVER(given.other),
    body: () => adopt({ rpcPort: 2885 }),
    status: 400,
    code: 'ODP21018',
    fields: ['rpcPort'],
  },
  invalid('taking over without hosts', onTakeOver, () => ({}), 'hosts'),
  invalid('taking over an empty list of hosts', onTakeOver, () => ({ hosts: [] }), 'hosts'),
  invalid(
    'taking over one host twice',
    onTakeOver,
    () => ({ hosts: [...adopt().hosts, ...adopt().hosts] }),
    'hosts[1].hostId',
  ),
  invalid(
    'taking over without a sqlPort',
    onTakeOver,
    () => adopt({}, { sqlPort: undefined }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over a sqlPort below 1025',
    onTakeOver,
    () => adopt({}, { sqlPort: 80 }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over with an exporterPort equal to a sqlPort',
    onTakeOver,
    () => adopt({ exporterPort: 2883 }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over with equal exporterPort and rpcPort',
    onTakeOver,
    () => adopt({ exporterPort: 2885, rpcPort: 2885 }),
    'rpcPort',
  ),
  invalid(
    'a proxysysPasswd with a newline',
    onTakeOver,
    () => adopt({}, { proxysysPasswd: 'a\nb' }),
    'hosts[0].proxysysPasswd',
  ),
  invalid(
    'a host id as text in a take-over',
    onTakeOver,
    () => adopt({}, { hostId: '1' }),
    'hosts[0].hostId',
  ),

  invalid('RS_LIST without obLinks', onCreate, () => create({ workMode: 'RS_LIST' }), 'obLinks'),
  invalid(
    'RS_LIST with two obLinks',
    onCreate,
    () => create({ workMode: 'RS_LIST', obLinks: [link(), link({ clusterName: 'twin' })] }),
    'obLinks',
  ),
  {
    what: 'an unknown linked cluster',
    path: onCreate,
    body: () => create({ obLinks: [link({ clusterName: 'nowhere' })] }),
    status: 404,
    code: 'OBE11002',
    says: () => ['nowhere', 'obLinks[0]'],
  },
  {
    what: 'a linked cluster with another id',
    path: onCreate,
    body: () => create({ obLinks: [link({ obClusterId: 9 })] }),
    status: 404,
    code: 'OBE11002',
    says: () => ['obClusterId 1'],
  },
  invalid(
    'an ambiguous link',
    onCreate,
    () => create({ obLinks: [link({ clusterName: 'twin', obClusterId: undefined })] }),
    'obLinks[0].obClusterId',
  ),
  invalid('one link twice', onCreate, () => create({ obLinks: [link(), link()] }), 'obLinks[1].clusterName'),
  {
    what: 'a name that is taken',
    path: onCreate,
    body: () => create({ name: 'test' }),
    status: 409,
    code: 'COM10006',
    fields: ['name'],
  },
  invalid('no name', onCreate, () => create({ name: undefined }), 'name'),
  invalid('shell words in the name', onCreate, () => create({ name: 'a; rm -rf /' }), 'name'),
  invalid('an unknown work mode', onCreate, () => create({ workMode: 'OB_SHARDING' }), 'workMode'),
  invalid("a value with '", onCreate, () => value("it's"), 'parameters[0].value'),
  invalid('a value with "', onCreate, () => value('"x"'), 'parameters[0].value'),
  invalid('a value with a backslash', onCreate, () => value('a\\b'), 'parameters[0].value'),
  invalid('a value with a newline', onCreate, () => value('a\nb'), 'parameters[0].value'),
  invalid('a value with a semicolon', onCreate, () => value('1;drop'), 'parameters[0].value'),
  invalid('a value of another type', onCreate, () => value({ deep: 1 }), 'parameters[0].value'),
  invalid(
    'a startup parameter with a semicolon in its name',
    onCreate,
    () => create({ startupParameters: [{ name: 'a;b', value: '1' }] }),
    'startupParameters[0].name',
  ),
  invalid(
    'a parameter that is set from another field',
    onCreate,
    () => create({ parameters: [{ name: 'listen_port', value: '3306' }] }),
    'parameters[0].name',
  ),
  invalid(
    'a parameter twice',
    onCreate,
    () =>
      create({
        parameters: [
          { name: 'proxy_mem_limited', value: '1G' },
          { name: 'proxy_mem_limited', value: '2G' },
        ],
      }),
    'parameters[1].name',
  ),
  invalid('a weak password', onCreate, () => create({ password: 'secret' }), 'password'),
  invalid(
    'hosts without ports and version',
    onCreate,
    () => create({ obproxyInstallParam: { hostIds: [given.free] } }),
    'obproxyInstallParam.sqlPort',
    'obproxyInstallParam.exporterPort',
    'obproxyInstallParam.version',
  ),
  invalid(
    'equal ports on create',
    onCreate,
    () => install({ exportPort: 2883, exporterPort: undefined }),
    'obproxyInstallParam.exporterPort',
  ),
  {
    what: 'an unknown host on create',
    path: onCreate,
    body: () => install({ hostIds: [4711] }),
    status: 404,
    code: 'CMP07005',
  },
  {
    what: 'an unknown package on create',
    path: onCreate,
    body: () => install({ version: 'obproxy-9.9.9-1.el7.x86_64.rpm' }),
    status: 404,
    code: 'PKG10014',
  },
  {
    what: 'a held host on create',
    path: onCreate,
    body: () => install({ hostIds: [given.busy] }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  invalid(
    'an installPath that is not the home of the package',
    onCreate,
    () => ({ ...install(), installPath: '/data/obproxy' }),
    'installPath',
  ),
  invalid('a run user with shell words', onCreate, () => create({ runUser: 'admin;id' }), 'runUser'),
];

function check(answer: Answer, expected: Case): void {
  const { body } = answer;
  expect({ status: answer.status, code: body.error?.code, text: body.error?.message }).toMatchObject({
    status: expected.status,
    code: expected.code,
  });
  expect(body).toMatchObject({ successful: false, status: expected.status });
  expect(body).not.toHaveProperty('data');
  expect(body.traceId).toMatch(/^[0-9a-f]{16}$/);
  expect(typeof body.error.code).toBe('string');
  for (const part of expected.says?.() ?? []) expect(body.error.message).toContain(part);
  if (expected.fields !== undefined) {
    const fields = (body.error.subErrors ?? []).map((sub: Json) => sub.field);
    expect(fields).toEqual(expect.arrayContaining([...expected.fields]));
    for (const sub of body.error.subErrors) expect(sub.message.length).toBeGreaterThan(5);
  }
}

describe('a request that cannot be accepted is refused and leaves nothing behind', () => {
  test.each(CASES.map((entry) => [entry.what, entry] as const))('%s', async (_what, entry) => {
    const before = await api.traces();
    const answer = await api.send('POST', entry.path(), entry.body(), entry.headers);
    check(answer, entry);
    expect(await api.traces()).toEqual(before);
  });

  test('a password never comes back in the answer that refuses it', async () => {
    const answer = await api.send('POST', CREATE, create({ password: 'weak-but-secret' }));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('weak-but-secret');
    const refused = await api.send('POST', onTakeOver(), adopt({}, { proxysysPasswd: 'secret\nwith-break' }));
    expect(refused.status).toBe(400);
    expect(refused.text).not.toContain('with-break');
  });

  test('a package of another family is accepted: the log notes it', async () => {
    const answer = await api.send(
      'POST',
      `${BATCH(given.cluster)}?dryRun=true`,
      add({ hostIds: [given.debian] }),
    );
    expect(answer.status).toBe(200);
  });
});

describe('a dry run', () => {
  test('of batchAdd answers the tasks with negative ids and leaves nothing behind', async () => {
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

  test('of create cluster refuses what the request itself would be refused for', async () => {
    const answer = await api.send('POST', `${CREATE}?dryRun=true`, create({ name: 'test' }));
    expect(answer.body.error.code).toBe('COM10006');
    const fine = await api.send('POST', `${CREATE}?dryRun=true`, install());
    expect(fine.body.data).toMatchObject({ id: -1, obproxyClusterId: -1 });
    expect(await api.inventory.obproxy.findClusterByName('fresh')).toBeUndefined();
  });
});

describe('what is accepted', () => {
  test('null fields count as absent ones', async () => {
    const body = create({
      address: null,
      port: null,
      obproxyInstallParam: null,
      password: null,
      obLinks: null,
    });
    expect((await api.send('POST', `${CREATE}?dryRun=true`, body)).status).toBe(200);
  });

  test('a password given to a take-over is stored encrypted and stands neither in the plan nor in the answer', async () => {
    const cluster = await givenProxyCluster(api.inventory, 'over');
    const host = await givenHost(api.inventory, '10.2.0.99');
    const body = adopt({ exporterPort: 2884 }, { hostId: host, proxysysPasswd: 'Planted.over-77' });
    const answer = await api.send('POST', TAKE_OVER(cluster), body);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('Planted.over');
    const [{ id, context }] = answer.body.data.contents;
    expect(context.stringMap).not.toHaveProperty('package_version');
    const task = await api.inventory.tasks.find(id);
    expect(JSON.stringify(task)).not.toContain('Planted.over');
    const server = await api.inventory.obproxy.findServerOnHost(host);
    expect(await api.inventory.obproxy.formerPassword(server!.id)).toBe('Planted.over-77');
    for (const file of await readdir(api.dataDir)) {
      const where = path.join(api.dataDir, file);
      if (!(await stat(where)).isFile()) continue;
      expect((await readFile(where)).includes('Planted.over')).toBe(false);
    }
    const shown = await api.send('GET', `/api/v2/obproxy/clusters/${cluster}`);
    expect(shown.body.data.versions).toEqual([]);
    expect(shown.body.data.obproxies).toEqual([
      expect.objectContaining({ status: 'TAKINGOVER', exporterPort: 2884 }),
    ]);
    for (const resource of [`obproxy_cluster:${cluster}`, `host:${host}:OB_PROXY`]) {
      expect(await api.inventory.locks.holder(resource)).toBe(id);
    }
  });

  test('create cluster with hosts answers one task, split by host on every step but the first and the last', async () => {
    const body = {
      ...install({ hostIds: [given.free, given.second] }),
      name: 'wide',
      obLinks: [link()],
      workMode: 'RS_LIST',
      startupParameters: [{ name: 'enable_strict_kernel_release', value: 'False' }],
      parameters: [{ name: 'proxy_mem_limited', value: '2G' }],
      password: 'aaBB11++more',
      installPath: '/opt/taobao/install/obproxy-1.9.1.1/',
    };
    const answer = await api.send('POST', CREATE, body);
    expect(answer.status).toBe(200);
    const { subtasks, context, obproxyClusterId, id } = answer.body.data;
    expect(subtasks).toHaveLength(1 + 10 * 2 + 1);
    expect(subtasks.filter((subtask: Json) => subtask.parallelIdx === -1).map((s: Json) => s.name)).toEqual([
      'Prepare obproxy install',
      'Finish node',
    ]);
    expect(context.listMap.host_ids).toEqual([String(given.free), String(given.second)]);
    expect(context.listMap.obproxy_server_ids).toHaveLength(2);
    const cluster = await api.inventory.obproxy.findCluster(obproxyClusterId);
    expect(cluster).toMatchObject({
      workMode: 'RS_LIST',
      startupParameters: body.startupParameters,
      parameters: body.parameters,
      servers: [{ sqlPort: 2883, exporterPort: 2884 }, { version: '1.9.1.1-1919579' }],
    });
    expect(await api.inventory.obproxy.proxysysPassword(obproxyClusterId)).toBe('aaBB11++more');
    for (const resource of [`obproxy_cluster:${obproxyClusterId}`, `host:${given.free}:OB_PROXY`]) {
      expect(await api.inventory.locks.holder(resource)).toBe(id);
    }
    expect(answer.text).not.toContain('aaBB11++more');
  });
});
