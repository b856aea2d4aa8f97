/** Parameters of OceanBase clusters: what is there, what may be set, and that what was set is everywhere. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import { type Answer, givenObCluster, type Json, startTestApi, type TestApi } from './harness';
import { givenAnsweringCluster, type ObScene, SERVERS } from './obScene';

const published = (name: string): Json =>
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'test/golden/published', `${name}.json`), 'utf8'));

let api: TestApi;
let scene: ObScene;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  scene = await givenAnsweringCluster(api.store, { tenants: ['app', 'shop'] });
});
afterEach(() => scene.observer.stop());

const PARAMETERS = (id: number = scene.id) => `/api/v2/ob/clusters/${id}/parameters`;
const list = async (id?: number): Promise<Json[]> =>
  (await api.send('GET', PARAMETERS(id))).body.data.contents;
const one = async (name: string): Promise<Json> =>
  (await list()).find((parameter) => parameter.name === name);
const put = (...body: Json[]): Promise<Answer> => api.send('PUT', PARAMETERS(), body);
const sent = (): string[] => scene.observer.statementsLike(/^alter system/i);
const address = ({ ip, rpcPort }: { ip: string; rpcPort: number }) => `${ip}:${rpcPort}`;

function refused(answer: Answer, status: number, code: string, ...says: string[]): void {
  expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status, code });
  for (const part of says) expect(answer.body.error.message).toContain(part);
}

describe('The documented samples', () => {
  test('the list is answered in every field but addresses', async () => {
    const expected = published('ob-parameters').data.contents as Json[];
    const contents = await list();
    const [first, second] = expected[0].currentValue.obParameters;
    expect([first.svrType, second.zone]).toEqual(['observer', 'zone2']);
    for (const sample of expected) {
      const own = contents.find(({ name }) => name === sample.name);
      const [value = ''] = sample.currentValue.values;
      expect({
        ...own,
        defaultValue: '',
        ...(sample.defaultValue === undefined ? {} : sample),
      }).toMatchObject({
        ...sample,
        currentValue: {
          values: [value],
          singleValueInCluster: true,
          valueToServers: { [value]: expect.any(Array) },
          obParameters: expect.any(Array),
        },
      });
      // But for the default, which OCP takes from its own tables, and for a parameter that it no longer knows.
      const { currentValue: _, defaultValue: _default, ...facts } = sample;
      expect(own).toMatchObject(facts);
      expect(own.currentValue).toEqual({
        values: [value],
        singleValueInCluster: true,
        valueToServers: { [value]: SERVERS.map(address) },
        obParameters: SERVERS.map(({ ip, rpcPort, zone }) => ({
          ...{ name: sample.name, svrIp: ip, svrPort: rpcPort, svrType: 'observer', value, zone },
        })),
      });
    }
  });

  test('the metadata is answered in every field but id, version and default', async () => {
    const answer = await api.send('GET', '/api/v2/ob/clusters/parameterInfo?version=4.2.1.0');
    expect(answer.status).toBe(200);
    const known = new Map<string, Json>(answer.body.data.contents.map((info: Json) => [info.name, info]));
    const shared = published('ob-parameter-info').data.contents.filter(({ name }: Json) => known.has(name));
    expect(shared.map(({ name }: Json) => name)).toEqual(
      expect.arrayContaining(['rootservice_memory_limit', 'dead_socket_detection_timeout', 'tcp_keepidle']),
    );
    for (const sample of shared) {
      const { id, version, defaultValue, description, ...facts } = sample;
      expect(known.get(sample.name)).toMatchObject(facts);
      expect(Object.keys(known.get(sample.name)).sort()).toEqual(Object.keys(sample).sort());
    }
    expect(known.get('rootservice_memory_limit')).toMatchObject({
      ...{ type: 'CAPACITY', minValue: '2G', maxValue: null, defaultValue: '2G', version: '4.2.1.0' },
      description: 'The maximum memory available to Root Service.',
    });
  });

  test('the change is answered without data, and is in OceanBase on every server', async () => {
    const request = JSON.parse(
      readFileSync(path.join(repositoryRoot(), 'operations/samples/set-ob-parameters.request.json'), 'utf8'),
    );
    const answer = await api.send('PUT', PARAMETERS(), request);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual(
      Object.keys(
        JSON.parse(
          readFileSync(
            path.join(repositoryRoot(), 'operations/samples/set-ob-parameters.response.json'),
            'utf8',
          ),
        ),
      ).sort(),
    );
    expect((await one('balancer_emergency_percentage')).currentValue.valueToServers).toEqual({
      75: SERVERS.map(address),
    });
    expect(sent()).toEqual(["ALTER SYSTEM SET balancer_emergency_percentage = '75'"]);
  });
});

describe('What is shown', () => {
  test('differs by server where servers differ, and 3.x shows what it tells', async () => {
    expect((await put({ name: 'cpu_count', value: 8, servers: ['10.5.0.3:2882'] })).status).toBe(200);
    expect((await one('cpu_count')).currentValue).toMatchObject({
      values: ['0', '8'],
      singleValueInCluster: false,
      valueToServers: { 0: ['10.5.0.1:2882', '10.5.0.2:2882'], 8: ['10.5.0.3:2882'] },
    });
    const older = await givenAnsweringCluster(api.store, { version: '3.1.4' });
    try {
      const shown = await list(older.id);
      expect(shown.find(({ name }) => name === 'tcp_keepidle')).toMatchObject({
        defaultValue: '',
        valueRange: { type: 'TIME', minValue: '1s', maxValue: null },
        currentValue: { values: ['7200s'] },
      });
    } finally {
      await older.observer.stop();
    }
  });

  test('no keys and tokens that stand in values', async () => {
    const url = 'http://obflow:8080/services?Action=ObRootServiceInfo&ObCluster=x&token=Planted.token';
    const place = 'oss://bucket/backup?host=h&access_id=Planted.id&access_key=Planted.key';
    expect(
      (await put({ name: 'obconfig_url', value: url }, { name: 'backup_dest', value: place })).status,
    ).toBe(200);
    expect(scene.observer.statementsLike(/Planted\.key/)).toHaveLength(1);
    const answer = await api.send('GET', PARAMETERS());
    expect(answer.text).not.toContain('Planted.');
    expect((await one('obconfig_url')).currentValue.values).toEqual([url.replace('Planted.token', '***')]);
  });

  test('"could not ask" is 503, a refused login 409, and neither is an empty list', async () => {
    const silent = await givenObCluster(api.store, 'silent', 901, '127.0.0.1', { sqlPort: 1 });
    const answer = await api.send('GET', PARAMETERS(silent));
    refused(answer, 503, 'OBE11028', 'silent', '127.0.0.1:1');
    await api.store.credentials.put({
      ...{ name: 'asked_wrong', kind: 'DATABASE', username: 'root', secret: 'wrong' },
    });
    const { id } = (await api.store.credentials.find('asked_wrong'))!;
    const row = (await api.store.obClusters.find(scene.id))!;
    await api.store.obClusters.put({ ...row, sysCredentialId: id });
    refused(await api.send('GET', PARAMETERS()), 409, 'OBE12000', row.name);
    refused(await api.send('GET', PARAMETERS(4711)), 404, 'OBE11001');
  });

  test('metadata of the versions that answer, and the names of those that do not', async () => {
    await givenObCluster(api.store, 'away', 902, '127.0.0.1', { sqlPort: 1, version: '4.3.5.3' });
    const answer = await api.send('GET', '/api/v2/ob/clusters/parameterInfo');
    expect(answer.status).toBe(200);
    expect(answer.body.data.notAsked).toContainEqual({
      version: '4.3.5.3',
      message: expect.stringContaining('127.0.0.1:1'),
    });
    refused(
      await api.send('GET', '/api/v2/ob/clusters/parameterInfo?version=4.3.5.3'),
      503,
      'OBE11028',
      'away',
    );
    const ids = answer.body.data.contents.map(({ id }: Json) => id);
    expect(new Set(ids).size).toBe(new Set(answer.body.data.contents.map(({ name }: Json) => name)).size);
  });
});

describe('What is refused before anything is sent', () => {
  const wrong: [string, Json, string, string][] = [
    ['an unknown name', { name: 'no_such_thing', value: 1 }, 'OBE31201', 'no_such_thing'],
    ['a hidden one', { name: '_enable_oracle_priv_check', value: true }, 'OBE31001', 'hidden'],
    ['a read-only one', { name: 'data_dir', value: '/x' }, 'OBE31204', 'read-only'],
    ['a port, which OceanBase would change', { name: 'rpc_port', value: 3333 }, 'OBE31204', 'rpc_port'],
    ['a capacity without unit', { name: 'memory_limit', value: 8 }, 'OBE31002', '10G'],
    ['a capacity of an unknown unit', { name: 'memory_limit', value: '8X' }, 'OBE31202', 'capacity'],
    ['a time of a unit of capacity', { name: 'rpc_timeout', value: '2G' }, 'OBE31202', '30s'],
    ['a text for a number', { name: 'cpu_count', value: 'many' }, 'OBE31202', 'whole number'],
    ['a half for a whole', { name: 'cpu_count', value: 1.5 }, 'OBE31202', 'whole number'],
    ['no truth', { name: 'enable_rebalance', value: 'maybe' }, 'OBE31202', 'true or false'],
    ['too large a number', { name: 'backup_concurrency', value: 101 }, 'OBE31202', '[0, 100]'],
    ['too short a time', { name: 'server_permanent_offline_time', value: '19s' }, 'OBE31202', '[20s, )'],
    ['too large a capacity', { name: 'backup_data_file_size', value: '5G' }, 'OBE31202', '4G'],
    ['no time of day', { name: 'major_freeze_duty_time', value: '25:00' }, 'OBE31202', '02:00'],
    ['tenants of the cluster', { name: 'cpu_count', value: 1, tenants: ['app'] }, 'OBE31203', 'cpu_count'],
    ['tenants that nobody names', { name: 'undo_retention', value: 1 }, 'OBE31203', 'allTenants'],
    ['an unknown tenant', { name: 'undo_retention', value: 1, tenants: ['nobody'] }, 'OBE21002', 'nobody'],
    ['an unknown zone', { name: 'cpu_count', value: 1, zones: ['zone9'] }, 'OBE18002', 'zone1, zone2'],
    [
      'an unknown server',
      { name: 'cpu_count', value: 1, servers: ['10.5.0.1:2881'] },
      'OBE19002',
      '10.5.0.1:2882',
    ],
  ];
  test.each(wrong)('%s, and what stands before it is not set either', async (_what, wish, code, says) => {
    const before = await api.traces();
    refused(await put({ name: 'tcp_keepcnt', value: 11 }, wish), 400, code, says);
    expect(sent()).toEqual([]);
    expect({ ...(await api.traces()), audit: 0 }).toEqual({ ...before, audit: 0 });
  });

  const malformed: [string, unknown][] = [
    ['no list', { name: 'cpu_count', value: 1 }],
    ['an empty list', []],
    ['no value', [{ name: 'cpu_count' }]],
    ['null', [{ name: 'cpu_count', value: null }]],
    ['a structure', [{ name: 'cpu_count', value: { a: 1 } }]],
    ['a name that ends the statement', [{ name: 'a=1;drop', value: 1 }]],
    ['a value with a backslash', [{ name: 'backup_region', value: 'a\\' }]],
    ['a value with a line break', [{ name: 'backup_region', value: 'a\nb' }]],
    ['a zone with a quote', [{ name: 'cpu_count', value: 1, zones: ["z'1"] }]],
    ['zones and servers', [{ name: 'cpu_count', value: 1, zones: ['zone1'], servers: ['10.5.0.1:2882'] }]],
    ['tenants and all', [{ name: 'undo_retention', value: 1, tenants: ['app'], allTenants: true }]],
    ['no zones', [{ name: 'cpu_count', value: 1, zones: [] }]],
    ['a server without port', [{ name: 'cpu_count', value: 1, servers: ['10.5.0.1'] }]],
    [
      'one twice',
      [
        { name: 'cpu_count', value: 1 },
        { name: 'cpu_count', value: 2 },
      ],
    ],
    [
      'one twice for a zone',
      [
        { name: 'cpu_count', value: 1, zones: ['zone1', 'zone2'] },
        { name: 'cpu_count', value: 2, zones: ['zone2'] },
      ],
    ],
  ];
  test.each(malformed)('%s', async (_what, body) => {
    const answer = await api.send('PUT', PARAMETERS(), body);
    refused(answer, 400, 'COM10001');
    expect(answer.body.error.subErrors.length).toBeGreaterThan(0);
    expect(scene.observer.counts.statements).toBe(0);
  });

  test('in Chinese to who asks for it', async () => {
    const answer = await api.send('PUT', PARAMETERS(), [{ name: 'memory_limit', value: 8 }], {
      'accept-language': 'zh-CN',
    });
    expect(answer.body.error.message).toContain('必须带单位');
  });
});

describe('What is set', () => {
  test('is one statement for each zone, server and tenant, with quotes in it as they are', async () => {
    const answer = await put(
      { name: 'cpu_count', value: 4, zones: ['zone1', 'zone2'] },
      { name: 'backup_region', value: "it's" },
      { name: 'undo_retention', value: 900, allTenants: true },
      { name: 'freeze_trigger_percentage', value: 30, tenants: ['sys', 'app'], zones: ['zone1'] },
      { name: 'enable_rebalance', value: false },
    );
    expect(answer.status).toBe(200);
    expect(sent()).toEqual([
      "ALTER SYSTEM SET cpu_count = '4' ZONE = 'zone1'",
      "ALTER SYSTEM SET cpu_count = '4' ZONE = 'zone2'",
      "ALTER SYSTEM SET backup_region = 'it''s'",
      "ALTER SYSTEM SET undo_retention = '900' TENANT = 'app'",
      "ALTER SYSTEM SET undo_retention = '900' TENANT = 'shop'",
      "ALTER SYSTEM SET freeze_trigger_percentage = '30' ZONE = 'zone1' TENANT = 'sys'",
      "ALTER SYSTEM SET freeze_trigger_percentage = '30' ZONE = 'zone1' TENANT = 'app'",
      "ALTER SYSTEM SET enable_rebalance = 'false'",
    ]);
    expect((await one('backup_region')).currentValue.values).toEqual(["it's"]);
    expect((await one('enable_rebalance')).currentValue.values).toEqual(['False']);
    expect(await one('freeze_trigger_percentage')).toMatchObject({
      scope: 'TENANT',
      currentValue: { valueToServers: { 30: ['10.5.0.1:2882'], 20: ['10.5.0.2:2882', '10.5.0.3:2882'] } },
    });
  });

  test('says what waits for a restart', async () => {
    const { body } = await put({ name: 'stack_size', value: '1M' });
    expect(body.data.findings).toEqual([{ level: 'INFO', message: expect.stringContaining('stack_size') }]);
  });

  test('is looked for when the answer is lost, and sent again only where it did not take', async () => {
    const { observer } = scene;
    observer.loss = { of: /^alter system set cpu_count/i, when: 'after', times: 1 };
    expect((await put({ name: 'cpu_count', value: 5 })).status).toBe(200);
    expect(sent()).toHaveLength(1);
    observer.loss = { of: /^alter system set tcp_keepcnt/i, when: 'before', times: 1 };
    expect((await put({ name: 'tcp_keepcnt', value: 5 })).status).toBe(200);
    expect(sent()).toHaveLength(3);
    expect((await one('tcp_keepcnt')).currentValue.values).toEqual(['5']);
  });

  test('not at all when the connection is lost twice: the answer says so, and what was set before it', async () => {
    scene.observer.loss = { of: /^alter system set tcp_keepcnt/i, when: 'before', times: 2 };
    const answer = await put({ name: 'cpu_count', value: 6 }, { name: 'tcp_keepcnt', value: 6 });
    refused(answer, 503, 'OBE11028', 'tcp_keepcnt = 6', 'Set before it: cpu_count = 6');
  });

  test('as far as OceanBase takes it: what it refuses is said with its number, and what was set before it', async () => {
    // The range that its words give it ("0, [1G,)") is none that obflow reads.
    const answer = await put(
      { name: 'cpu_count', value: 7 },
      { name: 'use_large_pages', value: 'x'.repeat(10) },
    );
    expect(answer.status).toBe(200);
    scene.observer.refusing = {
      of: /^alter system set memory_limit/i,
      code: 4147,
      message: 'Invalid config',
    };
    const refusedBy = await put({ name: 'cpu_count', value: 8 }, { name: 'memory_limit', value: '1M' });
    refused(refusedBy, 400, 'OBE31202', 'memory_limit = 1M', 'error 4147', 'Set before it: cpu_count = 8');
    const alone = await put({ name: 'memory_limit', value: '1M' });
    refused(alone, 400, 'OBE31202', 'Nothing was changed');
  });

  test('is named where a server does not follow', async () => {
    await scene.observer.steer({ _standin_parameter_stuck: '10.5.0.2:2882' });
    const answer = await put({ name: 'cpu_count', value: 9 });
    refused(answer, 503, 'COM10004', '10.5.0.2:2882 still show 0');
    expect(answer.body.error.message).not.toContain('10.5.0.1:2882');
  }, 40_000);

  test('may take its time to reach every server', async () => {
    await scene.observer.steer({ _standin_parameter_delay: '900' });
    expect((await put({ name: 'cpu_count', value: 3 })).status).toBe(200);
    expect((await one('cpu_count')).currentValue.singleValueInCluster).toBe(true);
  });

  test('is known for servers that are away not to be known', async () => {
    await scene.observer.stop();
    scene = await givenAnsweringCluster(api.store, {
      servers: SERVERS.map((server, index) => ({ ...server, active: index !== 2 })),
    });
    const { status, body } = await put({ name: 'cpu_count', value: 2 });
    expect({ status, data: body.data }).toEqual({
      status: 200,
      data: { findings: [{ level: 'WARN', message: expect.stringContaining('10.5.0.3:2882') }] },
    });
  });

  test('leaves names, and no values, in the audit', async () => {
    await put({ name: 'backup_dest', value: 'oss://b?access_key=Planted.key' });
    const { contents } = await api.store.audit.list({}, { page: 1, size: 5 });
    expect(JSON.stringify(contents)).not.toContain('Planted.key');
    expect(contents[0]).toMatchObject({ command: 'set backup_dest', status: 200 });
  });
});
