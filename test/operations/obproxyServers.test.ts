/** Requests on OBProxies that exist: how each can be refused, and that nothing is left behind then. */
import { hostProxyLock, obproxyClusterLock } from '../../operations/locks';
import type { ObproxyStatus } from '../../store/statuses';
import { givenHost, givenObCluster, givenProxyCluster, type Json } from '../api/harness';
import { api, type Case, given, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

/** A cluster with a proxy in each state, and one whose proxy a task holds. */
const life = { cluster: 0, busy: 0, busyServer: 0, busyTask: 0, linked: 0, rsList: 0, otherServer: 0 };
const servers = {} as Record<ObproxyStatus, number>;
/** Two that run and cannot be restarted hot. */
const hot = { old: 0, unit: 0 };
const STATUSES = ['RUNNING', 'UNAVAILABLE', 'STOPPED', 'CREATING'] as const;

async function givenServer(
  clusterId: number,
  ip: string,
  status: ObproxyStatus,
  version = '4.3.1.0-4',
): Promise<number> {
  const hostId = await givenHost(api.store, ip);
  const id = await api.store.obproxy.addServer({
    ...{ clusterId, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
    ...{ version, packageId: null, parameterVersion: 1, taskId: 1 },
  });
  await api.store.work.settle({ kind: 'obproxyServer', id }, 1, status);
  return id;
}

beforeAll(async () => {
  const { store } = api;
  life.cluster = await givenProxyCluster(store, 'life');
  for (const [index, status] of STATUSES.entries()) {
    servers[status] = await givenServer(life.cluster, `10.4.0.${index + 1}`, status);
  }
  hot.old = await givenServer(life.cluster, '10.4.3.1', 'RUNNING', '3.2.0-1');
  hot.unit = await givenServer(life.cluster, '10.4.3.2', 'RUNNING');
  await store.obproxy.recordAdopted(hot.unit, {
    ...{ version: '4.3.1.0-4', exporterPort: 2884, rpcPort: null, packageId: null },
    adopted: {
      ...{ home: '/srv/proxy', user: 'admin', program: '/srv/proxy/bin/obproxy', package: null },
      ...{ keeper: 'systemd', keeperDetail: 'unit obproxy.service' },
    },
  });
  life.otherServer = await givenServer(given.other, '10.4.1.1', 'RUNNING');
  life.busy = await givenProxyCluster(store, 'held');
  life.busyServer = await givenServer(life.busy, '10.4.2.1', 'RUNNING');
  const held = await api.send('POST', `/api/v2/obproxy/clusters/${life.busy}/servers/stop`, {
    obproxyServerIds: [life.busyServer],
  });
  life.busyTask = held.body.data.id;
  const links = [{ clusterId: await givenObCluster(store, 'hooray', 1, '10.2.0.4'), username: 'proxyro' }];
  const made = { address: null, port: null, startupParameters: [], parameters: [], runUser: 'admin' };
  const creator = { id: 100, name: 'admin' };
  const more = { proxysysPassword: 'Planted.AA11++xx', creator, links };
  life.linked = await store.obproxy.addCluster({ ...made, ...more, name: 'linked', workMode: 'CONFIG_URL' });
  life.rsList = await store.obproxy.addCluster({ ...made, ...more, name: 'fixed', workMode: 'RS_LIST' });
});

type Verb = 'stop' | 'start' | 'restart' | 'delete';
const onServers = (verb: Verb, cluster: () => number = () => life.cluster) => {
  return () => `/api/v2/obproxy/clusters/${cluster()}/servers/${verb}`;
};
const body = (verb: Verb, ids: () => unknown, more: Json = {}) => {
  return () => ({ obproxyServerIds: ids(), ...(verb === 'restart' ? { hotRestart: false } : {}), ...more });
};
const old = (method: 'DELETE' | 'POST', ids: () => unknown, cluster: () => number = () => life.cluster) => ({
  method,
  path: () =>
    `/api/v2/obproxy/clusters/${cluster()}/obproxies/${ids()}${method === 'POST' ? '/restart' : ''}`,
  body: () => undefined,
});

const FROM: Readonly<Record<Verb, readonly ObproxyStatus[]>> = {
  stop: ['RUNNING', 'UNAVAILABLE'],
  start: ['STOPPED', 'UNAVAILABLE'],
  restart: ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
  delete: ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
};
const ALREADY: Readonly<Partial<Record<Verb, ObproxyStatus>>> = { stop: 'STOPPED', start: 'RUNNING' };

function casesOf(verb: Verb): Case[] {
  const path = onServers(verb);
  const running = () => [servers.RUNNING];
  return [
    {
      what: 'an unknown OBProxy cluster',
      path: onServers(verb, () => 4711),
      body: body(verb, running),
      status: 404,
      code: 'ODP21001',
      says: () => ['4711'],
    },
    {
      what: 'an unknown OBProxy',
      path,
      body: body(verb, () => [servers[FROM[verb][0]!], 4711]),
      status: 404,
      code: 'ODP21002',
      says: () => ['4711', `/api/v2/obproxy/clusters/${life.cluster}`],
    },
    {
      what: 'an OBProxy of another cluster',
      path,
      body: body(verb, () => [life.otherServer]),
      status: 400,
      code: 'ODP21015',
      says: () => [String(life.otherServer), `cluster ${given.other}`],
    },
    {
      what: 'an OBProxy that a task holds',
      path: onServers(verb, () => life.busy),
      body: body(verb, () => [life.busyServer]),
      status: 409,
      code: 'CMP07004',
      says: () => [`task ${life.busyTask}`],
    },
    {
      what: 'an OBProxy that is being made',
      path,
      body: body(verb, () => [servers.CREATING]),
      status: 400,
      code: 'ODP21016',
      says: () => ['CREATING', ...FROM[verb]],
    },
    ...(ALREADY[verb] === undefined
      ? []
      : [
          {
            what: `an OBProxy that is ${ALREADY[verb]} already`,
            path,
            body: body(verb, () => [servers[ALREADY[verb]!]]),
            status: 400,
            code: 'ODP21104',
            says: () => ['10.4.0.', ALREADY[verb]!],
          } satisfies Case,
        ]),
    invalid(
      'no OBProxy',
      path,
      body(verb, () => []),
      'obproxyServerIds',
    ),
    invalid(
      'no ids at all',
      path,
      body(verb, () => undefined),
      'obproxyServerIds',
    ),
    invalid(
      'an OBProxy twice',
      path,
      body(verb, () => [1, 2, 1]),
      'obproxyServerIds[2]',
    ),
    invalid(
      'ids as text',
      path,
      body(verb, () => ['1']),
      'obproxyServerIds[0]',
    ),
    invalid(
      'a negative id',
      path,
      body(verb, () => [-1]),
      'obproxyServerIds[0]',
    ),
    invalid(
      'more OBProxies than OCP takes',
      path,
      body(verb, () => Array.from({ length: 1001 }, (_, index) => index + 1)),
      'obproxyServerIds',
    ),
    invalid(
      'a path id that is no number',
      () => '/api/v2/obproxy/clusters/x/servers/stop',
      body(verb, running),
      'id',
    ),
  ];
}

describe.each(['stop', 'start', 'restart', 'delete'] as const)('a request to %s OBProxies', (verb) => {
  describe('that cannot be accepted is refused and leaves nothing behind', () => {
    refused(casesOf(verb));
  });

  test('is accepted in the states that allow it, by a dry run that leaves nothing behind', async () => {
    const before = await api.traces();
    for (const status of FROM[verb]) {
      const answer = await api.send(
        'POST',
        `${onServers(verb)()}?dryRun=true`,
        body(verb, () => [servers[status]])(),
      );
      expect([status, answer.status]).toEqual([status, 200]);
      expect(answer.body.data.id).toBe(-1);
      // Nobody can be reached here, and that is what was found.
      expect(answer.body.data.findings).toContainEqual(
        expect.objectContaining({ level: 'ERROR', message: expect.stringContaining('log in') }),
      );
    }
    expect(await api.traces()).toEqual(before);
  });
});

describe('a restart', () => {
  refused([
    {
      what: 'hot, of a proxy that does not run',
      path: onServers('restart'),
      body: body('restart', () => [servers.RUNNING, servers.UNAVAILABLE], { hotRestart: true }),
      status: 400,
      code: 'ODP21017',
      says: () => ['UNAVAILABLE', 'RUNNING'],
    },
    {
      what: 'hot, of a version that cannot hand over',
      path: onServers('restart'),
      body: body('restart', () => [hot.old], { hotRestart: true }),
      status: 400,
      code: 'ODP21018',
      says: () => ['3.2.0', '3.2.1', 'hotRestart false'],
    },
    {
      what: 'hot, of a proxy that is a unit of systemd',
      path: onServers('restart'),
      body: body('restart', () => [hot.unit], { hotRestart: true }),
      status: 400,
      code: 'ODP21107',
      says: () => ['unit obproxy.service', 'hotRestart false'],
    },
    invalid(
      'without hotRestart',
      onServers('restart'),
      () => ({ obproxyServerIds: [servers.RUNNING] }),
      'hotRestart',
    ),
    invalid(
      'with two different lists of ids',
      onServers('restart'),
      () => ({ ...body('restart', () => [servers.RUNNING])(), obproxyIds: [servers.STOPPED] }),
      'obproxyIds',
    ),
  ]);

  test('hot says so to the subtasks, and has the documented chain', async () => {
    const request = body('restart', () => [servers.RUNNING], { hotRestart: true })();
    const answer = await api.send('POST', onServers('restart')(), request);
    expect(answer.status).toBe(200);
    const plan = api.started.at(-1)!;
    expect(plan.unshown?.stringMap).toMatchObject({ hot_restart: 'true', target_obproxy_status: 'RUNNING' });
    expect(answer.body.data.subtasks).toHaveLength(13);
    await api.store.locks.release(plan.taskId);
  });

  test('takes the ids by the name of the page, too', async () => {
    const request = { obproxyIds: [servers.RUNNING], hotRestart: false };
    const answer = await api.send('POST', `${onServers('restart')()}?dryRun=true`, request);
    expect(answer.status).toBe(200);
  });

  test('of several proxies goes from one to the next, as the other steps do not', async () => {
    const answer = await api.send(
      'POST',
      onServers('restart')(),
      body('restart', () => [servers.RUNNING, servers.STOPPED])(),
    );
    expect(answer.status).toBe(200);
    const plan = api.started.at(-1)!;
    const split = (activity: string) =>
      plan.nodes.flatMap((node) => ('activity' in node && node.activity === activity ? [node.split] : []))[0];
    expect(split('RestartObproxyProcess')).toEqual({ by: 'obproxy_server_ids', serial: true });
    expect(split('PrepareRestartObproxy')).toEqual({ by: 'obproxy_server_ids' });
    expect(await api.store.locks.heldBy(plan.taskId)).toEqual(
      expect.arrayContaining([obproxyClusterLock(life.cluster)]),
    );
    await api.store.locks.release(plan.taskId);
  });
});

describe('a deletion', () => {
  refused([
    {
      what: 'that is to leave hosts alone which it does not concern',
      path: onServers('delete'),
      body: body('delete', () => [servers.RUNNING], { skipHostOperationServerIds: [4711] }),
      status: 400,
      code: 'ODP21015',
      says: () => ['4711'],
    },
    invalid(
      'with a skipped OBProxy twice',
      onServers('delete'),
      body('delete', () => [servers.RUNNING], { skipHostOperationServerIds: [1, 1] }),
      'skipHostOperationServerIds[1]',
    ),
  ]);

  test('contacts no host that is to be left alone', async () => {
    const answer = await api.send(
      'POST',
      `${onServers('delete')()}?dryRun=true`,
      body('delete', () => [servers.RUNNING], { skipHostOperationServerIds: [servers.RUNNING] })(),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.data.findings.filter(({ level }: Json) => level === 'ERROR')).toEqual([]);
  });
});

describe('the older forms with ids in the path', () => {
  refused(
    (['DELETE', 'POST'] as const).flatMap((method) => [
      {
        what: `${method}: an unknown OBProxy`,
        ...old(method, () => `${servers.RUNNING},4711`),
        status: 404,
        code: 'ODP21002',
        says: () => ['4711'],
      },
      {
        what: `${method}: an OBProxy of another cluster`,
        ...old(method, () => life.otherServer),
        status: 400,
        code: 'ODP21015',
      },
      {
        what: `${method}: an OBProxy that a task holds`,
        ...old(
          method,
          () => life.busyServer,
          () => life.busy,
        ),
        status: 409,
        code: 'CMP07004',
      },
      {
        what: `${method}: an OBProxy that is being made`,
        ...old(method, () => servers.CREATING),
        status: 400,
        code: 'ODP21016',
      },
      {
        ...invalid(
          `${method}: an id twice`,
          () => '',
          () => undefined,
        ),
        ...old(method, () => '1,1'),
      },
      {
        ...invalid(
          `${method}: words`,
          () => '',
          () => undefined,
        ),
        ...old(method, () => '1,x'),
      },
      {
        ...invalid(
          `${method}: an id of 0`,
          () => '',
          () => undefined,
        ),
        ...old(method, () => '0'),
      },
    ]),
  );
});

describe('deleting an OBProxy cluster', () => {
  const cluster = (id: () => number) => ({
    method: 'DELETE' as const,
    path: () => `/api/v2/obproxy/clusters/${id()}`,
    body: () => undefined,
  });
  refused([
    { what: 'an unknown one', ...cluster(() => 4711), status: 404, code: 'ODP21001' },
    {
      what: 'one that is linked to OceanBase clusters',
      ...cluster(() => life.linked),
      status: 400,
      code: 'ODP21107',
      says: () => ['"linked"', 'hooray'],
    },
    {
      what: 'one that a task holds',
      ...cluster(() => life.busy),
      status: 409,
      code: 'ODP21010',
      says: () => [`task ${life.busyTask}`],
    },
    {
      what: 'one with a proxy that is being made',
      ...cluster(() => life.cluster),
      status: 400,
      code: 'ODP21016',
      says: () => ['CREATING'],
    },
  ]);

  test('that works by RS_LIST is accepted with its link, which cannot be removed', async () => {
    const answer = await api.send('DELETE', `/api/v2/obproxy/clusters/${life.rsList}?dryRun=true`);
    expect(answer.status).toBe(200);
  });
});

describe('changing the access of an OBProxy cluster', () => {
  const change = (request: Json, id: () => number = () => life.cluster) => ({
    method: 'PATCH' as const,
    path: () => `/api/v2/obproxy/clusters/${id()}`,
    body: () => request,
  });
  refused([
    { what: 'of an unknown one', ...change({ port: 2883 }, () => 4711), status: 404, code: 'ODP21001' },
    {
      what: 'its work mode',
      ...change({ workMode: 'RS_LIST' }),
      status: 400,
      code: 'ODP21107',
      says: () => ['workMode'],
    },
    { what: 'its name', ...change({ name: 'x' }), status: 400, code: 'ODP21107' },
    {
      ...invalid(
        'a port of 0',
        () => '',
        () => undefined,
        'port',
      ),
      ...change({ port: 0 }),
    },
    {
      ...invalid(
        'a port above 65535',
        () => '',
        () => undefined,
        'port',
      ),
      ...change({ port: 65536 }),
    },
    {
      ...invalid(
        'an address with blanks',
        () => '',
        () => undefined,
        'address',
      ),
      ...change({ address: 'a b' }),
    },
  ]);
});

test('a host of which a proxy is stopped is held by the task', async () => {
  const host = (await api.store.obproxy.findServer(life.busyServer))!.hostId;
  expect(await api.store.locks.holder(hostProxyLock(host))).toBe(life.busyTask);
});
