import { connect } from 'node:net';
import type { SeenObServer } from '../../store/types';
import {
  basic,
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  PASSWORD,
  startTestApi,
  type TestApi,
} from './harness';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

describe('login', () => {
  test.each([
    ['none', {}, 'IAM10000'],
    ['a wrong password', { authorization: basic('admin', 'wrong') }, 'IAM10004'],
    ['an unknown user', { authorization: basic('nobody', PASSWORD) }, 'IAM10004'],
    ['another scheme', { authorization: 'Bearer x' }, 'IAM10000'],
    ['broken base64', { authorization: 'Basic ***' }, 'IAM10000'],
  ])('%s answers 401 with the way to log in', async (_what, headers, code) => {
    for (const path of [
      '/api/v2/obproxy/clusters',
      '/api/v2/info',
      '/openapi.json',
      '/nowhere',
      '/api/v2/prometheus/targets',
    ]) {
      const response = await fetch(api.url + path, { headers: headers as Record<string, string> });
      const body: Json = await response.json();
      expect([path, response.status, body.error.code, body.successful]).toEqual([path, 401, code, false]);
      expect(response.headers.get('www-authenticate')).toContain('Basic');
    }
  });

  test.each(['/api/v2/time', '/api/status'])('%s needs none and answers plain text', async (path) => {
    const response = await fetch(api.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/plain');
  });

  test('a remembered login of a browser is of no use to the page of another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const posted = await api.send('POST', '/api/v2/tasks/instances/1/retry', undefined, headers);
    expect([posted.status, posted.body.error.code]).toEqual([403, 'IAM11000']);
    expect((await api.send('GET', '/api/v2/info', undefined, headers)).status).toBe(200);
  });

  test('a password is checked once, however many requests come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.send('GET', '/api/v2/info')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });
});

test('Whoever asks for a dry run where there is none gets neither that nor the real thing', async () => {
  const user = { name: 'dry', password: 'long enough' };
  for (const value of ['true', '1', 'true&dryRun=true']) {
    const { status, body } = await api.send('POST', `/api/v2/iam/users?dryRun=${value}`, user);
    expect([status, body.error.target]).toEqual([400, 'dryRun']);
  }
  expect((await api.send('POST', '/api/v2/iam/users?dryRun=false', user)).status).toBe(200);
});

describe('the envelope', () => {
  test.each([
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['headers beyond 16 KB', `GET / HTTP/1.1\r\nHost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s too', async (_what, request, status) => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.write(request);
    await new Promise((resolve) => socket.once('close', resolve));
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(body)).toMatchObject({ status, successful: false, error: { code: 'COM10003' } });
  });

  test('says of a field of the wrong type what it must be', async () => {
    const { body } = await api.send('POST', '/api/v2/obproxy/clusters', {
      name: 5,
      obLinks: {},
      obproxyInstallParam: [],
      parameters: [7],
      address: 'x'.repeat(300),
    });
    const { subErrors } = body.error;
    expect(Object.fromEntries(subErrors.map((sub: Json) => [sub.field, sub.message]))).toEqual({
      name: 'must be a string',
      obLinks: 'must be a list',
      obproxyInstallParam: 'must be an object',
      'parameters[0]': 'must be an object',
      address: 'must have at most 255 characters',
    });
    const whole = await api.send('POST', '/api/v2/obproxy/clusters', []);
    expect(whole.body.error.message).toBe('The request cannot be accepted: the request must be an object.');
  });

  test('takes the trace id of the request, or makes one', async () => {
    const given = await api.send('GET', '/api/v2/obproxy/clusters', undefined, {
      'x-trace-id': '0123456789abcdef',
    });
    expect(given.body.traceId).toBe('0123456789abcdef');
    const other = await api.send('GET', '/api/v2/obproxy/clusters', undefined, { 'x-trace-id': 'x y' });
    expect(other.body.traceId).toMatch(/^[0-9a-f]{16}$/);
  });

  test('an unknown path answers 404', async () => {
    const { status, body } = await api.send('GET', '/api/v2/nowhere');
    expect([status, body.successful, body.error.code]).toEqual([404, false, 'COM10003']);
  });

  test('a wrong method answers 405 with the methods that are possible', async () => {
    const { status, headers, body } = await api.send('DELETE', '/api/v2/obproxy/clusters');
    expect([status, body.error.code]).toEqual([405, 'COM10003']);
    expect(headers.get('allow')).toBe('POST, GET, HEAD');
    // Where nobody needs a login, this does not either.
    const open = await fetch(`${api.url}/services`, { method: 'PUT' });
    expect([open.status, open.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, HEAD']);
  });
});

describe('lists', () => {
  beforeAll(async () => {
    for (const name of ['a1', 'a2', 'a3']) await givenProxyCluster(api.store, name);
    for (const ip of ['10.3.0.1', '10.3.0.2', '10.3.0.3']) await givenHost(api.store, ip);
  });

  test('come in pages with totalPages', async () => {
    const { body } = await api.send('GET', '/api/v2/obproxy/clusters?page=2&size=2');
    expect(body.data.contents).toHaveLength(1);
    expect(body.data.page).toEqual({ number: 2, size: 2, totalElements: 3, totalPages: 2 });
  });

  test.each(['page=0', 'size=0', 'size=2001', 'page=x', 'size=1&size=2', 'sort=name,sideways'])(
    'refuse %s',
    async (query) => {
      const { status, body } = await api.send('GET', `/api/v2/compute/hosts?${query}`);
      expect([status, body.error.code]).toEqual([400, 'COM10001']);
      expect(body.error.subErrors[0].field).toBe(query.split('=')[0]);
    },
  );

  test('refuse an unknown sort field with COM10011', async () => {
    for (const path of [
      '/api/v2/compute/hosts',
      '/api/v2/tasks/instances',
      '/api/v2/software-packages',
      '/api/v2/obproxy/clusters',
    ]) {
      const { status, body } = await api.send('GET', `${path}?sort=nonsense,asc`);
      expect([path, status, body.error.code]).toEqual([path, 400, 'COM10011']);
    }
  });

  test('of hosts show explicit nulls, services, and the documented filters', async () => {
    const { body } = await api.send('GET', '/api/v2/compute/hosts?keyword=10.3.0.2&status=AVAILABLE,ONLINE');
    expect(body.data.contents).toHaveLength(1);
    expect(body.data.contents[0]).toMatchObject({
      innerIpAddress: '10.3.0.2',
      architecture: 'x86_64',
      idcName: 'am171',
      regionName: 'hangzhou',
      services: [],
      hostAgentId: null,
      serialNumber: null,
      status: 'AVAILABLE',
    });
    const single = await api.send('GET', `/api/v2/compute/hosts/${body.data.contents[0].id}`);
    expect(single.body.data).toEqual(body.data.contents[0]);
    // Nobody has said of what type it is.
    expect(single.body.data).not.toHaveProperty('typeId');
    const none = await api.send('GET', '/api/v2/compute/hosts?status=OFFLINE');
    expect(none.body.data.contents).toEqual([]);
  });

  test('of hosts show the OBServers on them: added, found in their cluster, and declared as root servers', async () => {
    const { store } = api;
    const root = await givenHost(store, '10.4.0.1');
    const added = await givenHost(store, '10.4.0.2');
    const found = await givenHost(store, '10.4.0.3');
    const none = await givenHost(store, '10.4.0.4');
    const clusterId = await givenObCluster(store, 'ob_hosts', 7, '10.4.0.1');
    const { id: packageId } = await givenPackage(store, {
      name: 'oceanbase-ce',
      version: '4.2.1.0',
      release: '100.el7',
      home: '/home/admin/oceanbase',
    });
    await store.obServers.add({
      ...{ clusterId, zone: 'zone1', hostId: added, ip: '10.4.0.2', rpcPort: 2882, sqlPort: 2881 },
      ...{ packageId, startupParameters: [], taskId: 4711 },
    });
    const seen: SeenObServer = {
      ...{ zone: 'zone1', ip: '10.4.0.3', rpcPort: 2882, sqlPort: 2881 },
      ...{ status: 'RUNNING', innerStatus: 'ACTIVE', withRootserver: false },
      ...{ startTime: null, stopTime: null, buildVersion: '4.2.1.0' },
    };
    await store.obServers.record(clusterId, { servers: [seen], zones: [] });
    const service = { name: 'ob_hosts:7', version: '4.2.1.0', type: 'OB_CLUSTER', clusterId };
    const of = async (id: number) =>
      (await api.send('GET', `/api/v2/compute/hosts/${id}`)).body.data.services;
    expect(await of(root)).toEqual([{ ...service, softwarePackageId: null }]);
    expect(await of(added)).toEqual([{ ...service, softwarePackageId: packageId }]);
    expect(await of(found)).toEqual([{ ...service, softwarePackageId: null }]);
    expect(await of(none)).toEqual([]);
    const listed = async (query: string) => {
      const { body } = await api.send('GET', `/api/v2/compute/hosts?size=100&${query}`);
      return body.data.contents.map(({ id }: Json) => id).filter((id: number) => id >= root);
    };
    const all = [root, added, found];
    expect(await listed('keyword=ob_hosts:7')).toEqual(all);
    expect(await listed('includedServiceType=OB_CLUSTER')).toEqual(all);
    expect(await listed('excludedServiceType=OB_CLUSTER')).toEqual([none]);
  });

  test('of a cluster show the documented object', async () => {
    const { body } = await api.send('GET', '/api/v2/obproxy/clusters/1');
    expect(body.data).toMatchObject({
      id: 1,
      name: 'a1',
      creatorId: 100,
      creatorName: 'admin',
      configUrl:
        'http://10.9.8.7:8080/services?Action=GetObProxyConfig&User_ID=alibaba&UID=admin&ObproxyClusterName=a1',
      obLinks: [],
      obproxies: [],
      versions: [],
      topo: [],
    });
    expect((await api.send('GET', '/api/v2/obproxy/clusters/4711')).body.error.code).toBe('ODP21001');
  });
});

describe('the documents', () => {
  test('OpenAPI names every documented path, its permission and the fields of its body', async () => {
    const { body } = await api.send('GET', '/openapi.json');
    const batchAdd = body.paths['/api/v2/obproxy/clusters/{id}/obproxies/batchAdd'].post;
    expect(batchAdd['x-permission']).toBe('OBPROXY_MANAGER');
    const schema = batchAdd.requestBody.content['application/json'].schema;
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['hostIds', 'sqlPort', 'exporterPort', 'version']),
    );
    expect(schema.properties.sqlPort).toMatchObject({ type: 'integer', minimum: 1025, maximum: 65535 });
    expect(body.paths['/services'].get.security).toEqual([]);
  });

  test('the documentation page and everything it loads come from this server', async () => {
    const page = await api.send('GET', '/api-docs');
    expect(page.text).not.toMatch(/https?:\/\//);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) expect([part, (await api.send('GET', part)).status]).toEqual([part, 200]);
    expect((await api.send('GET', '/api-docs/..%2fpackage.json')).status).toBe(400);
  });
});

test('A password among the parameters of OBProxies is shown to nobody, neither stored nor refused', async () => {
  const name = 'inspector_password';
  const refused = await api.send('POST', '/api/v2/obproxy/clusters', {
    name: 'secret1',
    workMode: 'CONFIG_URL',
    parameters: [{ name, value: "Planted'quote" }],
  });
  expect([refused.status, refused.body.error.subErrors[0].field]).toEqual([400, 'parameters[0].value']);
  expect(refused.text).not.toContain('Planted');
  const id = await api.store.obproxy.addCluster({
    ...{ name: 'secret2', address: null, port: null, workMode: 'CONFIG_URL' },
    startupParameters: [{ name, value: 'Planted1' }],
    parameters: [
      { name, value: 'Planted2' },
      { name: 'work_thread_num', value: '8' },
    ],
    ...{ runUser: 'admin', proxysysPassword: 'Planted3', creator: { id: 100, name: 'admin' }, links: [] },
  });
  const { body, text } = await api.send('GET', `/api/v2/obproxy/clusters/${id}`);
  expect(body.data.parameters).toEqual([
    { name, value: '***' },
    { name: 'work_thread_num', value: '8' },
  ]);
  expect(text).not.toContain('Planted');
});
