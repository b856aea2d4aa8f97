/** Requests to stop, start and restart zones: how each can be refused, and that nothing is left behind then. */
import type { ServerRow, ZoneRow } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster } from '../api/harness';
import { givenCluster } from './observedCluster';
import { api, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const ids = { cluster: 0, one: 0, closed: 0 };

/** Two servers in the second zone, none in the fourth. */
const listed: ServerRow[] = [1, 2, 3, 2].map((zone, index) => ({
  ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: index < 3 },
  ...{ ip: `10.9.0.${index + 1}`, id: index + 1, zone: `zone${zone}` },
}));
const asItWas = [...listed];
const zones: ZoneRow[] = [1, 2, 3, 4].map((number) => ({
  ...{ name: `zone${number}`, status: 'ACTIVE', region: 'r', idc: 'i' },
}));
const zonesAsTheyWere = [...zones];

beforeAll(async () => {
  for (const { ip } of listed) await givenHost(api.store, ip);
  await givenHost(api.store, '10.9.1.1');
  ids.cluster = await givenCluster('zoned', 71, listed, zones);
  ids.one = await givenCluster('onezone', 72, [{ ...asItWas[0]!, ip: '10.9.1.1' }], zones.slice(0, 1));
  ids.closed = await givenObCluster(api.store, 'closed', 73, '127.0.0.1', { sqlPort: 1 });
});
afterEach(() => {
  listed.splice(0, listed.length, ...asItWas);
  zones.splice(0, zones.length, ...zonesAsTheyWere);
});

type Verb = 'stop' | 'start' | 'restart';
const on =
  (verb: Verb, zone = 'zone2', cluster: () => unknown = () => ids.cluster) =>
  () =>
    `/api/v2/ob/clusters/${cluster()}/zones/${zone}/${verb}`;
const nothing = () => undefined;

describe.each(['stop', 'start', 'restart'] as const)('%s of a zone is refused for', (verb) => {
  refused([
    {
      ...{ what: 'an unknown cluster', path: on(verb, 'zone2', () => 4711), body: nothing },
      ...{ status: 404, code: 'OBE11001' },
    },
    {
      ...{ what: 'a cluster that does not answer', path: on(verb, 'zone2', () => ids.closed), body: nothing },
      ...{ status: 409, code: 'OBE11007', says: () => ['closed'] },
    },
    {
      ...{ what: 'an unknown zone', path: on(verb, 'zone9'), body: nothing, status: 404, code: 'OBE18002' },
      says: () => ['zone9', 'zone1, zone2, zone3, zone4'],
    },
    {
      ...{ what: 'a zone in another case', path: on(verb, 'ZONE2'), body: nothing },
      ...{ status: 404, code: 'OBE18002' },
    },
    ...["z'--", 'a;b', 'a%2Fb', '%20', '1zone', 'z'.repeat(65)].map((name) =>
      invalid(
        `the name ${name.slice(0, 10)}`,
        on(verb, encodeURI(name).replaceAll('%25', '%')),
        nothing,
        'zoneName',
      ),
    ),
  ]);
});

describe('bodies', () => {
  refused(
    (['stop', 'restart'] as const).map((verb) =>
      invalid(`${verb}: a text for freezeServer`, on(verb), () => ({ freezeServer: 'yes' }), 'freezeServer'),
    ),
  );
});

describe('a state refuses', () => {
  const SOME_TIME = 1_700_000_000_000_000;
  const stop = (index: number) => {
    zones[index] = { ...zones[index]!, status: 'INACTIVE' };
  };
  const change = (index: number, how: Partial<ServerRow>) => {
    listed[index] = { ...listed[index]!, ...how };
  };
  const cases: readonly [string, () => string, number, string, RegExp, (() => void)?][] = [
    ['a start of what is ACTIVE', on('start'), 409, 'OBE18005', /RUNNING.*STOPPED/],
    ['a stop of what is INACTIVE', on('stop'), 409, 'OBE18004', /STOPPED.*RUNNING/, () => stop(1)],
    ['a zone without servers', on('stop', 'zone4'), 409, 'OBE11019', /zone4 has no server/],
    [
      'the only zone',
      on('stop', 'zone1', () => ids.one),
      409,
      'OBE18010',
      /onezone has one zone.*Stop the cluster/,
    ],
    [
      'a second zone',
      on('stop'),
      409,
      'OBE18004',
      /zone3 is INACTIVE already.*Start zone zone3 first/,
      () => stop(2),
    ],
    [
      'a zone beside a stopped server',
      on('restart'),
      ...([409, 'OBE19003', /10\.9\.0\.1:2882 of zone zone1 is stopped already/] as const),
      () => change(0, { stopTime: SOME_TIME }),
    ],
    [
      'a zone beside a dead server',
      on('stop'),
      ...([409, 'OBE11070', /tenant sys, LS 1: 1 of 3 replicas.*away: 10\.9\.0\.3:2882/] as const),
      () => change(2, { active: false, status: 'INACTIVE' }),
    ],
  ];
  test.each(cases.map(([what, ...one]) => [what, one] as const))('%s', async (_what, one) => {
    const [path, status, code, says, given] = one;
    given?.();
    await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/servers`);
    const before = await api.traces();
    const answer = await api.send('POST', path());
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status, code });
    expect(answer.body.error.message).toMatch(says);
    expect(await api.traces()).toEqual(before);
  });

  test('a server in its zone that is stopped, or dead, is no reason; a dry run tells of each, and a task locks all hosts', async () => {
    change(1, { stopTime: SOME_TIME });
    const dry = await api.send('POST', `${on('stop')()}?dryRun=true`);
    expect(dry.body.error).toBeUndefined();
    const text = JSON.stringify(dry.body.data.findings);
    expect(text).toMatch(/10\.9\.0\.2:2882 \(zone2\) would stop.*10\.9\.0\.4:2882 \(zone2\) would stop/);
    expect(text).toContain('keeps 2 of 3 replicas in sync');
    const answer = await api.send('POST', on('stop')());
    const { unshown, context, taskId } = api.started.at(-1)!;
    expect(answer.body.data.id).toBe(taskId);
    expect(context.listMap.server_ids).toHaveLength(2);
    expect(unshown?.stringMap).toMatchObject({ zone_wide: 'true', target_zone_status: 'STOPPED' });
    expect(unshown?.listMap.host_ids).toHaveLength(2);
    const second = await api.send('POST', on('restart', 'zone1')());
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'OBE11020' } } });
    await api.store.locks.release(taskId);
  });
});
