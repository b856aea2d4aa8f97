import { type Observer, startObserver } from '../../sandbox/standins/observer';
import {
  givenHost,
  givenObCluster,
  givenPackage,
  type Json,
  startTestApi,
  type TestApi,
} from '../api/harness';

const SERVERS = (id: number | string) => `/api/v2/ob/clusters/${id}/servers`;

let api: TestApi;
let observer: Observer;
const given = {
  cluster: 0,
  silent: 0,
  mixed: 0,
  free: 0,
  second: 0,
  elsewhere: 0,
  arm: 0,
  el8: 0,
  root: 0,
  member: 0,
  reserved: 0,
  busy: 0,
  busyTask: 0,
};

async function hostIn(ip: string, regionName: string): Promise<number> {
  const credential = await api.store.credentials.find('root');
  const { id } = await api.store.hosts.put({
    ip,
    sshPort: 22,
    name: null,
    credentialId: credential!.id,
    hostKey: null,
    idcName: 'other',
    regionName,
  });
  return id;
}

beforeAll(async () => {
  api = await startTestApi({ unreachableHosts: true });
  const { store } = api;
  observer = await startObserver({
    host: '127.0.0.1',
    port: 0,
    version: '4.2.1.0',
    clusterName: 'obcluster',
    obClusterId: 1,
    users: { 'root@sys': 'Planted.db' },
    servers: [
      { ip: '10.3.0.1', sqlPort: 2881, rpcPort: 2882, zone: 'zone1', active: true },
      { ip: '10.3.0.6', sqlPort: 2881, rpcPort: 2882, zone: 'zone2', active: true },
    ],
    zones: (['ACTIVE', 'ACTIVE', 'INACTIVE'] as const).map((status, index) => ({
      ...{ name: `zone${index + 1}`, status, region: 'default_region', idc: '' },
    })),
  });
  const at = { sqlPort: observer.port };
  given.root = await givenHost(store, '10.3.0.1');
  given.free = await givenHost(store, '10.3.0.2');
  given.second = await givenHost(store, '10.3.0.3');
  given.arm = await givenHost(store, '10.3.0.4', { architecture: 'aarch64' });
  given.el8 = await givenHost(store, '10.3.0.5', { osId: 'rocky', osMajor: '8' });
  given.member = await givenHost(store, '10.3.0.6');
  given.reserved = await givenHost(store, '10.3.0.7');
  given.busy = await givenHost(store, '10.3.0.8');
  given.elsewhere = await hostIn('10.3.0.9', 'shanghai');
  given.cluster = await givenObCluster(store, 'obcluster', 1, '127.0.0.1', at);
  given.mixed = await givenObCluster(store, 'newer', 2, '127.0.0.1', { ...at, version: '9.9.9' });
  given.silent = await givenObCluster(store, 'silent', 3, '127.0.0.1', { sqlPort: 1 });
  const ce = { name: 'oceanbase-ce', version: '4.2.1.0', home: '/home/admin/oceanbase' };
  await givenPackage(store, { ...ce, release: '1.el7' });
  await givenPackage(store, { ...ce, release: '2.el7' });
  await store.obServers.reserveHost(given.reserved, 4711);
  given.busyTask = await store.sequences.next('task');
  await store.locks.take(given.busyTask, [`host:${given.busy}:OB_CLUSTER`], []);
});
afterAll(async () => {
  await observer?.stop();
  await api?.stop();
});

const body = (more: Record<string, unknown> = {}) => ({ zoneName: 'zone1', servers: [given.free], ...more });

interface Case {
  readonly what: string;
  readonly body?: () => unknown;
  readonly cluster?: () => number | string;
  readonly status: number;
  readonly code: string;
  readonly says?: () => string[];
}

