/** Requests to stop, start and restart OBServers: how each can be refused, and that nothing is left behind then. */
import { obClusterLock } from '../../operations/locks';
import type { ServerRow } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster, type Json } from '../api/harness';
import { givenCluster, look } from './observedCluster';
import { api, type Case, given, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

/** A cluster of three zones, one of a single server, and one that nobody answers for. */
const ids = { cluster: 0, single: 0, closed: 0, foreign: 0, silent: 0 };
let servers: number[] = [];

const SOME_TIME = 1_700_000_000_000_000;

/** Servers as their cluster lists them; tests change them and put them back. */
const listed: ServerRow[] = [1, 2, 3].map((number) => ({
  ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: true },
  ...{ ip: `10.8.0.${number}`, id: number, zone: `zone${number}` },
}));
const asItWas = [...listed];
const zones = [1, 2, 3].map((number) => ({
  ...{ name: `zone${number}`, status: 'ACTIVE' as 'ACTIVE' | 'INACTIVE', region: 'r', idc: 'i' },
}));

function change(index: number, how: Partial<ServerRow>): void {
  listed[index] = { ...asItWas[index], ...how } as ServerRow;
}

beforeAll(async () => {
  const { store } = api;
  // The third machine is no host of the inventory.
  for (const { ip } of listed.slice(0, 2)) await givenHost(store, ip);
  await givenHost(store, '10.8.1.1');
  ids.cluster = await givenCluster('stops', 61, listed, zones);
  ids.single = await givenCluster('single', 62, [{ ...asItWas[0]!, ip: '10.8.1.1', id: 1, zone: 'zone1' }]);
  ids.closed = await givenObCluster(store, 'closed', 63, '127.0.0.1', { sqlPort: 1 });
  const known = { zone: 'zone1', ip: '10.8.2.1', rpcPort: 2882, sqlPort: 2881, withRootserver: true };
  await store.obServers.record(ids.closed, {
    servers: [
      {
        ...{ ...known, status: 'RUNNING', innerStatus: 'ACTIVE', stopTime: null, buildVersion: '4.2.1.2' },
        startTime: '2026-01-01T00:00:00.000Z',
      },
    ],
    zones: [{ name: 'zone1', region: 'r', idc: 'i', innerStatus: 'ACTIVE' }],
  });
  ids.silent = (await store.obServers.ofCluster(ids.closed))[0]?.id ?? 0;
  servers = (await store.obServers.ofCluster(ids.cluster)).map(({ id }) => id);
  ids.foreign = (await store.obServers.ofCluster(ids.single))[0]?.id ?? 0;
});
afterEach(async () => {
  listed.splice(0, 3, ...asItWas);
  for (const zone of zones) zone.status = 'ACTIVE';
  await look(ids.cluster);
});

type Verb = 'stop' | 'start' | 'restart';
const VERBS = ['stop', 'start', 'restart'] as const;

const on =
  (verb: Verb, server: () => unknown = () => servers[0], cluster: () => unknown = () => ids.cluster) =>
  () =>
    `/api/v2/ob/clusters/${cluster()}/servers/${server()}/${verb}`;
const nothing = () => undefined;

describe.each(VERBS)('%s is refused for', (verb) => {
  refused([
    {
      ...{ what: 'an unknown cluster', path: on(verb, undefined, () => 4711), body: nothing },
      ...{ status: 404, code: 'OBE11001', says: () => ['4711'] },
    },
    {
      ...{ what: 'an unknown server', path: on(verb, () => 4711), body: nothing },
      ...{ status: 404, code: 'OBE19001', says: () => ['4711'] },
    },
    {
      // Hosts and servers have ids of their own.
      ...{ what: 'the id of a host', path: on(verb, () => 1_000_000 + given.free), body: nothing },
      ...{ status: 404, code: 'OBE19001' },
    },
    {
      ...{ what: 'a server of another cluster', path: on(verb, () => ids.foreign), body: nothing },
      ...{ status: 400, code: 'OBE19001', says: () => [String(ids.foreign), `cluster ${ids.single}`] },
    },
    {
      ...{ what: 'a cluster that does not answer', body: nothing, status: 409, code: 'OBE11007' },
      ...{
        path: on(
          verb,
          () => ids.silent,
          () => ids.closed,
        ),
        says: () => ['closed', 'UNAVAILABLE'],
      },
    },
    ...['0', '-1', '9007199254740992', '1e3', 'x', "1'", '%2F', ' '].map((text) =>
      invalid(
        `the server id ${text}`,
        on(verb, () => text),
        nothing,
        'serverId',
      ),
    ),
    ...(['0', '-1', '9007199254740992', 'x'] as const).map((text) =>
      invalid(
        `the cluster id ${text}`,
        on(verb, undefined, () => text),
        nothing,
        'id',
      ),
    ),
  ]);
});

