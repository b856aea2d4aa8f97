/** Requests to delete OBServers and zones: how each can be refused, which ids mean what, and that nothing is left behind then. */
import { obClusterLock } from '../../operations/locks';
import type { ServerRow } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster, type Json } from '../api/harness';
import { givenCluster, look } from './observedCluster';
import { api, type Case, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

/** A cluster of four zones, two servers in the first; one of a single server; one that nobody answers for. */
const ids = { cluster: 0, single: 0, closed: 0, foreign: 0, host: 0 };
let servers: number[] = [];

/** Servers as their cluster lists them: zone1 twice, of which the second is empty, then zone2, zone3, zone4 without units. */
const listed: ServerRow[] = [1, 2, 3, 4, 5].map((number) => ({
  ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: [1, 3, 4].includes(number) },
  ...{ ip: `10.9.0.${number}`, id: number, zone: `zone${[1, 1, 2, 3, 4][number - 1]}` },
}));
const asItWas = [...listed];
const zones = [1, 2, 3, 4].map((number) => ({
  ...{ name: `zone${number}`, status: 'ACTIVE' as 'ACTIVE' | 'INACTIVE', region: 'r', idc: 'i' },
}));

function change(index: number, how: Partial<ServerRow>): void {
  listed[index] = { ...asItWas[index], ...how } as ServerRow;
}

beforeAll(async () => {
  const { store } = api;
  for (const { ip } of listed) await givenHost(store, ip);
  ids.host = await givenHost(store, '10.9.1.1');
  ids.cluster = await givenCluster('goes', 71, listed, zones);
  ids.single = await givenCluster('alone', 72, [{ ...asItWas[0]!, ip: '10.9.1.1', id: 1, zone: 'zone1' }]);
  ids.closed = await givenObCluster(store, 'shut', 73, '127.0.0.1', { sqlPort: 1 });
  await look(ids.closed);
  servers = (await store.obServers.ofCluster(ids.cluster)).map(({ id }) => id);
  ids.foreign = (await store.obServers.ofCluster(ids.single))[0]?.id ?? 0;
});
afterEach(async () => {
  listed.splice(0, 5, ...asItWas);
  for (const zone of zones) zone.status = 'ACTIVE';
  await look(ids.cluster);
});

const path =
  (cluster: () => unknown = () => ids.cluster) =>
  () =>
    `/api/v2/ob/clusters/${cluster()}/servers/batchDelete`;
const server = (...indexes: number[]) => indexes.map((index) => servers[index] ?? 0);
const gone = (...indexes: number[]) => ({ serverIds: server(...indexes) });

describe('a deletion of OBServers is refused for', () => {
  refused([
    {
      ...{ what: 'an unknown cluster', path: path(() => 4711), body: () => gone(1) },
      ...{ status: 404, code: 'OBE11001', says: () => ['4711'] },
    },
    {
      ...{ what: 'an unknown server', path: path(), body: () => ({ serverIds: [servers[1], 4711] }) },
      ...{ status: 404, code: 'OBE19001', says: () => ['4711'] },
    },
    {
      ...{ what: 'ids that are neither hosts nor servers', path: path(), body: () => ({ servers: [4711] }) },
      ...{ status: 404, code: 'OBE19001', says: () => ['4711'] },
    },
    {
      ...{ what: 'a server of another cluster', path: path(), body: () => ({ serverIds: [ids.foreign] }) },
      ...{ status: 400, code: 'OBE19001', says: () => [String(ids.foreign), `cluster ${ids.single}`] },
    },
    {
      ...{ what: 'a cluster that does not answer', path: path(() => ids.closed), body: () => gone(1) },
      ...{ status: 400, code: 'OBE19001' },
    },
    ...[
      ['no field', {}, 'servers'],
      ['both fields', { servers: [1], serverIds: [1] }, 'servers'],
      ['no server', { serverIds: [] }, 'serverIds'],
      ['no server in the documented field', { servers: [] }, 'servers'],
      ['a server twice', { serverIds: [7, 7] }, 'serverIds.1'],
      ['a text as id', { servers: ['1'] }, 'servers.0'],
      ['the id 0', { servers: [0] }, 'servers.0'],
      ['the id -1', { serverIds: [-1] }, 'serverIds.0'],
      ['an id beyond 2^53', { serverIds: [9_007_199_254_740_992] }, 'serverIds.0'],
      ['half an id', { serverIds: [1.5] }, 'serverIds.0'],
      ['a list that is none', { servers: 1 }, 'servers'],
      ['hosts that are texts', { serverIds: [1], skipOperationHostIds: ['x'] }, 'skipOperationHostIds.0'],
    ].map(([what, body, field]) =>
      invalid(String(what), path(), () => body, String(field).replace(/\.(\d+)/, '[$1]')),
    ),
  ]);
});

