/** Requests to add a zone: how each can be refused, what is planned, and that nothing is left behind by a refusal. */
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster, givenPackage, type Json } from '../api/harness';
import { api, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const ids = {
  ...{ cluster: 0, silent: 0, mixed: 0, idle: 0, one: 0, two: 0, elsewhere: 0, arm: 0, member: 0 },
  ...{ reserved: 0, shanghai: 0, long: 0 },
};
let observer: Observer;
/** Of a cluster that has as many zones as it can have. */
let crowded: Observer;

async function hostIn(ip: string, idcName: string, regionName: string): Promise<number> {
  const credential = await api.store.credentials.find('root');
  const { id } = await api.store.hosts.put({
    ...{ ip, sshPort: 22, name: null, credentialId: credential!.id, hostKey: null, idcName, regionName },
  });
  return id;
}

beforeAll(async () => {
  const { store } = api;
  observer = await startObserver({
    ...{ host: '127.0.0.1', port: 0, version: '4.2.1.0', clusterName: 'zoned', obClusterId: 71 },
    users: { 'root@sys': 'Planted.db' },
    servers: [1, 2].map((index) => ({
      ...{ ip: `10.11.0.${index}`, sqlPort: 2881, rpcPort: 2882, zone: `zone${index}`, active: true },
    })),
    zones: ['zone1', 'zone2'].map((name) => ({ name, status: 'ACTIVE', region: 'hangzhou', idc: 'am171' })),
  });
  ids.member = await givenHost(store, '10.11.0.2');
  ids.one = await givenHost(store, '10.11.0.11');
  ids.two = await givenHost(store, '10.11.0.12');
  ids.arm = await givenHost(store, '10.11.0.13', { architecture: 'aarch64' });
  ids.reserved = await givenHost(store, '10.11.0.14');
  ids.elsewhere = await givenHost(store, '10.11.0.15', {}, 22, 'am172');
  ids.shanghai = await hostIn('10.11.0.16', 'am171', 'shanghai');
  ids.long = await hostIn('10.11.0.17', '机'.repeat(43), 'hangzhou');
  await store.obServers.reserveHost(ids.reserved, 4711);
  const at = { sqlPort: observer.port };
  ids.cluster = await givenObCluster(store, 'zoned', 71, '127.0.0.1', at);
  ids.mixed = await givenObCluster(store, 'newer', 72, '127.0.0.1', { ...at, version: '9.9.9' });
  ids.silent = await givenObCluster(store, 'silent', 73, '127.0.0.1', { sqlPort: 1 });
  await givenPackage(store, {
    ...{ name: 'oceanbase-ce', version: '4.2.1.0', release: '3.el7', home: '/home/admin/oceanbase' },
  });
  await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/zones`);
});
afterAll(() => Promise.all([observer.stop(), crowded.stop()]));

test('a cluster that has as many zones as OceanBase allows gets no more, whatever they are called', async () => {
  crowded = await startObserver({
    ...{ host: '127.0.0.1', port: 0, version: '4.2.1.0', clusterName: 'crowded', obClusterId: 74 },
    users: { 'root@sys': 'Planted.db' },
    servers: [{ ip: '10.11.4.1', sqlPort: 2881, rpcPort: 2882, zone: 'zone1', active: true }],
    zones: Array.from({ length: 64 }, (_, index) => ({
      ...{ name: `zone${index + 1}`, status: 'ACTIVE' as const, region: 'hangzhou', idc: 'am171' },
    })),
  });
  const id = await givenObCluster(api.store, 'crowded', 74, '127.0.0.1', { sqlPort: crowded.port });
  await api.send('GET', `/api/v2/ob/clusters/${id}/zones`);
  const before = await api.traces();
  for (const query of ['', '?dryRun=true']) {
    const answer = await api.send('POST', `${zones(id)}${query}`, body({ name: 'zone65' }));
    expect([answer.status, answer.body.error.code]).toEqual([409, 'OBE11007']);
    expect(answer.body.error.message).toContain('cannot have more than 64');
  }
  expect(await api.traces()).toEqual(before);
});

const zones = (cluster: unknown = ids.cluster) => `/api/v2/ob/clusters/${cluster}/zones`;
const path = () => zones();
const body = (more: Json = {}): Json => ({ name: 'zone3', idcName: 'am171', servers: [ids.one], ...more });
const of = (more: () => Json) => () => body(more());

describe('a zone is not added to', () => {
  refused([
    { what: 'an unknown cluster', path: () => zones(4711), body, status: 404, code: 'OBE11001' },
    { what: 'a cluster id that is none', path: () => zones('x'), body, status: 400, code: 'COM10001' },
    {
      ...{ what: 'a cluster that does not answer', path: () => zones(ids.silent), body },
      ...{ status: 409, code: 'OBE11007', says: () => ['silent'] },
    },
    {
      ...{ what: 'a cluster of whose version there is no package', path: () => zones(ids.mixed), body },
      ...{ status: 404, code: 'PKG10014', says: () => ['9.9.9'] },
    },
  ]);
});

describe('of a name', () => {
  const named = (what: string, name: string) => ({
    ...{ what, path, body: of(() => ({ name })), status: 400, code: 'OBE18001', fields: ['name'] },
  });
  refused([
    ...[
      "z'--",
      'a;b',
      'a%2Fb',
      ' ',
      '',
      '1zone',
      'z',
      'z'.repeat(65),
      'zone-3',
      'zone.3',
      'z\n3',
      '区域三',
    ].map((name) => named(JSON.stringify(name.slice(0, 10)), name)),
    {
      ...invalid(
        'a name of 257 characters',
        path,
        of(() => ({ name: 'z'.repeat(257) })),
        'name',
      ),
    },
    invalid(
      'a number',
      path,
      of(() => ({ name: 3 })),
      'name',
    ),
    {
      ...{ what: 'that the cluster has', path, body: of(() => ({ name: 'zone2' })) },
      ...{ status: 409, code: 'OBE18003', says: () => ['zoned', 'zone2'] },
    },
    {
      ...{ what: 'that it has in another case', path, body: of(() => ({ name: 'ZONE2' })) },
      ...{ status: 409, code: 'OBE18003', says: () => ['"zone2"'] },
    },
  ]);
});

describe('of a place or hosts', () => {
  refused([
    {
      ...{ what: 'an unknown IDC', path, body: of(() => ({ idcName: 'nowhere' })), status: 404 },
      ...{ code: 'OBE11037', says: () => ['nowhere', 'am172'], fields: ['idcName'] },
    },
    {
      ...{ what: 'a name that no IDC can have', path, body: of(() => ({ idcName: "x' OR 1" })) },
      ...{ status: 400, code: 'COM10001', fields: ['idcName'] },
    },
    {
      ...{ what: 'a host of another IDC', path, body: of(() => ({ servers: [ids.one, ids.elsewhere] })) },
      ...{ status: 400, code: 'CMP07007', says: () => ['10.11.0.15', 'am172', 'am171'] },
    },
    {
      ...{
        what: 'hosts of two IDCs of one name',
        path,
        body: of(() => ({ servers: [ids.one, ids.shanghai] })),
      },
      ...{ status: 400, code: 'CMP07007', says: () => ['10.11.0.16', 'shanghai'] },
    },
    {
      ...{ what: 'an IDC whose name OceanBase cannot hold', path, status: 400, code: 'COM10001' },
      body: of(() => ({ servers: [ids.long], idcName: '机'.repeat(43) })),
      says: () => ['128'],
    },
    {
      ...{
        what: 'an unknown host',
        path,
        body: of(() => ({ servers: [4711] })),
        status: 404,
        code: 'CMP07005',
      },
    },
    {
      ...{ what: 'a server of the cluster', path, body: of(() => ({ servers: [ids.member] })) },
      ...{ status: 409, code: 'OBE11021', says: () => ['zone2'] },
    },
    {
      ...{ what: 'a reserved host', path, body: of(() => ({ servers: [ids.reserved] })) },
      ...{ status: 409, code: 'CMP07004', says: () => ['task 4711'] },
    },
    {
      ...{ what: 'hosts of two architectures', path, body: of(() => ({ servers: [ids.one, ids.arm] })) },
      ...{ status: 400, code: 'OBE11023' },
    },
    {
      ...{ what: 'another architecture than asked for', path, body: of(() => ({ architecture: 'aarch64' })) },
      ...{ status: 400, code: 'OBE11023', says: () => ['x86_64', 'aarch64'] },
    },
    invalid(
      'a host twice',
      path,
      of(() => ({ servers: [ids.one, ids.one] })),
      'servers[1]',
    ),
    invalid(
      'no hosts',
      path,
      of(() => ({ servers: [] })),
      'servers',
    ),
    ...[0, -1, 1.5, 2 ** 53, '1', null].map((id) =>
      invalid(
        `the host id ${JSON.stringify(id)}`,
        path,
        of(() => ({ servers: [id] })),
        'servers[0]',
      ),
    ),
    invalid(
      'equal ports',
      path,
      of(() => ({ rpcPort: 2881 })),
      'rpcPort',
    ),
    invalid(
      'a parameter that would become another',
      path,
      of(() => ({ startupParameters: [{ name: 'memory_limit', value: '8G,zone=zone2' }] })),
      'startupParameters[0].value',
    ),
    invalid(
      'replicas',
      path,
      of(() => ({ addReplicaParams: [{ tenantId: 1 }] })),
      'addReplicaParams',
    ),
    invalid('no body', path, () => ({}), 'name', 'idcName', 'servers'),
  ]);
});

test('a dry run says what the cluster would get, warns of another region, and leaves nothing behind', async () => {
  const before = await api.traces();
  const dry = await api.send('POST', `${path()}?dryRun=true`, body({ servers: [ids.shanghai] }));
  expect(dry.body.error).toBeUndefined();
  expect(dry.body.data).toMatchObject({ id: -1, name: 'Add OB zone' });
  const said = dry.body.data.findings.map(({ level, message }: Json) => `${level} ${message}`);
  expect(said).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^INFO Zone zone3 would be added in region shanghai, IDC am171, with 1 servers/),
      expect.stringMatching(/^WARN .*lie in region hangzhou, the new one in shanghai/),
      expect.stringMatching(/^ERROR .*10\.11\.0\.16/),
    ]),
  );
  expect(await api.traces()).toEqual(before);
  const near = await api.send('POST', `${path()}?dryRun=true`, body());
  expect(JSON.stringify(near.body.data.findings)).not.toContain('WARN');
});

test('two hosts make one task of 36 subtasks; the zone is CREATING, cluster and hosts are locked, and a second request names the task', async () => {
  const answer = await api.send('POST', path(), body({ servers: [ids.one, ids.two] }));
  expect(answer.body.error).toBeUndefined();
  const { id, subtasks, context } = answer.body.data;
  expect(subtasks).toHaveLength(14 + 11 * 2);
  expect(context).toContain('zone3.idc=am171, zone3.region=hangzhou');
  expect(context).not.toContain('zone_idc');
  const listed = await api.send('GET', path());
  expect(listed.body.data.contents).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...{ name: 'zone3', status: 'CREATING', operateStatus: 'OPERATING', idcName: 'am171' },
        ...{ regionName: 'hangzhou', serverCount: 2 },
      }),
    ]),
  );
  for (const lock of [ids.one, ids.two].map((host) => `host:${host}:OB_CLUSTER`)) {
    expect(await api.store.locks.holder(lock)).toBe(id);
  }
  const again = await api.send(
    'POST',
    path(),
    body({ name: 'zone4', servers: [ids.elsewhere], idcName: 'am172' }),
  );
  expect([again.status, again.body.error.code]).toEqual([409, 'OBE11020']);
  const same = await api.send('POST', path(), body());
  expect([same.status, same.body.error.code]).toEqual([409, 'OBE18003']);
});
