/** Linking OBProxy clusters to OceanBase clusters, on proxies that run. */

import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import { obproxyClusterLock } from '../../operations/locks';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import {
  type InstallTask,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type Worker,
  type World,
} from '../activities/world';
import { plan } from '../store/plan';
import { describeIf } from '../support/skip';
import { type Json, startTestApi, type TestApi } from './harness';

const golden = (name: string): Json =>
  jest.requireActual<Json>(`../../operations/samples/${name}.response.json`);

describeIf(fleetUnavailable(), 'obLinks of an OBProxy cluster', () => {
  let world: World;
  let api: TestApi;
  let worker: Worker;
  let hooray: Observer;
  let fixed = 0;
  const proxies: InstallTask[] = [];

  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    worker = world.newWorker();
    api = await startTestApi({ dataDir: world.folder });
    for (const index of [0, 1]) {
      const task = await world.install(index, {
        ...{ rpm: OBPROXY_4_3, workMode: 'CONFIG_URL', linked: false },
        ...(index === 0 ? {} : { clusterId: proxies[0]!.clusterId }),
      });
      await task.chain();
      await close(task);
      proxies.push(task);
      await world.store.obproxy.setServerParameterVersion(task.serverId, 1);
    }
    hooray = await startObserver({
      ...{ host: world.fleet.gateway, port: 0, clusterName: 'hooray', obClusterId: 1 },
      users: { 'root@sys': PLANTED.root, 'proxyro@sys': PLANTED.proxyro },
    });
    await declare('hooray', 1, hooray.port);
    fixed = await rsListCluster();
  }, 180_000);
  afterAll(async () => {
    await api?.stop();
    await worker?.stop();
    await hooray?.stop();
    await world?.stop();
  }, 60_000);

  const close = ({ taskId }: InstallTask) =>
    world.store.tasks.applyStateChange({
      ...{ taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
  const rsListCluster = () =>
    world.store.obproxy.addCluster({
      ...{ name: 'fixed', address: null, port: null, workMode: 'RS_LIST', runUser: 'admin' },
      ...{ startupParameters: [], parameters: [], proxysysPassword: PLANTED.proxysys },
      creator: { id: 100, name: 'admin' },
      links: [{ clusterId: world.obClusterId, username: 'proxyro' }],
    });
  const credential = async (name: string) => (await world.store.credentials.find(name))!.id;
  async function declare(name: string, obClusterId: number, sqlPort: number, proxyro = 'proxyro') {
    const { id } = await world.store.obClusters.put({
      ...{ name, obClusterId, version: '4.2.1.0', type: 'PRIMARY' },
      rootServers: [{ ip: world.fleet.gateway, sqlPort, rpcPort: 2882 }],
      sysCredentialId: await credential('sys'),
      proxyroCredentialId: await credential(proxyro),
    });
    return id;
  }
  const path = (cluster = proxies[0]!.clusterId) => `/api/v2/obproxy/clusters/${cluster}/obLinks`;
  const add = (body: unknown, cluster?: number) => api.send('POST', `${path(cluster)}/batchAdd`, body);
  const remove = (name: string, cluster?: number) =>
    api.send('DELETE', `${path(cluster)}/${encodeURIComponent(name)}`);
  const cluster = async () => (await api.store.obproxy.findCluster(proxies[0]!.clusterId))!;
  const linked = async () =>
    (await cluster()).obLinks.map(({ clusterName, username }) => [clusterName, username]);
  const outcomes = (answer: Json) =>
    (answer.body.data?.contents ?? []).map((one: Json) => [one.obproxyServerId, one.outcome]);

  async function shownBy<T>(
    { host, serverId }: InstallTask,
    ask: (admin: Awaited<ReturnType<typeof openObproxyAdmin>>) => Promise<T>,
  ): Promise<T> {
    const { hostId } = (await world.store.obproxy.findServer(serverId))!;
    const opened = await worker.hosts.open({
      ...{ hostId, ip: host.ip, sshPort: 22, username: 'root' },
      auth: { kind: 'key', privateKey: world.fleet.privateKey },
    });
    const admin = await openObproxyAdmin({
      ...{ where: host.ip, password: PLANTED.proxysys, open: () => opened.tunnel(2883) },
    });
    try {
      return await ask(admin);
    } finally {
      admin.close();
    }
  }

  const asDocumented = ({ traceId, timestamp, server, duration, ...fields }: Json) => fields;

  test.each([
    ['an unknown OBProxy cluster', () => add([{ clusterName: 'obcluster' }], 4711), 404, 'ODP21001', '4711'],
    ['an unknown OceanBase cluster', () => add([{ clusterName: 'nowhere' }]), 404, 'OBE11002', 'nowhere'],
    [
      'another id',
      () => add([{ clusterName: 'obcluster', obClusterId: 9 }]),
      404,
      'OBE11002',
      'obClusterId 1',
    ],
    ['no link', () => add([]), 400, 'COM10001', 'at least one'],
    ['no list', () => add({ obLinks: 'x' }), 400, 'COM10001', 'obLinks'],
    ['nothing', () => add(undefined), 400, 'COM10001', ''],
    ['a link without a name', () => add({ username: 'proxyro' }), 400, 'COM10001', 'clusterName'],
    [
      'a user that is none',
      () => add([{ clusterName: 'obcluster', username: "x' or 1" }]),
      400,
      'COM10001',
      '[0].username',
    ],
    [
      'one twice',
      () => add([{ clusterName: 'hooray' }, { clusterName: 'hooray' }]),
      400,
      'COM10001',
      '[1].clusterName',
    ],
    [
      'the same by its id',
      () => add([{ clusterName: 'hooray' }, { clusterName: 'hooray', obClusterId: 1 }]),
      400,
      'COM10001',
      'second time',
    ],
    ['a cluster by RS_LIST', () => add([{ clusterName: 'hooray' }], fixed), 400, 'ODP21107', 'RS_LIST'],
    ['to unlink what is not linked', () => remove('hooray'), 404, 'OBE11002', 'obLinks'],
    ['to unlink the link of RS_LIST', () => remove('obcluster', fixed), 400, 'ODP21107', 'RS_LIST'],
    ['to unlink in an unknown cluster', () => remove('hooray', 4711), 404, 'ODP21001', '4711'],
  ])('refused: %s, and nothing is left behind', async (_, ask, status, code, says) => {
    const before = [await api.traces(), await cluster()];
    const { status: is, body } = await ask();
    expect([is, body.error?.code]).toEqual([status, code]);
    expect(JSON.stringify(body.error)).toContain(says);
    expect([await api.traces(), await cluster()]).toEqual(before);
  });

  test('refused while a task works on the cluster', async () => {
    const taskId = await world.store.sequences.next('task');
    await world.store.tasks.add({ plan: plan(taskId), workflowType: 'addObproxy' });
    await world.store.locks.take(taskId, [obproxyClusterLock(proxies[0]!.clusterId)], [taskId]);
    const answer = await add([{ clusterName: 'hooray' }]);
    expect([answer.status, answer.body.error.code]).toEqual([409, 'ODP21010']);
    expect(answer.body.error.message).toContain(`task ${taskId}`);
    await world.store.tasks.applyStateChange({
      ...{ taskId, status: 'FAILED', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
    expect(await linked()).toEqual([]);
  });

  test('refused when OceanBase refuses the user, and when it cannot be asked: two answers, nothing stored', async () => {
    await world.store.credentials.put({
      ...{ name: 'wrong', kind: 'DATABASE', username: 'proxyro@sys', secret: 'Planted.WRONG.77' },
    });
    await declare('refuses', 5, hooray.port, 'wrong');
    await declare('silent', 6, 1);
    const no = await add([{ clusterName: 'refuses' }]);
    expect([no.status, no.body.error.code]).toEqual([400, 'ODP21006']);
    const unasked = await add([{ clusterName: 'silent' }]);
    expect([unasked.status, unasked.body.error.code]).toEqual([503, 'OBE11028']);
    expect(no.text + unasked.text).not.toContain('Planted');
    expect(await linked()).toEqual([]);
  });

  test.each([
    ['a list', [{ username: 'proxyro', clusterName: 'obcluster', obClusterId: 1 }]],
    [
      'an object with obLinks',
      { obLinks: [{ username: 'proxyro', clusterName: 'obcluster', obClusterId: 1 }] },
    ],
    ['one link', { username: 'proxyro', clusterName: 'obcluster', obClusterId: 1 }],
  ])(
    '%s links the cluster: every proxy has password and cluster, and the answer is the sample',
    async (_, body) => {
      const { parameterVersion } = await cluster();
      const answer = await add(body);
      expect(answer.body.error).toBeUndefined();
      expect(asDocumented(answer.body)).toEqual({ ...asDocumented(golden('add-ob-links')) });
      expect(await linked()).toEqual([['obcluster', 'proxyro']]);
      for (const proxy of proxies) {
        const hash = await shownBy(proxy, (admin) =>
          admin.clusterValue('obcluster', 'observer_sys_password'),
        );
        expect(hash).toBe(sha1Hex(PLANTED.proxyro));
        const server = await world.store.obproxy.findServer(proxy.serverId);
        expect(server?.parameterVersion).toBe((await cluster()).parameterVersion);
      }
      // The first one has changed it, the others found it so.
      expect((await cluster()).parameterVersion).toBe(Math.max(2, parameterVersion));
    },
  );

  test('another user of a link that is there takes the place of the former one', async () => {
    await add([{ clusterName: 'obcluster', username: 'proxyro' }]);
    const version = (await cluster()).parameterVersion;
    const answer = await add([{ clusterName: 'obcluster', username: 'reader' }]);
    expect([answer.status, await linked()]).toEqual([200, [['obcluster', 'reader']]]);
    expect((await cluster()).parameterVersion).toBe(version + 1);
    await add([{ clusterName: 'obcluster', username: 'proxyro' }]);
  });

  test('a proxy that cannot be told is named, the others are not kept back, and the same request brings it along', async () => {
    const [up, down] = proxies;
    await down!.host.sh(`kill -STOP ${down!.host.pids('obproxy').join(' ')}`);
    const answer = await add([{ clusterName: 'hooray' }]);
    expect(answer.status).toBe(200);
    // The config server of this test never lists it: the proxy learns when it does.
    expect(outcomes(answer)).toEqual([
      [up!.serverId, 'TOLD'],
      [down!.serverId, 'FAILED'],
    ]);
    expect(answer.body.data.contents[0].message).toContain('config_server_refresh_interval');
    expect(answer.text).not.toContain('Planted');
    expect((await linked()).map(([name]) => name)).toEqual(['obcluster', 'hooray']);
    const versions = (await cluster()).servers.map((server) => server.parameterVersion);
    expect(versions[0]).toBe((await cluster()).parameterVersion);
    expect(versions[1]).toBe((await cluster()).parameterVersion - 1);
    const chinese = await api.send('POST', `${path()}/batchAdd`, [{ clusterName: 'hooray' }], {
      'accept-language': 'zh-CN',
    });
    expect(chinese.body.data.contents[1].message).toMatch(/未能告知/);

    await down!.host.sh(`kill -CONT ${down!.host.pids('obproxy').join(' ')}`);
    expect(outcomes(await add([{ clusterName: 'hooray' }]))).toEqual([
      [up!.serverId, 'TOLD'],
      [down!.serverId, 'TOLD'],
    ]);
    expect(await shownBy(down!, (admin) => admin.clusterValue('hooray', 'observer_sys_password'))).toBe(
      sha1Hex(PLANTED.proxyro),
    );
  }, 60_000);

  test('unlinking answers the sample when no proxy knows the cluster any more, and says which still do', async () => {
    const gone = await remove('hooray');
    expect(asDocumented(gone.body)).toEqual(asDocumented(golden('delete-ob-link')));
    expect((await linked()).map(([name]) => name)).toEqual(['obcluster']);
    const last = await remove('obcluster');
    expect(outcomes(last)).toEqual(proxies.map(({ serverId }) => [serverId, 'TOLD']));
    expect(last.body.data.contents[0].message).toContain('the last cluster');
    expect(await linked()).toEqual([]);
    const audited = await api.send('GET', '/api/v2/audit/events?size=20');
    expect(JSON.stringify(audited.body)).toMatch(/unlink obcluster: 0 sessions open/);
    expect(JSON.stringify(audited.body)).toContain('link hooray');
    expect((await remove('obcluster')).status).toBe(404);
  });
});