describe('a state refuses', () => {
  const cases: readonly (Case & { readonly given?: () => void })[] = [
    {
      ...{ what: 'all servers of a cluster', path: path(), body: () => gone(0, 1, 2, 3, 4) },
      ...{ status: 409, code: 'OBE19011', says: () => ['all 5 servers', 'delete the cluster'] },
    },
    {
      ...{ what: 'the only server', path: path(() => ids.single), status: 409, code: 'OBE19011' },
      body: () => ({ serverIds: [ids.foreign] }),
    },
    {
      ...{ what: 'the last server of a zone with units', path: path(), body: () => gone(2) },
      ...{ status: 409, code: 'OBE19010', says: () => ['tenant sys has 1 units in zone zone2', '0 servers'] },
    },
    {
      ...{ what: 'both servers of a zone with units', path: path(), body: () => gone(0, 1) },
      ...{ status: 409, code: 'OBE19010', says: () => ['zone zone1'] },
    },
    {
      ...{ what: 'a neighbour that does not serve', path: path(), body: () => gone(0) },
      ...{ status: 409, code: 'OBE19010', given: () => change(1, { stopTime: 1_700_000_000_000_000 }) },
    },
    {
      ...{ what: 'a tenant with a unit on each', path: path(), body: () => gone(0), status: 409 },
      ...{ code: 'OBE19010', says: () => ['tenant 1002 has 2 units'] },
      given: () => {
        change(0, { holdsTenantUnit: true });
        change(1, { holdsTenantUnit: true });
      },
    },
    {
      ...{ what: 'logs without a majority in sync', path: path(), body: () => gone(1), status: 409 },
      ...{ code: 'OBE19011', says: () => ['1 of 3 replicas are in sync now'] },
      given: () => {
        change(2, { inSync: false });
        change(3, { active: false, status: 'INACTIVE' });
      },
    },
    {
      ...{ what: 'one that is being deleted', path: path(), body: () => gone(1), status: 409 },
      ...{ code: 'OBE19003', says: () => ['DELETING', 'RUNNING, STOPPED, UNAVAILABLE'] },
      given: () => change(1, { status: 'DELETING' }),
    },
  ];
  test.each(cases.map((one) => [one.what, one] as const))('%s', async (_what, one) => {
    one.given?.();
    await look(ids.cluster);
    const before = await api.traces();
    const answer = await api.send('POST', one.path(), one.body());
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({
      status: one.status,
      code: one.code,
    });
    for (const part of one.says?.() ?? []) expect(answer.body.error.message).toContain(part);
    expect(await api.traces()).toEqual(before);
  });
});

describe('ids', () => {
  const planned = async (body: Json): Promise<string[]> => {
    const answer = await api.send('POST', path()(), body);
    expect(answer.body.error).toBeUndefined();
    await api.store.locks.release(answer.body.data.id);
    return answer.body.data.context.listMap.server_ids;
  };

  test('that are those of hosts name the servers there, and those of servers the servers', async () => {
    const row = await api.store.obServers.find(servers[1] ?? 0);
    // Ids of hosts and of servers have nothing in common here.
    expect(servers).not.toContain(row?.hostId);
    expect(await planned({ servers: [row?.hostId] })).toEqual([String(servers[1])]);
    expect(await planned({ servers: [servers[1]] })).toEqual([String(servers[1])]);
    expect(await planned({ serverIds: [servers[1]] })).toEqual([String(servers[1])]);
  });

  test('that can be read both ways are refused and both readings are named, until serverIds says which', async () => {
    const { store } = api;
    // A server on the host that has the id of another server.
    const twin = await store.hosts.find(servers[1] ?? 0);
    if (twin === undefined) throw new Error('hosts and servers are counted from 1, so that there is one');
    listed.push({ ...asItWas[4]!, ip: twin.ip, id: 6, rpcPort: 2882 });
    try {
      await look(ids.cluster);
      const before = await api.traces();
      const answer = await api.send('POST', path()(), { servers: [servers[1]] });
      expect({ status: answer.status, code: answer.body.error?.code }).toEqual({
        status: 400,
        code: 'OBE19001',
      });
      expect(answer.body.error.message).toContain(
        `OBServers (10.9.0.2:2882) and as hosts (of ${twin.ip}:2882)`,
      );
      expect(await api.traces()).toEqual(before);
      expect(await planned({ serverIds: [servers[1]] })).toEqual([String(servers[1])]);
    } finally {
      listed.pop();
    }
  });
});

test('a dry run says what would move, and stores nothing', async () => {
  const before = await api.traces();
  const answer = await api.send('POST', `${path()()}?dryRun=true`, gone(0));
  expect(answer.status).toBe(200);
  const text = JSON.stringify(answer.body.data.findings);
  expect(text).toContain(
    'Unit 1 of tenant sys (8.0 GiB of memory) would move from 10.9.0.1:2882, to 10.9.0.2:2882',
  );
  expect(await api.traces()).toEqual(before);
  expect(await api.store.locks.firstHeld([obClusterLock(ids.cluster)])).toBeUndefined();
});