describe('a body is refused', () => {
  const bodies: readonly [Verb, string, Json, string][] = [
    ['stop', 'a text for force', { force: 'true' }, 'force'],
    ['stop', 'a number for freezeServer', { freezeServer: 1 }, 'freezeServer'],
    ['stop', 'an unknown type', { type: 'STOP_ALL' }, 'type'],
    ['restart', 'a text for force', { force: 'no' }, 'force'],
    ['restart', 'a text for freezeServer', { freezeServer: 'true' }, 'freezeServer'],
  ];
  refused(
    bodies.map(([verb, what, body, field]) => invalid(`${verb}: ${what}`, on(verb), () => body, field)),
  );
});

describe('a state refuses', () => {
  const cases: readonly (Case & { readonly given?: () => void })[] = [
    {
      ...{
        what: 'the process of the only server',
        path: on(
          'stop',
          () => ids.foreign,
          () => ids.single,
        ),
      },
      ...{ body: nothing, status: 400, code: 'OBE19020', says: () => ['single', 'Stop the cluster'] },
    },
    {
      ...{ what: 'a restart of the only server, forced', body: () => ({ force: true }) },
      ...{
        path: on(
          'restart',
          () => ids.foreign,
          () => ids.single,
        ),
        status: 400,
        code: 'OBE19020',
      },
    },
    {
      ...{ what: 'the service of the only server', body: () => ({ type: 'STOP_SERVICE' }) },
      ...{
        path: on(
          'stop',
          () => ids.foreign,
          () => ids.single,
        ),
        status: 409,
        code: 'OBE11070',
      },
      says: () => ['tenant sys, LS 1', '0 of 1 replicas would stay'],
    },
    {
      ...{ what: 'a start of what runs', path: on('start'), body: nothing, status: 409, code: 'OBE19003' },
      says: () => ['RUNNING', 'STOPPED, UNAVAILABLE'],
    },
    {
      ...{
        what: 'a stop of what is stopped',
        path: on('stop'),
        body: nothing,
        status: 409,
        code: 'OBE19003',
      },
      given: () => change(0, { stopTime: SOME_TIME }),
      says: () => ['STOPPED', 'RUNNING, UNAVAILABLE'],
    },
    {
      ...{ what: 'a server on a machine that is no host', path: on('stop', () => servers[2]), body: nothing },
      ...{ status: 409, code: 'CMP07005', says: () => ['10.8.0.3:2882', 'obflow apply'] },
    },
    {
      ...{ what: 'a stop beside a stopped server', path: on('stop'), body: nothing, status: 409 },
      ...{ code: 'OBE19003', given: () => change(1, { stopTime: SOME_TIME }) },
      says: () => ['10.8.0.2:2882 of zone zone2 is stopped already', 'Start 10.8.0.2:2882 first'],
    },
    {
      ...{ what: 'a restart beside a stopped zone', path: on('restart'), body: nothing, status: 409 },
      ...{ code: 'OBE18004', says: () => ['zone zone2 is INACTIVE already', 'Start zone zone2 first'] },
      given: () => {
        for (const zone of zones) if (zone.name === 'zone2') zone.status = 'INACTIVE';
      },
    },
    {
      ...{ what: 'a stop beside a dead server', path: on('stop'), body: nothing, status: 409 },
      ...{ code: 'OBE11070', given: () => change(1, { active: false, status: 'INACTIVE' }) },
      says: () => ['tenant sys, LS 1', '1 of 3 replicas', 'staying: 10.8.0.3:2882', 'away: 10.8.0.2:2882'],
    },
    {
      ...{ what: 'a stop beside a replica that is behind', path: on('stop'), body: nothing, status: 409 },
      ...{ code: 'OBE11070', given: () => change(2, { inSync: false }) },
      says: () => ['1 of 3 replicas', 'behind: 10.8.0.3:2882', 'wait until those that are behind'],
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

  test('force accepts what would cost a majority, and a dry run says what it overlooks', async () => {
    change(1, { active: false, status: 'INACTIVE' });
    const dry = await api.send('POST', `${on('stop')()}?dryRun=true`, { force: true });
    expect(dry.status).toBe(200);
    expect(dry.body.data.findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: 'WARN', code: 'OBE11070' }),
        expect.objectContaining({ message: expect.stringContaining('would stop') }),
      ]),
    );
    expect(await api.store.locks.firstHeld([obClusterLock(ids.cluster)])).toBeUndefined();
    const answer = await api.send('POST', on('stop')(), { force: true });
    expect(answer.body.error).toBeUndefined();
    expect(api.started.at(-1)?.unshown?.stringMap).toMatchObject({ force: 'true' });
    // The cluster is that task's from now on.
    const taskId = answer.body.data.id;
    const other = await api.send('POST', on('restart', () => servers[1])(), { force: true });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'OBE11020' } } });
    expect(other.body.error.message).toContain(`task ${taskId}`);
    await api.store.locks.release(taskId);
  });

  test('force has no meaning for the service alone', async () => {
    change(1, { active: false, status: 'INACTIVE' });
    const answer = await api.send('POST', on('stop')(), { force: true, type: 'STOP_SERVICE' });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'OBE11070' } } });
  });
});
