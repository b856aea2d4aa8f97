import {
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from '../api/harness';

const CLUSTERS = '/api/v2/ob/clusters';
const RPM = 'oceanbase-ce-4.2.1.2-1.el7.x86_64.rpm';
/** The task that has made the servers that are there. */
const MADE_BY = 90_001;
const RPM_3 = 'oceanbase-ce-3.1.4-1.el7.x86_64.rpm';

let api: TestApi;
const given = {
  ...{ free: 0, second: 0, third: 0, elsewhere: 0, arm: 0, member: 0, reserved: 0, busy: 0, cluster: 0 },
  ...{ proxies: 0, fixed: 0, linked: 0, empty: 0, standby: 0, primary: 0, working: 0, strange: 0 },
};

async function hostIn(ip: string, idcName: string, regionName: string): Promise<number> {
  const credential = await api.store.credentials.find('root');
  const host = { ip, sshPort: 22, name: null, credentialId: credential?.id ?? 0, hostKey: null };
  return (await api.store.hosts.put({ ...host, idcName, regionName })).id;
}

/** A cluster with a server on a host, RUNNING. */
async function runningOn(name: string, obClusterId: number, hostId: number, ip: string): Promise<number> {
  const { store } = api;
  const id = await givenObCluster(store, name, obClusterId, ip);
  const row = await store.packages.findByFileName(RPM);
  await store.obServers.add({
    ...{ clusterId: id, zone: 'zone1', hostId, ip, rpcPort: 2882, sqlPort: 2881 },
    ...{ packageId: row?.id ?? 0, startupParameters: [], taskId: MADE_BY },
  });
  await store.locks.release(MADE_BY);
  const [server] = await store.obServers.ofCluster(id);
  await store.work.settle({ kind: 'obServer', id: server?.id ?? 0 }, MADE_BY, 'RUNNING');
  await store.obClusters.recordStatus(id, 'RUNNING');
  return id;
}

beforeAll(async () => {
  api = await startTestApi({ unreachableHosts: true });
  const { store } = api;
  await givenPackage(store, {
    name: 'oceanbase-ce',
    version: '4.2.1.2',
    release: '1.el7',
    home: '/home/admin/oceanbase',
  });
  await givenPackage(store, {
    name: 'oceanbase-ce',
    version: '3.1.4',
    release: '1.el7',
    home: '/home/admin/oceanbase',
  });
  await givenPackage(store, { version: '4.3.1.0', release: '4.el7' });
  given.free = await givenHost(store, '10.4.0.1');
  given.second = await givenHost(store, '10.4.0.2');
  given.third = await givenHost(store, '10.4.0.3');
  given.arm = await givenHost(store, '10.4.0.4', { architecture: 'aarch64' });
  given.member = await givenHost(store, '10.4.0.5');
  given.reserved = await givenHost(store, '10.4.0.6');
  given.busy = await givenHost(store, '10.4.0.7');
  given.elsewhere = await hostIn('10.4.0.8', 'sh1', 'shanghai');
  given.cluster = await givenObCluster(store, 'taken', 1, '10.4.0.5');
  given.proxies = await givenProxyCluster(store, 'proxies');
  await store.obServers.reserveHost(given.reserved, 4711);
  const task = await store.sequences.next('task');
  await store.locks.take(task, [`host:${given.busy}:OB_CLUSTER`], []);

  given.linked = await runningOn('linked', 11, await givenHost(store, '10.4.1.1'), '10.4.1.1');
  await store.obproxy.link(given.proxies, [{ clusterId: given.linked, username: 'proxyro' }]);
  given.empty = await givenObCluster(store, 'empty', 12, '10.4.1.2');
  await store.obClusters.recordStatus(given.empty, 'RUNNING');
  given.primary = await runningOn('pair', 13, await givenHost(store, '10.4.1.3'), '10.4.1.3');
  const row = await store.obClusters.find(given.primary);
  given.standby = (
    await store.obClusters.put({
      ...{ name: 'pair', obClusterId: 14, version: '3.1.4', type: 'STANDBY', rootServers: [] },
      ...{ sysCredentialId: row?.sysCredentialId ?? 0, proxyroCredentialId: row?.proxyroCredentialId ?? 0 },
    })
  ).id;
  given.strange = await givenHost(store, '10.4.1.4');
  given.working = await runningOn('works', 15, given.strange, '10.4.1.4');
});
afterAll(() => api.stop());

const zone = (name: string, servers: readonly number[], more: Json = {}) => ({
  name,
  idcName: 'am171',
  servers,
  ...more,
});
const body = (more: Json = {}): Json => ({
  ...{ name: 'fresh', type: 'PRIMARY', rpmName: RPM, password: 'plantedROOT.99~~' },
  zones: [zone('zone1', [given.free])],
  ...more,
});

interface Case {
  readonly what: string;
  readonly send: () => readonly [method: string, path: string, body?: unknown];
  readonly status: number;
  readonly code: string;
  readonly says?: string;
}
const creating = (what: string, more: () => Json, status: number, code: string, says?: string): Case => ({
  ...{ what: `creation: ${what}`, send: () => ['POST', CLUSTERS, body(more())], status, code },
  ...(says === undefined ? {} : { says }),
});
const deleting = (what: string, path: () => string, status: number, code: string, says?: string): Case => ({
  ...{ what: `deletion: ${what}`, send: () => ['DELETE', `${CLUSTERS}/${path()}`], status, code },
  ...(says === undefined ? {} : { says }),
});

const CASES: readonly Case[] = [
  creating('a name that is taken', () => ({ name: 'taken' }), 409, 'OBE11014', 'taken'),
  creating('a cluster id that is taken', () => ({ obClusterId: 1 }), 409, 'OBE11014'),
  creating('a name that is none', () => ({ name: "x'y" }), 400, 'COM10001'),
  creating('a name of one letter', () => ({ name: 'x' }), 400, 'COM10001'),
  creating('a standby cluster', () => ({ type: 'STANDBY' }), 400, 'COM10001'),
  creating('no package', () => ({ rpmName: undefined }), 400, 'COM10001'),
  creating(
    'a package that is not there',
    () => ({ rpmName: RPM.replace('-1.el7', '-9.el7') }),
    404,
    'PKG10014',
  ),
  creating('a package of OBProxy', () => ({ rpmName: 'obproxy-4.3.1.0-4.el7.x86_64.rpm' }), 400, 'OBE11013'),
  creating(
    'two packages',
    () => ({ zones: [zone('zone1', [given.free], { rpmName: RPM_3 })] }),
    400,
    'COM10001',
  ),
  ...[
    'short1A',
    'alllowercaseletters',
    'Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1',
    "Aa1'Aa1Aa1",
    'Aa1\\Aa1Aa1',
    'Aa1$Aa1Aa1',
    'Aa1 Aa1Aa1',
    'Aa1äAa1Aa1',
  ].map((password) => creating(`the password ${password}`, () => ({ password }), 400, 'OBE11029')),
  creating('no zones', () => ({ zones: [] }), 400, 'COM10001'),
  creating('a zone without servers', () => ({ zones: [zone('zone1', [])] }), 400, 'COM10001'),
  creating(
    'a zone twice',
    () => ({ zones: [zone('zone1', [given.free]), zone('zone1', [given.second])] }),
    400,
    'OBE18009',
  ),
  creating('a host twice', () => ({ zones: [zone('zone1', [given.free, given.free])] }), 400, 'COM10001'),
  creating(
    'a host in two zones',
    () => ({ zones: [zone('zone1', [given.free]), zone('zone2', [given.free])] }),
    400,
    'COM10001',
  ),
  creating(
    'a zone with SQL in its name',
    () => ({ zones: [zone("z1' OR 1", [given.free])] }),
    400,
    'COM10001',
  ),
  creating(
    'a root server of another zone',
    () => ({ zones: [zone('zone1', [given.free], { rootServer: given.second })] }),
    400,
    'COM10001',
  ),
  creating('a host that is not there', () => ({ zones: [zone('zone1', [471_100])] }), 404, 'CMP07005'),
  creating(
    'a host of another IDC',
    () => ({ zones: [zone('zone1', [given.free], { idcName: 'hz9' })] }),
    400,
    'CMP07007',
  ),
  creating(
    'another architecture than that of the hosts',
    () => ({ zones: [zone('zone1', [given.free], { architecture: 'aarch64' })] }),
    400,
    'OBE11023',
  ),
  creating(
    'hosts of two architectures',
    () => ({ zones: [zone('zone1', [given.free, given.arm])] }),
    400,
    'OBE11023',
  ),
  creating(
    'a host that is a server',
    () => ({ zones: [zone('zone1', [given.member])] }),
    409,
    'OBE11021',
    'taken',
  ),
  creating('a reserved host', () => ({ zones: [zone('zone1', [given.reserved])] }), 409, 'CMP07004', '4711'),
  creating('a host on which a task works', () => ({ zones: [zone('zone1', [given.busy])] }), 409, 'CMP07004'),
  creating('a primary zone that is none', () => ({ primaryZone: 'zone9' }), 400, 'OBE11022', 'zone1'),
  creating('a primary zone with a gap', () => ({ primaryZone: 'zone1,;' }), 400, 'OBE11022'),
  creating('RANDOM as primary zone', () => ({ primaryZone: 'random' }), 400, 'OBE23101'),
  creating(
    'several first zones before 4.0',
    () => ({
      rpmName: RPM_3,
      primaryZone: 'zone1,zone2',
      zones: [zone('zone1', [given.free]), zone('zone2', [given.second])],
    }),
    ...([400, 'OBE23102'] as const),
  ),
  creating(
    'first zones of two regions',
    () => ({
      primaryZone: 'zone1,zone2',
      zones: [zone('zone1', [given.free]), zone('zone2', [given.elsewhere], { idcName: 'sh1' })],
    }),
    ...([400, 'OBE23103'] as const),
  ),
  creating(
    'a first region of one zone',
    () => ({
      primaryZone: 'zone2',
      zones: [zone('zone1', [given.free]), zone('zone2', [given.elsewhere], { idcName: 'sh1' })],
    }),
    ...([400, 'OBE11022', 'shanghai'] as const),
  ),
  creating('equal ports', () => ({ sqlPort: 2882 }), 400, 'COM10001'),
  creating('two RPC ports', () => ({ rpcPort: 2883, attributes: { svrPort: 2884 } }), 400, 'COM10001'),
  creating(
    'a parameter with a comma',
    () => ({ startupParameters: [{ name: 'system_memory', value: '1G,x=1' }] }),
    400,
    'COM10001',
  ),
  creating(
    'less memory than any observer starts with',
    () => ({ startupParameters: [{ name: 'memory_limit', value: '512M' }] }),
    400,
    'COM10001',
  ),
  creating(
    'a parameter that is an option',
    () => ({ startupParameters: [{ name: 'cluster_id', value: '9' }] }),
    400,
    'COM10001',
  ),
  creating('another data disk', () => ({ attributes: { dataDiskPath: '/data/9' } }), 400, 'COM10001'),
  creating('another home', () => ({ attributes: { installPath: '/opt/ob' } }), 400, 'COM10001'),
  creating('another run user', () => ({ attributes: { operatingSystemUser: 'root' } }), 400, 'COM10001'),
  creating('an OBProxy cluster that is not there', () => ({ obproxyClusterIds: [4711] }), 404, 'ODP21001'),
  creating(
    'a password of proxyro that OBProxy cannot take',
    () => ({ obproxyPassword: "a'b" }),
    400,
    'COM10001',
  ),
  ...(
    [
      ['cgroupEnabled', true],
      ['createExtraTenant', true],
      ['supportObsBackup', true],
      ['oversellingFactor', 1.5],
      ['arbitrationServiceId', 7],
      ['primaryClusterInfo', { id: 1 }],
      ['simplifiedCreateTenantParam', {}],
      ['obproxyClusterKeyList', ['x']],
      ['fullVersion', '4.2.1.2'],
      ['loadType', 'HTAP'],
      ['vpcId', 'vpc-1'],
    ] as const
  ).map(([field, value]) =>
    creating(`${field}, which is not understood`, () => ({ [field]: value }), 400, 'COM10001'),
  ),

  deleting('no such cluster', () => '4711?confirm=x', 404, 'OBE11001'),
  deleting('an id that is none', () => '0?confirm=x', 400, 'COM10001'),
  deleting('without the name', () => String(given.working), 400, 'COM10001', 'confirm'),
  deleting('with another name', () => `${given.working}?confirm=work`, 400, 'COM10001', 'works'),
  deleting('with the name in other case', () => `${given.working}?confirm=WORKS`, 400, 'COM10001'),
  deleting(
    'linked OBProxy clusters',
    () => `${given.linked}?confirm=linked&skipOperationHostIds=${given.free}`,
    409,
    'CMP07026',
  ),
  deleting(
    'a host that cannot be reached',
    () => `${given.working}?confirm=works`,
    409,
    'CMP07026',
    '10.4.1.4',
  ),
  deleting(
    'a skipped host of no server',
    () => `${given.working}?confirm=works&skipOperationHostIds=${given.strange},${given.free}`,
    400,
    'COM10001',
  ),
  deleting(
    'hosts that are no ids',
    () => `${given.working}?confirm=works&skipOperationHostIds=a`,
    400,
    'COM10001',
  ),
  deleting('a cluster without servers', () => `${given.empty}?confirm=empty`, 409, 'OBE11019', 'moveOut'),
  deleting('a standby cluster', () => `${given.standby}?confirm=pair`, 409, 'OBE11007'),
];

const skipping = async (id: number): Promise<string> => {
  const servers = await api.store.obServers.ofCluster(id);
  return servers.map(({ hostId }) => hostId).join(',');
};

test.each(CASES.map((one) => [one.what, one] as const))('%s', async (_what, one) => {
  const before = await api.traces();
  const answer = await api.send(...(one.send() as [string, string, unknown]));
  const { error } = answer.body;
  expect({ status: answer.status, code: error?.code, said: error?.message }).toMatchObject({
    ...{ status: one.status, code: one.code },
    ...(one.says === undefined ? {} : { said: expect.stringContaining(one.says) }),
  });
  const { password } = (one.send()[2] ?? {}) as Json;
  if (typeof password === 'string') expect(answer.text).not.toContain(password);
  expect(await api.traces()).toEqual(before);
});

test('a deletion is refused with the list while OBProxies are linked, and while there is a standby', async () => {
  const linked = await api.send(
    'DELETE',
    `${CLUSTERS}/${given.linked}?confirm=linked&skipOperationHostIds=${await skipping(given.linked)}`,
  );
  expect(linked).toMatchObject({ status: 409, body: { error: { code: 'OBE11007' } } });
  expect(linked.body.error.message).toContain(`proxies (id ${given.proxies})`);
  const pair = await api.send(
    'DELETE',
    `${CLUSTERS}/${given.primary}?confirm=pair&skipOperationHostIds=${await skipping(given.primary)}`,
  );
  expect(pair).toMatchObject({ status: 409, body: { error: { code: 'OBE11015' } } });
});

test('a cluster id that nobody asked for is the next free one; a dry run stores nothing', async () => {
  const before = await api.traces();
  const dry = await api.send(
    'POST',
    `${CLUSTERS}?dryRun=true&look=false`,
    body({ zones: [zone('zone1', [given.second])] }),
  );
  expect(dry).toMatchObject({ status: 200, body: { data: { cluster: { id: -1, obClusterId: 2 } } } });
  expect(dry.body.data.findings).toEqual([{ level: 'WARN', message: expect.stringContaining('One zone') }]);
  expect(await api.traces()).toEqual(before);
});

test('of two requests for one name and one host the second is refused', async () => {
  const wished = body({ name: 'raced', zones: [zone('zone1', [given.third])] });
  const answers = await Promise.all([api.send('POST', CLUSTERS, wished), api.send('POST', CLUSTERS, wished)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  const held = await api.send(
    'DELETE',
    `${CLUSTERS}/${answers.find(({ status }) => status === 200)?.body.data.cluster.id}?confirm=raced&skipOperationHostIds=${given.third}`,
  );
  expect(held).toMatchObject({ status: 409, body: { error: { code: 'OBE11020' } } });
});

test('one that is abandoned before its first subtask leaves nothing, and the request works again; later its logins stay with it', async () => {
  const { credentials, obClusters, obServers, tasks, work } = api.store;
  const wished = body({ name: 'given_up', obClusterId: 70, zones: [zone('zone1', [given.second])] });
  const abandoned = async (begun: boolean) => {
    const { id, cluster } = (await api.send('POST', CLUSTERS, wished)).body.data;
    // As "Prepare install cluster" says it, before anything lies on a host.
    if (begun) await work.endAs({ kind: 'obCluster', id: cluster.id }, id, 'UNAVAILABLE');
    const ending = { operation: 'EXECUTE', closed: true, sequence: 9 } as const;
    await tasks.applyStateChange({ taskId: id, status: 'FAILED', ...ending });
    const logins = await Promise.all(
      ['root', 'proxyro'].map((user) => credentials.find(`${user}.given_up.70`)),
    );
    return {
      status: (await obClusters.find(cluster.id))?.status,
      servers: (await obServers.ofCluster(cluster.id)).length,
      logins: logins.filter((login) => login !== undefined).length,
    };
  };
  expect(await abandoned(false)).toEqual({ status: undefined, servers: 0, logins: 0 });
  expect(await abandoned(true)).toMatchObject({ status: 'UNAVAILABLE', logins: 2 });
});