const CASES: readonly Case[] = [
  { what: 'an unknown cluster', cluster: () => 4711, status: 404, code: 'OBE11001' },
  { what: 'a cluster id that is none', cluster: () => 'x', status: 400, code: 'COM10001' },
  { what: 'an empty list', body: () => body({ servers: [] }), status: 400, code: 'COM10001' },
  {
    what: 'a host named twice',
    body: () => body({ servers: [given.free, given.free] }),
    status: 400,
    code: 'COM10001',
  },
  { what: 'no servers', body: () => ({ zoneName: 'zone1' }), status: 400, code: 'COM10001' },
  { what: 'no zone', body: () => ({ servers: [given.free] }), status: 400, code: 'COM10001' },
  { what: 'a zone name with SQL', body: () => body({ zoneName: "z1' OR 1" }), status: 400, code: 'COM10001' },
  {
    what: 'an unknown zone',
    body: () => body({ zoneName: 'zone9' }),
    status: 404,
    code: 'OBE18002',
    says: () => ['zone9', 'zone1, zone2'],
  },
  {
    what: 'a zone that is stopped, as it is before it is deleted',
    body: () => body({ zoneName: 'zone3' }),
    status: 409,
    code: 'OBE18004',
    says: () => ['zone3', 'INACTIVE'],
  },
  { what: 'an unknown host', body: () => body({ servers: [4711] }), status: 404, code: 'CMP07005' },
  {
    what: 'a host in another region',
    body: () => body({ servers: [given.elsewhere] }),
    status: 400,
    code: 'CMP07009',
    says: () => ['shanghai', 'hangzhou'],
  },
  {
    what: 'a host that the cluster lists',
    body: () => body({ servers: [given.root] }),
    status: 409,
    code: 'OBE11021',
    says: () => ['10.3.0.1', 'obcluster'],
  },
  {
    what: 'a server of another zone',
    body: () => body({ servers: [given.member] }),
    status: 409,
    code: 'OBE11021',
    says: () => ['zone2'],
  },
  {
    what: 'a reserved host',
    body: () => body({ servers: [given.reserved] }),
    status: 409,
    code: 'CMP07004',
    says: () => ['task 4711'],
  },
  {
    what: 'a host that another task holds',
    body: () => body({ servers: [given.busy] }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'hosts of differing architecture',
    body: () => body({ servers: [given.free, given.arm] }),
    status: 400,
    code: 'OBE11023',
  },
  {
    what: 'a host of another architecture than the package',
    body: () => body({ servers: [given.arm] }),
    status: 400,
    code: 'CMP07018',
    says: () => ['aarch64'],
  },
  {
    what: 'a host of another system than the package',
    body: () => body({ servers: [given.el8] }),
    status: 400,
    code: 'CMP07018',
    says: () => ['el7'],
  },
  {
    what: 'a system without a package',
    body: () => body({ packageOperatingSystem: 'el9' }),
    status: 400,
    code: 'COM10001',
    says: () => ['el7'],
  },
  {
    what: "no package of the cluster's version",
    cluster: () => given.mixed,
    status: 404,
    code: 'PKG10014',
    says: () => ['9.9.9'],
  },
  {
    what: 'a cluster that never answered',
    cluster: () => given.silent,
    status: 409,
    code: 'OBE11028',
  },
  { what: 'equal ports', body: () => body({ sqlPort: 2882 }), status: 400, code: 'COM10001' },
  { what: 'the port of SSH', body: () => body({ sqlPort: 22 }), status: 400, code: 'COM10001' },
  {
    what: 'a parameter with a place of its own',
    body: () => body({ startupParameters: [{ name: 'mysql_port', value: '1' }] }),
    status: 400,
    code: 'COM10001',
  },
  {
    what: 'less memory than any observer starts with',
    body: () => body({ startupParameters: [{ name: 'memory_limit', value: '1023' }] }),
    status: 400,
    code: 'COM10001',
  },
  {
    what: 'a parameter whose value would become another parameter',
    body: () => body({ startupParameters: [{ name: 'memory_limit', value: '8G,zone=zone2' }] }),
    status: 400,
    code: 'COM10001',
  },
];

/** Rows of servers that a look at the cluster finds are no trace of the request. */
async function traces(): Promise<Json> {
  const found = await api.store.obServers.ofCluster(given.cluster);
  const { observers: _observers, ...rest } = await api.traces();
  return { ...rest, creating: found.filter(({ status }) => status === 'CREATING').length };
}

describe('adding OBServers', () => {
  test.each(CASES.map((entry) => [entry.what, entry] as const))(
    '%s is refused and leaves nothing behind',
    async (_what, entry) => {
      const before = await traces();
      const path = SERVERS(entry.cluster?.() ?? given.cluster);
      const answer = await api.send('POST', path, entry.body?.() ?? body());
      expect([answer.status, answer.body.error?.code, answer.body.error?.message]).toEqual([
        entry.status,
        entry.code,
        expect.any(String),
      ]);
      for (const part of entry.says?.() ?? []) expect(answer.body.error.message).toContain(part);
      expect(await traces()).toEqual(before);
    },
  );

  test('a dry run answers the whole plan and leaves nothing behind', async () => {
    const before = await traces();
    const answer = await api.send('POST', `${SERVERS(given.cluster)}?dryRun=true`, body());
    expect(answer.body.data).toMatchObject({ id: -1, name: 'Add OB server' });
    expect(answer.body.data.findings).toEqual([
      { level: 'INFO', message: expect.stringContaining('Nothing that serves stops') },
      { hostId: given.free, level: 'ERROR', message: expect.stringContaining('10.3.0.2') },
      { level: 'INFO', message: expect.stringContaining('How long it may take') },
    ]);
    expect(await traces()).toEqual(before);
  });

  test('a package of OBServer is none of OBProxy', async () => {
    const answer = await api.send('POST', '/api/v2/obproxy/clusters', {
      name: 'proxies',
      workMode: 'CONFIG_URL',
      obLinks: [],
      obproxyInstallParam: {
        hostIds: [given.free],
        sqlPort: 2883,
        exporterPort: 2884,
        version: 'oceanbase-ce-4.2.1.0-1.el7.x86_64.rpm',
      },
    });
    expect([answer.status, answer.body.error?.code]).toEqual([400, 'COM10001']);
  });

  test('two hosts make one task of 32 subtasks that meet at the Wait nodes; a second request names that task', async () => {
    const answer = await api.send(
      'POST',
      SERVERS(given.cluster),
      body({
        servers: [given.free, given.second],
        startupParameters: [{ name: 'memory_limit', value: '8G' }],
      }),
    );
    expect(answer.body.error).toBeUndefined();
    const { id, subtasks, context } = answer.body.data;
    expect(subtasks).toHaveLength(10 + 11 * 2);
    // The newest of two packages.
    expect(context).toContain('rpm_name=oceanbase-ce-4.2.1.0-2.el7.x86_64.rpm');
    const byId = new Map(subtasks.map((subtask: Json) => [subtask.id, subtask]));
    for (const wait of subtasks.filter((subtask: Json) => subtask.name === 'Wait node')) {
      expect(wait.parallelIdx).toBe(-1);
      expect(wait.upstreams.map((up: number) => (byId.get(up) as Json).parallelIdx)).toEqual([0, 1]);
    }
    const servers = await api.store.obServers.ofCluster(given.cluster);
    expect(servers.filter(({ taskId }) => taskId === id)).toMatchObject([
      { status: 'CREATING', startupParameters: [{ name: 'memory_limit', value: '8G' }] },
      { status: 'CREATING' },
    ]);
    for (const lock of [`ob_cluster:${given.cluster}`, `host:${given.free}:OB_CLUSTER`]) {
      expect(await api.store.locks.holder(lock)).toBe(id);
    }
    const again = await api.send('POST', SERVERS(given.cluster), body({ servers: [given.reserved] }));
    expect([again.status, again.body.error.code]).toEqual([409, 'OBE11020']);
    expect(again.body.error.message).toContain(`task ${id}`);
  });

  test('clusters, servers and zones are listed as the cluster says, and as the inventory knows when it is silent', async () => {
    const one = await api.send('GET', `/api/v2/ob/clusters/${given.cluster}`);
    expect(one.body.data).toMatchObject({
      id: given.cluster,
      name: 'obcluster',
      obClusterId: 1,
      status: 'RUNNING',
      tenantCount: 0,
      zones: [
        { name: 'zone1' },
        { name: 'zone2', status: 'RUNNING', innerStatus: 'ACTIVE' },
        { name: 'zone3' },
      ],
    });
    const servers = await api.send('GET', SERVERS(given.cluster));
    expect(
      servers.body.data.contents.map(({ ip, zoneName, status, port }: Json) => [ip, zoneName, status, port]),
    ).toEqual(
      expect.arrayContaining([
        ['10.3.0.1', 'zone1', 'RUNNING', 2882],
        ['10.3.0.2', 'zone1', 'CREATING', 2882],
      ]),
    );
    const zones = await api.send('GET', `/api/v2/ob/clusters/${given.cluster}/zones`);
    expect(zones.body.data.contents[0]).toMatchObject({
      name: 'zone1',
      operateStatus: 'OPERATING',
      compactionStatus: 'IDLE',
    });
    const list = await api.send('GET', '/api/v2/ob/clusters?name=SILENT');
    expect(list.body.data.contents).toMatchObject([
      {
        name: 'silent',
        status: 'UNAVAILABLE',
        failToQueryFromObReason: expect.stringContaining('127.0.0.1:1'),
      },
    ]);

    await observer.stop();
    const gone = await api.send('GET', `/api/v2/ob/clusters/${given.cluster}`);
    expect(gone.body.data).toMatchObject({
      status: 'UNAVAILABLE',
      zones: [{ name: 'zone1' }, { name: 'zone2' }, { name: 'zone3' }],
    });
    expect(gone.body.data.failToQueryFromObReason).toMatch(/ECONNREFUSED/);
    const refused = await api.send('POST', SERVERS(given.mixed), body({ servers: [given.el8] }));
    expect([refused.status, refused.body.error.code]).toEqual([409, 'OBE11007']);
  });
});
