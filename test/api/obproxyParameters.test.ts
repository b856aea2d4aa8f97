/** Metadata, values and changes of parameters, and the password of root@proxysys, asked of proxies that run. */
import { obproxyClusterLock } from '../../operations/locks';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type InstallTask, OBPROXY_4_3, PLANTED, startWorld, type World } from '../activities/world';
import { plan } from '../store/plan';
import { describeIf } from '../support/skip';
import { type Json, startTestApi, type TestApi } from './harness';

const golden = (name: string): Json =>
  jest.requireActual<Json>(`../../operations/samples/${name}.response.json`);
const keysOf = (value: Json): string[] => Object.keys(value).sort();
const NEW = 'nnEE33..planted';

describeIf(fleetUnavailable(), 'parameters and password of an OBProxy cluster', () => {
  let world: World;
  let api: TestApi;
  const proxies: InstallTask[] = [];
  let empty = 0;

  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    api = await startTestApi({ dataDir: world.folder });
    for (const index of [0, 1]) {
      const task = await world.install(index, {
        rpm: OBPROXY_4_3,
        parameters: [{ name: 'query_digest_time_threshold', value: '200ms' }],
        ...(index === 0 ? {} : { clusterId: proxies[0]!.clusterId }),
      });
      await task.chain();
      await world.store.tasks.applyStateChange({
        ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 9 },
      });
      proxies.push(task);
    }
    empty = await world.store.obproxy.addCluster({
      ...{ name: 'empty', address: null, port: null, workMode: 'CONFIG_URL', runUser: 'admin' },
      ...{ startupParameters: [], parameters: [], proxysysPassword: PLANTED.proxysys, links: [] },
      creator: { id: 100, name: 'admin' },
    });
  }, 180_000);
  afterAll(async () => {
    await api?.stop();
    await world?.stop();
  }, 60_000);

  const path = (cluster = proxies[0]!.clusterId) => `/api/v2/obproxy/clusters/${cluster}`;
  const info = async (query = ''): Promise<Json[]> =>
    (await api.send('GET', `/api/v2/obproxy/parameterInfo${query}`)).body.data.contents;
  const values = async (): Promise<Json> => (await api.send('GET', `${path()}/parameters`)).body.data;
  const put = (body: unknown, cluster?: number, query = '') =>
    api.send('PUT', `${path(cluster)}/parameters${query}`, body);
  const change = (body: unknown, cluster?: number) => api.send('POST', `${path(cluster)}/password`, body);
  const refresh = (ids: unknown, cluster?: number) =>
    api.send('POST', `${path(cluster)}/servers/refresh`, { obproxyServerIds: ids });
  const cluster = async () => (await api.store.obproxy.findCluster(proxies[0]!.clusterId))!;
  const stop = (one: InstallTask) => one.host.sh(`kill -STOP ${one.host.pids('obproxy').join(' ')}`);
  const go = (one: InstallTask) => one.host.sh(`kill -CONT ${one.host.pids('obproxy').join(' ')}`);

  test('parameterInfo has the fields of the sample, with types, ranges and defaults as the proxy has them', async () => {
    const all = await info();
    const sample = golden('obproxy-parameter-info').data.contents[0];
    expect(all.length).toBeGreaterThan(50);
    for (const one of all) expect(keysOf(one)).toEqual(keysOf(sample));
    const named = new Map(all.map((one) => [one.name, one]));
    expect(named.get('net_accept_threads')).toMatchObject({
      ...{ type: 'INT', allowedStringValues: '[0,8]', minValue: '0', maxValue: '8', defaultValue: '2' },
      ...{ needRestart: true, readonly: false, version: '4.3.1.0', explanation: null },
    });
    expect(named.get('config_server_refresh_interval')).toMatchObject({ type: 'TIME', minValue: '10s' });
    expect(named.get('log_dir_size_threshold')).toMatchObject({ type: 'CAPACITY', maxValue: '1TB' });
    expect(named.get('enable_prometheus')).toMatchObject({
      ...{ type: 'BOOL', allowedStringValues: '[]', minValue: 'false', maxValue: 'true' },
      defaultValue: 'true',
    });
    // Changed, so nobody can tell what it was made with.
    expect(named.get('query_digest_time_threshold')).toMatchObject({ type: 'TIME', defaultValue: null });
    for (const name of ['proxy_local_cmd', 'listen_port', 'obproxy_sys_password', 'json_config_version']) {
      expect(named.get(name)).toMatchObject({ readonly: true });
    }
    expect(await info('?name=syslog_level')).toMatchObject([{ name: 'syslog_level' }]);
    expect(await info('?name=syslog')).toEqual([]);
    expect((await info('?version=4.3.1.0')).length).toBe(all.length);
    expect(await info('?version=1.9.1')).toEqual([]);
  });

  test('the list has the fields of the sample, every value with the proxies that have it, and no password', async () => {
    const { contents, silent } = await values();
    const sample = golden('obproxy-cluster-parameters').data.contents[0];
    expect(silent).toBeUndefined();
    for (const one of contents) {
      expect(keysOf(one)).toEqual(keysOf(sample));
      expect(keysOf(one.values[0])).toEqual(keysOf(sample.values[0]));
    }
    const named = (name: string) => contents.find((one: Json) => one.name === name);
    const ips = proxies.map(({ host }) => host.ip);
    expect(named('query_digest_time_threshold')).toMatchObject({
      ...{ valueString: '200ms', needReboot: false, values: [{ value: '200ms', obproxies: ips }] },
    });
    expect(named('obproxy_sys_password')).toMatchObject({ valueString: '***' });
    expect(JSON.stringify(contents)).not.toMatch(/[0-9a-f]{40}/);
  });

  test('what differs between proxies stands there twice, and who is silent is named', async () => {
    const [one, other] = proxies;
    await alterByHand(other!, 'slow_transaction_time_threshold', '3s');
    const found = (await values()).contents.find((p: Json) => p.name === 'slow_transaction_time_threshold');
    expect(found).toMatchObject({
      valueString: '1s,3s',
      values: [
        { value: '1s', obproxies: [one!.host.ip] },
        { value: '3s', obproxies: [other!.host.ip] },
      ],
    });
    await stop(other!);
    const { contents, silent } = await values();
    expect(contents.length).toBeGreaterThan(50);
    expect(silent).toMatchObject([{ obproxyServerId: other!.serverId, ip: other!.host.ip }]);
    await stop(one!);
    const stored = await values();
    expect(stored.contents).toEqual([
      {
        ...{ name: 'query_digest_time_threshold', description: '', needReboot: false },
        ...{ valueString: '200ms', values: [{ value: '200ms', obproxies: [] }] },
      },
    ]);
    expect(stored.silent).toHaveLength(2);
    const refused = await put([{ name: 'syslog_level', value: 'WARN' }]);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'ODP10001']);
    expect(refused.body.error.message).toContain(one!.host.ip);
    await go(one!);
    await go(other!);
  }, 60_000);

  async function alterByHand(task: InstallTask, name: string, value: string): Promise<void> {
    const { openObproxyAdmin } = await import('../../oceanbase/obproxyAdmin');
    const worker = world.newWorker();
    const server = (await world.store.obproxy.findServer(task.serverId))!;
    const host = await worker.hosts.open({
      ...{ hostId: server.hostId, ip: task.host.ip, sshPort: 22, username: 'root' },
      auth: { kind: 'key', privateKey: world.fleet.privateKey },
    });
    const admin = await openObproxyAdmin({
      ...{ where: host.ip, password: PLANTED.proxysys, open: () => host.tunnel(2883) },
    });
    await admin.alter(name, value);
    admin.close();
    await worker.stop();
  }

  const one = (name: string, value: unknown) => [{ name, value }];
  test.each<[string, () => Promise<Json>, number, string, string]>([
    ['an unknown cluster', () => put(one('syslog_level', 'WARN'), 4711), 404, 'ODP21001', '4711'],
    ['a cluster without proxies', () => put(one('syslog_level', 'WARN'), empty), 400, 'ODP21115', 'empty'],
    ['no parameter', () => put([]), 400, 'COM10001', 'at least one'],
    ['nothing', () => put({}), 400, 'COM10001', 'parameters'],
    ['a text', () => put('syslog_level'), 400, 'COM10003', ''],
    ['an unknown name', () => put(one('no_such_thing', '1')), 400, 'COM10001', '[0].name'],
    [
      'an unknown name in an object',
      () => put({ parameters: one('no_such_thing', '1') }),
      400,
      'COM10001',
      'parameters[0].name',
    ],
    ['a name that is none', () => put(one("x'; drop", '1')), 400, 'COM10001', '[0].name'],
    [
      'one twice',
      () => put([...one('syslog_level', 'WARN'), ...one('syslog_level', 'INFO')]),
      400,
      'COM10001',
      '[1].name',
    ],
    [
      'one twice in another spelling',
      () => put([...one('syslog_level', 'WARN'), ...one('SYSLOG_LEVEL', 'INFO')]),
      400,
      'COM10001',
      '[1].name',
    ],
    ['a number as JSON', () => put(one('net_accept_threads', 4)), 400, 'COM10001', '[0].value'],
    ['a text for a number', () => put(one('net_accept_threads', 'many')), 400, 'COM10001', 'INT'],
    ['a number out of range', () => put(one('net_accept_threads', '9')), 400, 'COM10001', '[0,8]'],
    [
      'a time that is none',
      () => put(one('config_server_refresh_interval', '10 years')),
      400,
      'COM10001',
      'TIME',
    ],
    [
      'a time out of range',
      () => put(one('config_server_refresh_interval', '9s')),
      400,
      'COM10001',
      '[10s,1d]',
    ],
    ['a size out of range', () => put(one('log_dir_size_threshold', '2TB')), 400, 'COM10001', '1TB'],
    ['a word for a boolean', () => put(one('enable_prometheus', 'maybe')), 400, 'COM10001', 'BOOL'],
    ['a value with a quote', () => put(one('init_sql', "select 'x'")), 400, 'COM10001', '[0].value'],
    ['a hidden command', () => put(one('refresh_rslist', 'true')), 400, 'ODP21105', 'read-only'],
    ['what is computed', () => put(one('json_config_version', 'x')), 400, 'ODP21105', 'read-only'],
    ['what the cluster owns', () => put(one('listen_port', '2900')), 400, 'COM10001', 'sqlPort'],
    ['a password', () => put(one('obproxy_sys_password', 'x')), 400, 'COM10001', 'password'],
    [
      'restart that is no boolean',
      () => put({ parameters: one('syslog_level', 'WARN'), restart: 'yes' }),
      400,
      'COM10001',
      'restart',
    ],
    ['to refresh nobody', () => refresh([]), 400, 'COM10001', 'obproxyServerIds'],
    [
      'to refresh one twice',
      () => refresh([proxies[0]!.serverId, proxies[0]!.serverId]),
      400,
      'COM10001',
      'second time',
    ],
    ['to refresh an unknown one', () => refresh([4711]), 404, 'ODP21002', '4711'],
    [
      'to refresh one of another cluster',
      () => refresh([proxies[0]!.serverId], empty),
      400,
      'ODP21015',
      'belongs to',
    ],
    ['a password for an unknown cluster', () => change({ password: NEW }, 4711), 404, 'ODP21001', '4711'],
    ['a password without proxies', () => change({ password: NEW }, empty), 400, 'ODP21115', 'empty'],
    ['no password', () => change({}), 400, 'COM10001', 'password'],
    ['a weak password', () => change({ password: 'Planted.weak' }), 400, 'ODP21106', 'digits'],
    ['a password with a quote', () => change({ password: "aaBB11..'x" }), 400, 'ODP21106', 'password'],
    ['another user', () => change({ username: 'proxyro', password: NEW }), 400, 'COM10001', 'username'],
  ])('refused: %s, and nothing is left behind', async (_, ask, status, code, says) => {
    const before = [await api.traces(), await cluster()];
    const { status: is, body, text } = await ask();
    expect([is, body.error?.code]).toEqual([status, code]);
    expect(JSON.stringify(body.error)).toContain(says);
    expect(text).not.toMatch(/anted|planted/);
    expect([await api.traces(), await cluster()]).toEqual(before);
  });

  test.each([
    ['parameters', () => put([{ name: 'syslog_level', value: 'WARN' }])],
    ['refresh', () => refresh([proxies[0]!.serverId])],
    ['password', () => change({ password: NEW })],
  ])('%s: refused while a task works on the cluster, and for proxies that do not run', async (_, ask) => {
    const taskId = await world.store.sequences.next('task');
    await world.store.tasks.add({ plan: plan(taskId), workflowType: 'addObproxy' });
    await world.store.locks.take(taskId, [obproxyClusterLock(proxies[0]!.clusterId)], [taskId]);
    const held = await ask();
    expect([held.status, held.body.error.code]).toEqual([409, 'ODP21010']);
    await world.store.tasks.applyStateChange({
      ...{ taskId, status: 'FAILED', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
    const statuses = async (status: 'STOPPED' | 'RUNNING') => {
      for (const { serverId } of proxies) {
        await world.store.work.settle({ kind: 'obproxyServer', id: serverId }, 1, status);
      }
    };
    await statuses('STOPPED');
    const stopped = await ask();
    await statuses('RUNNING');
    expect([stopped.status, stopped.body.error.code]).toEqual([400, 'ODP21017']);
    expect(stopped.text).toContain('RUNNING');
    expect(await api.store.obproxy.proxysysPasswords(proxies[0]!.clusterId)).toEqual([PLANTED.proxysys]);
  });

  test('a dry run says what would be set and what would wait, and stores nothing', async () => {
    const before = [await api.traces(), await cluster()];
    const body = [
      { name: 'net_accept_threads', value: '4' },
      { name: 'syslog_level', value: 'WARN' },
    ];
    const { status, body: answer } = await put(body, undefined, '?dryRun=true');
    expect(status).toBe(200);
    const said = answer.data.findings.map((one: Json) => `${one.level} ${one.message}`).join('\n');
    expect(said).toMatch(/WARN net_accept_threads take effect when an OBProxy restarts/);
    expect(said).toMatch(/INFO 2 parameters would be set: .*syslog_level/);
    expect(said).toMatch(/WARN net_accept_threads: the process works with 2 until it restarts; 4 is stored/);
    const restart = { parameters: body, restart: true, hotRestart: true };
    const hot = (await put(restart, undefined, '?dryRun=true')).body.data;
    expect(hot.subtasks.map((subtask: Json) => subtask.name)).toContain('Restart obproxy process');
    const looked = await api.send('POST', `${path()}/password?dryRun=true`, { password: NEW });
    expect(looked.body.data.findings).toHaveLength(2);
    expect(looked.text).not.toContain(NEW);
    expect([await api.traces(), await cluster()]).toEqual(before);
    expect(await api.store.obproxy.proxysysPasswords(proxies[0]!.clusterId)).toEqual([PLANTED.proxysys]);
  });

  test('an accepted change says what waits for a restart, and its task and audit hold no secret', async () => {
    const accepted = await put([{ name: 'net_accept_threads', value: '4' }]);
    expect(accepted.body.data).toMatchObject({ name: 'Modify obproxy parameters', status: 'RUNNING' });
    expect(accepted.body.data.findings).toMatchObject([
      { level: 'WARN', message: expect.stringContaining('net_accept_threads') },
    ]);
    await closed(accepted.body.data.id);
    const changed = await change({ username: 'root@proxysys', password: NEW });
    expect(changed.body.data).toMatchObject({ name: 'Modify obproxy password', status: 'RUNNING' });
    expect(changed.text).not.toContain(NEW);
    expect(JSON.stringify(api.started)).not.toContain(NEW);
    expect(await api.store.obproxy.proxysysPasswords(proxies[0]!.clusterId)).toEqual([PLANTED.proxysys, NEW]);
    const task = await api.send('GET', `/api/v2/tasks/instances/${changed.body.data.id}`);
    expect(task.text).not.toContain(NEW);
    const audited = await api.send('GET', '/api/v2/audit/events?size=20');
    expect(audited.text).toContain('parameters net_accept_threads');
    expect(audited.text).not.toContain(NEW);
    await closed(changed.body.data.id);
  });

  const closed = (taskId: number) =>
    world.store.tasks.applyStateChange({
      ...{ taskId, status: 'FAILED', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
});
