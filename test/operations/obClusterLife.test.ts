/** Requests to stop, start and restart whole clusters: how each can be refused, and that nothing is left behind then. */
import type { ServerRow, ZoneRow } from '../../sandbox/standins/observer';
import { givenHost, givenObCluster } from '../api/harness';
import { givenCluster, silence } from './observedCluster';
import { api, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const ids = { cluster: 0, two: 0, closed: 0, undeclared: 0 };

/** Two servers in the second zone; the root service is in the third. */
const listed: ServerRow[] = [1, 2, 3, 2].map((zone, index) => ({
  ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: index < 3, withRootService: index === 2 },
  ...{ ip: `10.9.0.${index + 1}`, id: index + 1, zone: `zone${zone}` },
}));
const asItWas = [...listed];
const zones: ZoneRow[] = [1, 2, 3].map((number) => ({
  ...{ name: `zone${number}`, status: 'ACTIVE', region: 'r', idc: 'i' },
}));
const zonesAsTheyWere = [...zones];

beforeAll(async () => {
  const others = ['10.9.1.1', '10.9.1.2'];
  for (const ip of [...listed.map((row) => row.ip), ...others]) await givenHost(api.store, ip);
  ids.cluster = await givenCluster('whole', 81, listed, zones);
  const pair = others.map((ip, index) => ({ ...asItWas[index]!, ip }));
  ids.two = await givenCluster('two', 82, pair, zones.slice(0, 2));
  ids.undeclared = await givenCluster(
    'elsewhere',
    83,
    [{ ...asItWas[0]!, ip: '10.9.2.1' }],
    zones.slice(0, 1),
  );
  ids.closed = await givenObCluster(api.store, 'closed', 84, '127.0.0.1', { sqlPort: 1 });
});
afterEach(() => {
  listed.splice(0, listed.length, ...asItWas);
  zones.splice(0, zones.length, ...zonesAsTheyWere);
});

type Verb = 'stop' | 'start' | 'restart';
const on =
  (verb: Verb, cluster: () => unknown = () => ids.cluster) =>
  () =>
    `/api/v2/ob/clusters/${cluster()}/${verb}`;
const nothing = () => undefined;

describe.each(['stop', 'start', 'restart'] as const)('%s of a cluster is refused for', (verb) => {
  refused([
    {
      ...{ what: 'an unknown cluster', path: on(verb, () => 4711), body: nothing },
      ...{ status: 404, code: 'OBE11001' },
    },
    ...['0', '-1', 'x', "1'--", '1.5', '9007199254740992'].map((id) =>
      invalid(
        `the id ${id}`,
        on(verb, () => encodeURIComponent(id)),
        nothing,
        'id',
      ),
    ),
  ]);
});

describe('bodies', () => {
  refused([
    ...(['stop', 'restart'] as const).map((verb) =>
      invalid(`${verb}: a text for freezeServer`, on(verb), () => ({ freezeServer: 'yes' }), 'freezeServer'),
    ),
    invalid('restart: a number for force', on('restart'), () => ({ force: 1 }), 'force'),
  ]);
});

