/** Requests to replace an OBServer: how each can be refused, what is planned, and that nothing is left behind by a refusal. */
import { type Observer, type ServerRow, startObserver } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster, givenPackage, type Json } from '../api/harness';
import { api, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const ids = {
  ...{ cluster: 0, other: 0, server: 0, second: 0, foreign: 0, lost: 0, member: 0, oldHost: 0, free: 0 },
  ...{ reserved: 0, elsewhere: 0, arm: 0, shanghai: 0 },
};
let observers: Observer[] = [];

/** A server of each zone, and one on a machine that is no host. */
const listed: ServerRow[] = [1, 2, 3, 4].map((index) => ({
  ...{ ip: `10.12.0.${index}`, sqlPort: 2881, rpcPort: 2882, active: true, id: index },
  ...{ zone: `zone${index === 4 ? 3 : index}`, holdsSysUnit: index < 4 },
}));
const asItWas = [...listed];

async function givenCluster(name: string, obClusterId: number, rows: readonly ServerRow[]): Promise<number> {
  const observer = await startObserver({
    ...{ host: '127.0.0.1', port: 0, version: '4.2.1.0', clusterName: name, obClusterId },
    ...{ users: { 'root@sys': 'Planted.db' }, servers: rows },
  });
  observers.push(observer);
  const id = await givenObCluster(api.store, name, obClusterId, '127.0.0.1', { sqlPort: observer.port });
  await api.send('GET', `/api/v2/ob/clusters/${id}/servers`);
  return id;
}

beforeAll(async () => {
  const { store } = api;
  ids.oldHost = await givenHost(store, '10.12.0.1');
  ids.member = await givenHost(store, '10.12.0.2');
  await givenHost(store, '10.12.0.3');
  await givenHost(store, '10.12.1.1');
  ids.free = await givenHost(store, '10.12.0.11');
  ids.elsewhere = await givenHost(store, '10.12.0.12', {}, 22, 'am172');
  ids.arm = await givenHost(store, '10.12.0.13', { architecture: 'aarch64' });
  ids.reserved = await givenHost(store, '10.12.0.14');
  await store.obServers.reserveHost(ids.reserved, 4711);
  const credential = await store.credentials.find('root');
  ids.shanghai = (
    await store.hosts.put({
      ...{ ip: '10.12.0.15', sshPort: 22, name: null, credentialId: credential!.id, hostKey: null },
      ...{ idcName: 'am171', regionName: 'shanghai' },
    })
  ).id;
  await givenPackage(store, {
    ...{ name: 'oceanbase-ce', version: '4.2.1.0', release: '5.el7', home: '/home/admin/oceanbase' },
  });
  ids.cluster = await givenCluster('replaced', 81, listed);
  ids.other = await givenCluster('other', 82, [{ ...listed[0]!, ip: '10.12.1.1' }]);
  const servers = await store.obServers.ofCluster(ids.cluster);
  const at = (ip: string) => servers.find((server) => server.ip === ip)!.id;
  ids.server = at('10.12.0.1');
  ids.second = at('10.12.0.2');
  ids.lost = at('10.12.0.4');
  ids.foreign = (await store.obServers.ofCluster(ids.other))[0]!.id;
});
afterAll(async () => {
  await Promise.all(observers.map((observer) => observer.stop()));
  observers = [];
});
afterEach(() => {
  listed.splice(0, listed.length, ...asItWas);
});

const of = (server: unknown, cluster: unknown = ids.cluster) =>
  `/api/v2/ob/clusters/${cluster}/servers/${server}/replace`;
const path = () => of(ids.server);
const body = (more: Json = {}): Json => ({ hostId: ids.free, ...more });

describe('is refused for', () => {
  refused([
    { what: 'an unknown cluster', path: () => of(ids.server, 4711), body, status: 404, code: 'OBE11001' },
    { what: 'an unknown server', path: () => of(4711), body, status: 404, code: 'OBE19001' },
    { what: 'a server of another cluster', path: () => of(ids.foreign), body, status: 400, code: 'OBE19001' },
    {
      ...{ what: 'a server on a machine that is no host', path: () => of(ids.lost), body },
      ...{ status: 409, code: 'CMP07005', says: () => ['10.12.0.4'] },
    },
    ...['0', '-1', '9007199254740992', 'x'].map((id) => ({
      ...{ what: `the server id ${id}`, path: () => of(id), body, status: 400, code: 'COM10001' },
    })),
    ...[0, -1, 1.5, 2 ** 53, '1', null, [1]].map((hostId) =>
      invalid(`the host id ${JSON.stringify(hostId)}`, path, () => ({ hostId }), 'hostId'),
    ),
    { what: 'an unknown host', path, body: () => body({ hostId: 4711 }), status: 404, code: 'CMP07005' },
    {
      ...{ what: 'its own host', path, body: () => body({ hostId: ids.oldHost }), status: 409 },
      ...{ code: 'OBE11021', says: () => ['zone1'] },
    },
    {
      ...{ what: 'a host of the cluster', path, body: () => body({ hostId: ids.member }), status: 409 },
      ...{ code: 'OBE11021', says: () => ['zone2'] },
    },
    {
      ...{ what: 'a reserved host', path, body: () => body({ hostId: ids.reserved }), status: 409 },
      ...{ code: 'CMP07004', says: () => ['task 4711'] },
    },
    {
      ...{ what: 'a host of another IDC', path, body: () => body({ hostId: ids.elsewhere }), status: 400 },
      ...{ code: 'CMP07007', says: () => ['am172', 'am171'] },
    },
    {
      ...{ what: 'a host of another region', path, body: () => body({ hostId: ids.shanghai }), status: 400 },
      ...{ code: 'CMP07009', says: () => ['shanghai'] },
    },
    {
      ...{ what: 'a host of another architecture', path, body: () => body({ hostId: ids.arm }), status: 400 },
      ...{ code: 'OBE11023', says: () => ['aarch64'] },
    },
    invalid(
      'a text for skipHostOperation',
      path,
      () => body({ skipHostOperation: 'yes' }),
      'skipHostOperation',
    ),
    invalid("the old server's SQL port as RPC port", path, () => body({ rpcPort: 2881 }), 'rpcPort'),
    invalid('no body', path, () => ({}), 'hostId'),
  ]);
});

test('is refused while a log stream has no majority, naming it', async () => {
  for (const index of [1, 2]) listed[index] = { ...asItWas[index]!, active: false, status: 'INACTIVE' };
  await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/servers`);
  const before = await api.traces();
  const answer = await api.send('POST', path(), body());
  expect([answer.status, answer.body.error.code]).toEqual([409, 'OBE19011']);
  expect(answer.body.error.message).toMatch(/tenant sys, LS 1/);
  expect(await api.traces()).toEqual(before);
});

describe('a new server without room for the units of the old one', () => {
  // The unit of sys takes 2.5 cores, 8 GiB of memory and 10 GiB of log disk.
  test.each([
    ['memory_limit', '7G', '7.0 GiB of memory'],
    ['memory_limit', '8191', '8.0 GiB of memory'],
    ['cpu_count', '2', '2 cores'],
    ['log_disk_size', '9G', '9.0 GiB of log disk'],
  ])('is refused for %s=%s, also by a dry run, and nothing is stored', async (name, value, counted) => {
    const before = await api.traces();
    for (const where of [path(), `${path()}?dryRun=true`]) {
      const answer = await api.send('POST', where, body({ startupParameters: [{ name, value }] }));
      expect([answer.status, answer.body.error.code]).toEqual([409, 'OBE19011']);
      expect(answer.body.error.message).toMatch(/has room for the unit of tenant sys on 10\.12\.0\.1:2882/);
      expect(answer.body.error.message).toContain(counted);
    }
    expect(await api.traces()).toEqual(before);
  });

  test('is refused when what OceanBase keeps for itself leaves too little', async () => {
    const startupParameters = [
      { name: 'memory_limit', value: '10G' },
      { name: 'system_memory', value: '3G' },
    ];
    const answer = await api.send('POST', `${path()}?dryRun=true`, body({ startupParameters }));
    expect([answer.status, answer.body.error.code]).toEqual([409, 'OBE19011']);
  });

  test('a dry run says what was counted with, and warns of what nobody tells', async () => {
    const memory = [{ name: 'memory_limit', value: '16G' }];
    const all = [...memory, { name: 'cpu_count', value: '8' }, { name: 'log_disk_size', value: '30G' }];
    const found = async (startupParameters: object[]) => {
      const answer = await api.send('POST', `${path()}?dryRun=true`, body({ startupParameters }));
      return answer.body.data.findings.map(({ level, message }: Json) => `${level} ${message}`).join('\n');
    };
    const whole = await found(all);
    expect(whole).toContain('INFO The new server on 10.12.0.11 is counted with at most 8 cores, 16.0 GiB');
    expect(whole).not.toContain('is only known when it stands');
    const part = await found(memory);
    expect(part).toContain('at most any number of cores, 16.0 GiB');
    expect(part.match(/WARN Whether the new server on 10\.12\.0\.11 has room/g)).toHaveLength(1);
  });
});

test('a dead server may be replaced; a dry run leaves nothing behind', async () => {
  // The first leads; in a cluster that lives another one would by now.
  listed[1] = { ...asItWas[1]!, active: false, status: 'INACTIVE' };
  await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/servers`);
  const before = await api.traces();
  const dry = await api.send('POST', `${of(ids.second)}?dryRun=true`, body({ skipHostOperation: true }));
  expect(dry.body.error).toBeUndefined();
  expect(dry.body.data).toMatchObject({ id: -1, name: 'Replace OB server' });
  expect(dry.body.data.subtasks).toHaveLength(31);
  expect(JSON.stringify(dry.body.data.findings)).toContain('to 10.12.0.11:2882 as things are now');
  expect(await api.traces()).toEqual(before);
});

test('one task of 31 subtasks adds and then deletes, and holds cluster and both hosts', async () => {
  const answer = await api.send('POST', path(), body());
  expect(answer.body.error).toBeUndefined();
  const { id, tasks, context, findings } = answer.body.data;
  // Of a host whose size does not count, and without parameters that say it.
  expect(findings).toEqual([
    expect.objectContaining({ level: 'WARN', hostId: ids.free, message: expect.stringContaining('stands') }),
  ]);
  const names = tasks.map(({ name }: Json) => name);
  expect(names).toHaveLength(31);
  expect(names.indexOf('Delete observer')).toBeGreaterThan(names.lastIndexOf('Wait observer active'));
  expect(context).toContain(`old.server_ids=[${ids.server}], old.host_ids=[${ids.oldHost}]`);
  expect(context).toContain(`host_ids=[${ids.free}]`);
  for (const lock of [
    `ob_cluster:${ids.cluster}`,
    ...[ids.free, ids.oldHost].map((one) => `host:${one}:OB_CLUSTER`),
  ])
    expect(await api.store.locks.holder(lock)).toBe(id);
  const again = await api.send('POST', path(), body());
  expect([again.status, again.body.error.code]).toEqual([409, 'OBE11020']);
});