describe('a deletion of a zone', () => {
  const zone =
    (name: string, cluster: () => unknown = () => ids.cluster) =>
    () =>
      `/api/v2/ob/clusters/${cluster()}/zones/${name}`;
  const nothing = () => undefined;
  const how = { method: 'DELETE', body: nothing } as const;
  refused([
    { ...how, what: 'of an unknown cluster', path: zone('zone1', () => 4711), status: 404, code: 'OBE11001' },
    {
      ...{
        ...how,
        what: 'that the cluster does not have',
        path: zone('zone9'),
        status: 404,
        code: 'OBE18002',
      },
      says: () => ['zone9', 'zone1, zone2, zone3, zone4'],
    },
    { ...how, what: 'in other letters', path: zone('ZONE4'), status: 404, code: 'OBE18002' },
    {
      ...{ ...how, what: 'that is the only one', path: zone('zone1', () => ids.single), status: 409 },
      ...{ code: 'OBE18010', says: () => ['alone', 'Delete the cluster'] },
    },
    {
      ...{ ...how, what: 'in which a tenant has units', path: zone('zone2'), status: 409, code: 'OBE18007' },
      says: () => ['sys', 'locality'],
    },
    {
      ...{ ...how, what: 'of a cluster that does not answer', path: zone('zone1', () => ids.closed) },
      ...{ status: 409, code: 'OBE11007' },
    },
    ...["zone1'", 'zone1;', '%2F', '%20', 'z', '1zone'].map((name) => ({
      ...invalid(`called ${name}`, zone(name), nothing, 'zoneName'),
      method: 'DELETE' as const,
    })),
  ]);

  test('of a cluster that has a standby cluster is refused, and of one that has none any more it is not', async () => {
    const id = await givenObCluster(api.store, 'goes', 79, '127.0.0.1', { sqlPort: 1, type: 'STANDBY' });
    const before = await api.traces();
    for (const query of ['', '?dryRun=true']) {
      const answer = await api.send('DELETE', `${zone('zone4')()}${query}`);
      expect([answer.status, answer.body.error?.code]).toEqual([409, 'OBE11015']);
      expect(answer.body.error.message).toContain(`standby cluster (id ${id})`);
    }
    expect(await api.traces()).toEqual(before);
    await api.store.obClusters.remove(id);
    const answer = await api.send('DELETE', `${zone('zone4')()}?dryRun=true`);
    expect(answer.body.error).toBeUndefined();
    const text = JSON.stringify(answer.body.data.findings);
    expect(text).toContain('What would stop: 1 observers of goes (10.9.0.5:2882)');
    expect(text).toMatch(/tenant sys, LS 1: \d of 3 replicas/);
    expect(text).toContain('No unit would move');
    expect(text).toMatch(/Delete OB zone.* of this cluster has ended yet.*Wait observer delete.* 7 d/);
  });

  test('that is stopped is refused while logs have no majority in sync: its servers could not be deleted', async () => {
    zones[3] = { ...zones[3]!, status: 'INACTIVE' };
    change(2, { inSync: false });
    change(3, { inSync: false });
    await look(ids.cluster);
    const before = await api.traces();
    const answer = await api.send('DELETE', zone('zone4')());
    expect([answer.status, answer.body.error?.code]).toEqual([409, 'OBE19011']);
    expect(answer.body.error.message).toContain('1 of 3 replicas are in sync now');
    expect(await api.traces()).toEqual(before);
  });

  test('without servers is refused when it is the last one in service, which cannot be stopped', async () => {
    const others = zones.map((one) => ({ ...one, status: 'INACTIVE' as const }));
    zones.splice(0, 4, ...others);
    zones.push({ ...others[0]!, name: 'zone5', status: 'ACTIVE' });
    try {
      await look(ids.cluster);
      const before = await api.traces();
      const answer = await api.send('DELETE', zone('zone5')());
      expect([answer.status, answer.body.error?.code]).toEqual([409, 'OBE18010']);
      expect(await api.traces()).toEqual(before);
    } finally {
      zones.pop();
    }
  });

  test('beside a stopped zone is refused, and of a zone that nothing needs it is accepted; only one task at a time', async () => {
    zones[2] = { ...zones[2]!, status: 'INACTIVE' };
    await look(ids.cluster);
    const beside = await api.send('DELETE', zone('zone4')());
    expect({ status: beside.status, code: beside.body.error?.code }).toEqual({
      status: 409,
      code: 'OBE18004',
    });
    zones[2] = { ...zones[2]!, status: 'ACTIVE' };
    await look(ids.cluster);
    const answer = await api.send('DELETE', zone('zone4')());
    expect(answer.body.error).toBeUndefined();
    expect(answer.body.data).toMatchObject({ name: 'Delete OB zone', status: 'RUNNING' });
    const again = await api.send('DELETE', zone('zone4')());
    expect({ status: again.status, code: again.body.error?.code }).toEqual({ status: 409, code: 'OBE11020' });
    const meets = await api.send('POST', path()(), gone(1));
    expect({ status: meets.status, code: meets.body.error?.code }).toEqual({ status: 409, code: 'OBE11020' });
    await api.store.locks.release(answer.body.data.id);
  });
});
