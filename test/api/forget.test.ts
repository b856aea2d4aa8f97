import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type InstallTask, startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { startTestApi, type TestApi } from './harness';

const KEEPER_PID = '/var/lib/obflow/obproxy/keeper.pid';

describeIf(fleetUnavailable(), 'POST …/obproxy/clusters/{id}/servers/forget', () => {
  let world: World;
  let api: TestApi;
  const proxies: InstallTask[] = [];

  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    api = await startTestApi({ dataDir: world.folder });
    for (const index of [0, 1]) {
      const task = await world.install(index, index === 0 ? {} : { clusterId: proxies[0]!.clusterId });
      await task.chain();
      await close(task);
      proxies.push(task);
    }
  });
  afterAll(async () => {
    await api?.stop();
    await world?.stop();
  });

  const close = ({ taskId }: InstallTask) =>
    world.store.tasks.applyStateChange({
      ...{ taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
  const path = () => `/api/v2/obproxy/clusters/${proxies[0]!.clusterId}/servers/forget`;
  const forget = (body: unknown, query = '') => api.send('POST', path() + query, body);
  const idsOf = async () =>
    (await api.store.obproxy.findCluster(proxies[0]!.clusterId))!.servers.map(({ id }) => id);
  const errorOf = (answer: Awaited<ReturnType<typeof forget>>) => [
    answer.status,
    answer.body.error.code,
    answer.body.error.message,
  ];
  const kill = ({ host }: InstallTask) =>
    host.sh(
      `kill $(cat ${KEEPER_PID}); ${host
        .pids('obproxy')
        .map((pid) => `kill -9 ${pid}`)
        .join('; ')}`,
    );

  test('refuses what it does not know, and leaves everything as it was', async () => {
    const [one] = proxies;
    expect(errorOf(await forget({ obproxyServerIds: [4711] }))).toEqual([
      404,
      'ODP21002',
      expect.stringContaining('4711'),
    ]);
    const unknown = await api.send('POST', '/api/v2/obproxy/clusters/4711/servers/forget', {
      obproxyServerIds: [one!.serverId],
    });
    expect(errorOf(unknown).slice(0, 2)).toEqual([404, 'ODP21001']);
    const foreign = await api.store.obproxy.addCluster({
      ...{ name: 'foreign', address: null, port: null, workMode: 'CONFIG_URL', runUser: 'admin' },
      ...{ startupParameters: [], parameters: [], proxysysPassword: 'Planted.AA11++xx', links: [] },
      creator: { id: 100, name: 'admin' },
    });
    const strange = await api.send('POST', `/api/v2/obproxy/clusters/${foreign}/servers/forget`, {
      obproxyServerIds: [one!.serverId],
    });
    expect(errorOf(strange).slice(0, 2)).toEqual([400, 'ODP21015']);
    for (const obproxyServerIds of [[], [one!.serverId, one!.serverId], ['1'], undefined]) {
      expect((await forget({ obproxyServerIds })).status).toBe(400);
    }
    expect(await idsOf()).toEqual(proxies.map(({ serverId }) => serverId));
  });

  test('refuses one that is alive, unless it is forced; a dry run forgets nothing', async () => {
    const [one] = proxies;
    const body = { obproxyServerIds: [one!.serverId] };
    expect(errorOf(await forget(body))).toEqual([409, 'ODP21016', expect.stringMatching(/alive.*force/)]);
    const dry = await forget({ ...body, force: true }, '?dryRun=true');
    expect(dry.body.data.contents).toMatchObject([
      { id: one!.serverId, observed: { state: 'ALIVE', by: 'METRICS' } },
    ]);
    expect(await idsOf()).toContain(one!.serverId);
  });

  test('refuses one that a task holds, also one that has FAILED', async () => {
    const [one] = proxies;
    const hostId = world.hostIds[0]!;
    await api.store.locks.take(one!.taskId, [`host:${hostId}:OB_PROXY`], []);
    const held = await forget({ obproxyServerIds: [one!.serverId], force: true });
    expect(errorOf(held)).toEqual([409, 'CMP07004', expect.stringContaining(`task ${one!.taskId}`)]);
    await api.store.locks.release(one!.taskId);
    expect(await idsOf()).toContain(one!.serverId);
  });

  test('forgets one whose process is gone, says what stays, and the host can be asked for again', async () => {
    const [one] = proxies;
    await kill(one!);
    await until('the process to be gone', () => one!.host.pids('obproxy').length === 0);
    const answer = await forget({ obproxyServerIds: [one!.serverId] });
    expect(answer.status).toBe(200);
    const [forgotten] = answer.body.data.contents;
    expect(forgotten).toMatchObject({
      id: one!.serverId,
      ip: one!.host.ip,
      observed: { state: 'GONE', by: 'SSH' },
    });
    const left: string[] = forgotten.leftBehind;
    expect(left.join('\n')).toMatch(/keeper\.sh, which does not run/);
    expect(left.join('\n')).toMatch(/package obproxy-ce-4\.3\.1\.0-4\.el7/);
    expect(left).toContainEqual(expect.stringContaining(`mv ${one!.home}/etc ${one!.home}/etc.forgotten`));
    expect(await idsOf()).toEqual([proxies[1]!.serverId]);
    const targets = await api.store.obproxy.listExporters();
    expect(targets.map(({ obproxyServerId }) => obproxyServerId)).toEqual([proxies[1]!.serverId]);
    const { contents } = await api.store.audit.list({}, { page: 1, size: 1 });
    expect(contents[0]).toMatchObject({
      ...{ command: 'forget', path: path(), status: 200, user: { name: 'admin' } },
      why: expect.stringContaining(`${one!.host.ip}:2883: GONE`),
    });

    // As the answer says; then the very chain of a batchAdd runs through on the same host.
    await one!.host.sh(`mv ${one!.home}/etc ${one!.home}/etc.forgotten`);
    const again = await world.install(0, { clusterId: one!.clusterId });
    await again.chain();
    expect(await api.store.obproxy.findServer(again.serverId)).toMatchObject({ status: 'RUNNING' });
    await close(again);
  });

  test('forgets one whose host is gone, and says that nobody could look', async () => {
    const two = proxies[1]!;
    await two.host.cut();
    try {
      const answer = await forget({ obproxyServerIds: [two.serverId] });
      expect(answer.status).toBe(200);
      const [forgotten] = answer.body.data.contents;
      expect(forgotten.observed).toMatchObject({ state: 'UNKNOWN' });
      expect(forgotten.leftBehind.join('\n')).toMatch(
        /nobody could look at the host[\s\S]*obproxy-ce[\s\S]*keeper/,
      );
    } finally {
      await two.host.heal();
    }
    expect(await idsOf()).not.toContain(two.serverId);
    expect(await api.store.obproxy.findServerOnHost(world.hostIds[1]!)).toBeUndefined();
  });
});