describe('a state refuses', () => {
  const change = (index: number, how: Partial<ServerRow>) => {
    listed[index] = { ...listed[index]!, ...how };
  };
  const cases: readonly [string, () => string, string, RegExp, (() => void)?][] = [
    ['a start of what answers', on('start'), 'OBE11008', /whole.*RUNNING.*STOPPED or UNAVAILABLE/],
    [
      'a stop of what does not answer',
      on('stop', () => ids.closed),
      'OBE11008',
      /closed.*UNAVAILABLE.*RUNNING/,
    ],
    ['a restart of it', on('restart', () => ids.closed), 'OBE11008', /closed.*UNAVAILABLE.*RUNNING/],
    [
      'a start of a cluster of which nothing is known',
      on('start', () => ids.closed),
      'OBE11019',
      /No server of .*closed/,
    ],
    [
      'a server on a machine that is no host',
      on('stop', () => ids.undeclared),
      'CMP07005',
      /10\.9\.2\.1:2882/,
    ],
    ['a restart with two zones', on('restart', () => ids.two), 'OBE11070', /two.* has 2 zones.*force: true/],
    [
      'a restart beside a stopped zone',
      on('restart'),
      'OBE18004',
      /zone3 is INACTIVE already.*force: true/,
      () => {
        zones[2] = { ...zones[2]!, status: 'INACTIVE' };
      },
    ],
    [
      'a restart with a stopped server',
      on('restart'),
      'OBE19003',
      /10\.9\.0\.1:2882 of zone zone1 is STOPPED/,
      () => change(0, { stopTime: 1_700_000_000_000_000 }),
    ],
    [
      'a restart with a dead server',
      on('restart'),
      'OBE19003',
      /10\.9\.0\.4:2882 of zone zone2 is UNAVAILABLE/,
      () => change(3, { active: false, status: 'INACTIVE' }),
    ],
    [
      'a restart while a replica is behind',
      on('restart'),
      'OBE11070',
      /must not be restarted zone after zone: tenant sys, LS 1: 1 of 3 replicas.*behind: 10\.9\.0\.2:2882/,
      () => change(1, { inSync: false }),
    ],
    [
      'a restart while a server has not refreshed the schemas of a tenant',
      on('restart'),
      'OBE11007',
      /must not be restarted zone after zone:.*10\.9\.0\.2:2882/,
      () => change(1, { schemaFresh: false }),
    ],
  ];
  test.each(cases.map(([what, ...one]) => [what, one] as const))('%s', async (_what, one) => {
    const [path, code, says, given] = one;
    given?.();
    await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/servers`);
    const before = await api.traces();
    const answer = await api.send('POST', path());
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status: 409, code });
    expect(answer.body.error.message).toMatch(says);
    expect(await api.traces()).toEqual(before);
  });

  test('force restarts what may be interrupted; the dry run says what that does, and its order', async () => {
    const path = on('restart', () => ids.two)();
    const dry = await api.send('POST', `${path}?dryRun=true`, { force: true });
    expect(dry.body.error).toBeUndefined();
    const text = JSON.stringify(dry.body.data.findings);
    expect(text).toMatch(/With force the observers of a zone end without moving clients/);
    expect(text).toMatch(/OBE11070.*Although tenant sys/);
    const answer = await api.send('POST', path, { force: true });
    const { taskId, unshown } = api.started.at(-1)!;
    expect(answer.body.data.subtasks).toHaveLength(34);
    expect(unshown?.stringMap).toMatchObject({ cluster_wide: 'true', force: 'true', freeze_server: 'true' });
    await api.store.locks.release(taskId);
  });

  test('a restart takes zone after zone, that of the root service last, with all of their servers, and locks all hosts', async () => {
    await api.send('GET', `/api/v2/ob/clusters/${ids.cluster}/servers`);
    const dry = await api.send('POST', `${on('restart')()}?dryRun=true`);
    expect(JSON.stringify(dry.body.data.findings)).toMatch(/one after the other: zone1, zone2, zone3/);
    const answer = await api.send('POST', on('restart')(), { freezeServer: false });
    expect(answer.body.error).toBeUndefined();
    const { context, unshown, taskId } = api.started.at(-1)!;
    expect(
      answer.body.data.subtasks.filter(({ name }: { name: string }) => name === 'Stop zone'),
    ).toHaveLength(3);
    expect(context.listMap.zone_names).toEqual(['zone1', 'zone2', 'zone3']);
    expect(context.listMap[`${ids.cluster}.zone2.server_ids`]).toHaveLength(2);
    expect(unshown?.stringMap).toMatchObject({ zone_wide: 'true', freeze_server: 'false', force: 'false' });
    for (const verb of ['stop', 'restart'] as const) {
      const second = await api.send('POST', on(verb)());
      expect(second).toMatchObject({ status: 409, body: { error: { code: 'OBE11020' } } });
    }
    await api.store.locks.release(taskId);
  });

  test('a stop names in its dry run what goes, and who is cut off', async () => {
    const dry = await api.send('POST', `${on('stop')()}?dryRun=true`);
    expect(dry.body.error).toBeUndefined();
    expect(JSON.stringify(dry.body.data.findings)).toMatch(
      /All 4 observers of whole would stop \(zone1, zone2, zone3\), which leaves no majority of anything/,
    );
  });

  test('a cluster that a task has stopped stays STOPPED however often it is asked, and can be started', async () => {
    await api.store.obClusters.recordStatus(ids.two, 'STOPPED');
    await silence(ids.two);
    const { body } = await api.send('GET', `/api/v2/ob/clusters/${ids.two}`);
    expect(body.data.status).toBe('STOPPED');
    const answer = await api.send('POST', on('start', () => ids.two)());
    expect(answer.body.error).toBeUndefined();
    expect(answer.body.data.subtasks).toHaveLength(18 + 8);
    await api.store.locks.release(api.started.at(-1)!.taskId);
  });
});
