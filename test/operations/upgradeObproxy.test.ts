/** Requests to upgrade OBProxies: how each can be refused, and that nothing is left behind then. */
import { hostProxyLock, obproxyClusterLock } from '../../operations/locks';
import { isShortRpmName } from '../../operations/upgradePackage';
import type { ObproxyStatus } from '../../store/statuses';
import { givenHost, givenPackage, givenProxyCluster, type Json } from '../api/harness';
import { api, given, givenApi, invalid, refused } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const SHORT = 'obproxy-ce-4.3.3.0-9';
/** A cluster with proxies of all kinds. */
const world = { cluster: 0, busy: 0, busyServer: 0, otherServer: 0 };
const servers = {
  running: 0,
  el7: 0,
  arm: 0,
  old: 0,
  ancient: 0,
  unit: 0,
  stopped: 0,
  commercial: 0,
  unknownPackage: 0,
};

async function givenServer(
  clusterId: number,
  ip: string,
  more: { version?: string; packageId?: number | null; status?: ObproxyStatus; host?: Json } = {},
): Promise<number> {
  const { version = '4.3.1.0-4', packageId = null, status = 'RUNNING', host = {} } = more;
  const hostId = await givenHost(api.store, ip, host);
  const id = await api.store.obproxy.addServer({
    ...{ clusterId, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
    ...{ version, packageId, parameterVersion: 1, taskId: 1 },
  });
  await api.store.work.settle({ kind: 'obproxyServer', id }, 1, status);
  return id;
}

beforeAll(async () => {
  const { store } = api;
  world.cluster = await givenProxyCluster(store, 'upgraded');
  const part = (name: string, version: string, release: string, architecture?: string) =>
    givenPackage(store, { name, version, release, ...(architecture === undefined ? {} : { architecture }) });
  const ce = await store.packages.findByFileName('obproxy-ce-4.3.1.0-4.el7.x86_64.rpm');
  const commercial = await part('obproxy', '4.3.1.0', '4.el7');
  for (const release of ['9.el7', '9.el8']) await part('obproxy-ce', '4.3.3.0', release);
  await part('obproxy-ce', '4.3.3.1', '9.el8');
  await part('obproxy-ce', '4.3.1.0', '5.el7');
  await part('obproxy-ce', '4.2.3.0', '1.el7');
  await part('obproxy-ce', '3.2.3.0', '1.el7');
  await part('obproxy-ce', '3.2.0.9', '1.el7');
  await givenPackage(store, {
    name: 'oceanbase-ce',
    version: '4.3.9.0',
    release: '1.el7',
    home: '/home/admin/oceanbase',
  });
  const packageId = ce!.id;
  servers.running = await givenServer(world.cluster, '10.5.0.1', { packageId });
  servers.el7 = await givenServer(world.cluster, '10.5.0.9', {
    packageId,
    host: { osId: 'centos', osMajor: '7' },
  });
  servers.arm = await givenServer(world.cluster, '10.5.0.2', {
    packageId,
    host: { architecture: 'aarch64' },
  });
  servers.old = await givenServer(world.cluster, '10.5.0.3', { version: '3.2.0-1' });
  servers.ancient = await givenServer(world.cluster, '10.5.0.4', { version: '3.2.0.8-1' });
  servers.unit = await givenServer(world.cluster, '10.5.0.5', { packageId });
  await store.obproxy.recordAdopted(servers.unit, {
    ...{ version: '4.3.1.0-4', exporterPort: 2884, rpcPort: null, packageId },
    adopted: {
      ...{ home: '/srv/proxy', user: 'admin', program: '/srv/proxy/bin/obproxy', package: null },
      ...{ keeper: 'systemd', keeperDetail: 'unit obproxy.service' },
    },
  });
  servers.stopped = await givenServer(world.cluster, '10.5.0.6', { packageId, status: 'STOPPED' });
  servers.commercial = await givenServer(world.cluster, '10.5.0.7', { packageId: commercial.id });
  servers.unknownPackage = await givenServer(world.cluster, '10.5.0.8', {
    host: { osId: 'debian', osMajor: '12' },
  });
  world.otherServer = await givenServer(given.other, '10.5.1.1');
  world.busy = await givenProxyCluster(store, 'held');
  world.busyServer = await givenServer(world.busy, '10.5.2.1', { packageId });
  await api.send('POST', `/api/v2/obproxy/clusters/${world.busy}/servers/stop`, {
    obproxyServerIds: [world.busyServer],
  });
});

const path =
  (cluster = () => world.cluster) =>
  () =>
    `/api/v2/obproxy/clusters/${cluster()}/servers/upgrade`;
const body =
  (ids: () => unknown, more: Json = {}) =>
  () => ({
    ...{ obproxyServerIds: ids(), shortRpmName: SHORT },
    ...more,
  });
const only = (server: keyof typeof servers, more: Json = {}) => body(() => [servers[server]], more);

describe('a request to upgrade OBProxies that cannot be accepted is refused and leaves nothing behind', () => {
  refused([
    {
      what: 'an unknown cluster',
      path: path(() => 4711),
      body: only('running'),
      status: 404,
      code: 'ODP21001',
    },
    {
      what: 'an unknown OBProxy',
      ...{ path: path(), body: body(() => [servers.running, 4711]), status: 404, code: 'ODP21002' },
    },
    {
      what: 'an OBProxy of another cluster',
      ...{ path: path(), body: body(() => [world.otherServer]), status: 400, code: 'ODP21015' },
    },
    {
      what: 'an OBProxy that a task holds',
      ...{
        path: path(() => world.busy),
        body: body(() => [world.busyServer]),
        status: 409,
        code: 'CMP07004',
      },
    },
    {
      what: 'an OBProxy that is stopped',
      ...{ path: path(), body: only('stopped'), status: 400, code: 'ODP21017' },
      says: () => ['STOPPED', 'RUNNING'],
    },
    {
      what: 'a package that nobody has uploaded',
      ...{
        path: path(),
        body: only('running', { shortRpmName: 'obproxy-ce-9.9.9.9-1' }),
        status: 404,
        code: 'PKG10014',
      },
      says: () => ['obproxy-ce-9.9.9.9-1', 'software-packages'],
    },
    {
      what: 'a package without an OBProxy',
      ...{
        path: path(),
        body: only('running', { shortRpmName: 'oceanbase-ce-4.3.9.0-1' }),
        status: 400,
        code: 'PKG10013',
      },
    },
    {
      what: 'a package of another architecture',
      ...{ path: path(), body: only('arm'), status: 400, code: 'PKG10015' },
      says: () => ['10.5.0.2', 'aarch64', 'x86_64'],
    },
    {
      what: 'a system that the package is not uploaded for',
      ...{
        path: path(),
        body: only('running', { packageOperatingSystem: 'el9' }),
        status: 400,
        code: 'PKG10014',
      },
      says: () => ['el9', 'el7, el8'],
    },
    {
      what: 'a package for another system than the host',
      ...{
        path: path(),
        body: only('el7', { shortRpmName: 'obproxy-ce-4.3.3.1-9' }),
        status: 400,
        code: 'CMP07017',
      },
    },
    {
      what: 'a package for several systems, where nothing tells which',
      ...{ path: path(), body: only('unknownPackage'), status: 400, code: 'COM10001' },
      says: () => ['packageOperatingSystem', 'el7, el8'],
    },
    {
      what: 'the version that it has',
      ...{
        path: path(),
        body: only('running', { shortRpmName: 'obproxy-ce-4.3.1.0-4' }),
        status: 400,
        code: 'ODP21113',
      },
      says: () => ['4.3.1.0-4'],
    },
    {
      what: 'a lower version',
      ...{
        path: path(),
        body: only('running', { shortRpmName: 'obproxy-ce-4.2.3.0-1' }),
        status: 400,
        code: 'ODP21113',
      },
      says: () => ['4.3.1.0-4', '4.2.3.0-1'],
    },
    {
      what: 'a version before 4.0 for one from 4.0 on',
      ...{
        path: path(),
        body: only('running', { shortRpmName: 'obproxy-ce-3.2.3.0-1' }),
        status: 400,
        code: 'ODP21113',
      },
      says: () => ['4.0'],
    },
    {
      what: 'a version from 4.0 on for one before 4.0',
      ...{
        path: path(),
        body: only('old', { packageOperatingSystem: 'el7' }),
        status: 400,
        code: 'ODP21113',
      },
    },
    {
      what: 'the other edition',
      ...{ path: path(), body: only('commercial'), status: 400, code: 'PKG10013' },
      says: () => ['obproxy-ce-4.3.3.0-9'],
    },
    {
      what: 'a version that cannot hand over',
      ...{
        path: path(),
        body: only('ancient', { shortRpmName: 'obproxy-ce-3.2.0.9-1' }),
        status: 400,
        code: 'ODP21018',
      },
      says: () => ['3.2.1', 'hotRestart false'],
    },
    {
      what: 'a unit of systemd',
      ...{ path: path(), body: only('unit'), status: 400, code: 'ODP21107' },
      says: () => ['unit obproxy.service', 'hotRestart false'],
    },
    invalid(
      'no OBProxy',
      path(),
      body(() => []),
      'obproxyServerIds',
    ),
    invalid(
      'an OBProxy twice',
      path(),
      body(() => [1, 1]),
      'obproxyServerIds[1]',
    ),
    invalid('no package', path(), only('running', { shortRpmName: undefined }), 'shortRpmName'),
    ...[
      `${SHORT}.el7`,
      `${SHORT}.el7.x86_64`,
      `${SHORT}.el7.x86_64.rpm`,
      'obproxy-ce-4.3.3.0',
      '../obproxy-ce-4.3.3.0-9',
      'obproxy ce-4.3.3.0-9',
      '',
    ].map((name) =>
      invalid(`"${name}" as name`, path(), only('running', { shortRpmName: name }), 'shortRpmName'),
    ),
    invalid(
      'a system with blanks',
      path(),
      only('running', { packageOperatingSystem: 'e l' }),
      'packageOperatingSystem',
    ),
    invalid('hotRestart as text', path(), only('running', { hotRestart: 'no' }), 'hotRestart'),
    invalid('prohibitRollback as text', path(), only('running', { prohibitRollback: 1 }), 'prohibitRollback'),
    {
      what: 'the older form, of an unknown OBProxy',
      path: () => `/api/v2/obproxy/clusters/${world.cluster}/obproxies/${servers.running},4711/upgrade`,
      ...{ body: () => ({ shortRpmName: SHORT }), status: 404, code: 'ODP21002' },
    },
    {
      what: 'the older form, of the same version',
      path: () => `/api/v2/obproxy/clusters/${world.cluster}/obproxies/${servers.running}/upgrade`,
      ...{ body: () => ({ shortRpmName: 'obproxy-ce-4.3.1.0-4' }), status: 400, code: 'ODP21113' },
    },
  ]);
});

describe('a request to upgrade OBProxies', () => {
  test('has the documented chain, one proxy after the other where they are restarted, and locks hosts and cluster', async () => {
    const answer = await api.send('POST', path()(), only('running')());
    expect(answer.body.error).toBeUndefined();
    const plan = api.started.at(-1)!;
    expect(answer.body.data.subtasks).toHaveLength(26);
    const split = (activity: string) =>
      plan.nodes.flatMap((node) => ('activity' in node && node.activity === activity ? [node.split] : []))[0];
    expect(split('HotRestartObproxy')).toEqual({ by: 'obproxy_server_ids', serial: true });
    expect(split('UpgradeObproxyRpm')).toEqual({ by: 'obproxy_server_ids' });
    const server = await api.store.obproxy.findServer(servers.running);
    // The package for the system of the one it has.
    const target = await api.store.packages.findByFileName('obproxy-ce-4.3.3.0-9.el7.x86_64.rpm');
    expect(plan.unshown?.stringMap).toMatchObject({
      [`target_package.${servers.running}`]: String(target!.id),
      [`former_version.${servers.running}`]: '4.3.1.0-4',
      [`former_package.${servers.running}`]: String(server!.packageId),
      hot_upgrade: 'true',
    });
    expect(plan.context.stringMap.prohibit_rollback).toBe('true');
    const held = (await api.store.locks.heldBy(plan.taskId)).filter((lock) => typeof lock === 'string');
    expect(held.sort()).toEqual([hostProxyLock(server!.hostId), obproxyClusterLock(world.cluster)].sort());
    // Nobody deletes what it will need.
    const deleted = await api.send('DELETE', `/api/v2/software-packages/${target!.id}`);
    expect([deleted.status, deleted.body.error.code]).toEqual([409, 'PKG10007']);
    expect(deleted.body.error.message).toContain(`task ${plan.taskId}`);
    await api.store.locks.release(plan.taskId);
  });

  test.each([
    ['another release of its version', 'running', { shortRpmName: 'obproxy-ce-4.3.1.0-5' }],
    ['a named system', 'unknownPackage', { packageOperatingSystem: 'el8' }],
    ['a stop and a start of what cannot hand over', 'unit', { hotRestart: false }],
    [
      'a stop and a start of an old version',
      'ancient',
      { shortRpmName: 'obproxy-ce-3.2.0.9-1', hotRestart: false },
    ],
    ['an upgrade that can be rolled back', 'running', { prohibitRollback: false }],
  ] as const)('is accepted for %s, by a dry run that leaves nothing behind', async (_, server, more) => {
    const before = await api.traces();
    const answer = await api.send('POST', `${path()()}?dryRun=true`, only(server, more)());
    expect(answer.body.error).toBeUndefined();
    expect(answer.body.data.id).toBe(-1);
    // Nobody can be reached here, and that is what was found.
    expect(answer.body.data.findings).toContainEqual(
      expect.objectContaining({ level: 'ERROR', message: expect.stringContaining('log in') }),
    );
    expect(await api.traces()).toEqual(before);
  });

  test('knows the form of names', () => {
    expect(['obproxy-1.8.4-1915266', SHORT, 'obproxy-ce-4.3.1.0-4'].every(isShortRpmName)).toBe(true);
    expect(['obproxy', 'obproxy-ce', 'obproxy-4.3.1.0', '4.3.1.0-4'].some(isShortRpmName)).toBe(false);
  });
});
