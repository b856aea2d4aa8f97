import { givenHost, givenPackage, givenProxyCluster, type Json, startTestApi, type TestApi } from './harness';

let api: TestApi;
let clusterId: number;
let hostIds: number[];
let tasks: Json[];

beforeAll(async () => {
  api = await startTestApi();
  clusterId = await givenProxyCluster(api.store, 'test');
  hostIds = [await givenHost(api.store, '10.6.0.1'), await givenHost(api.store, '10.6.0.2')];
  await givenPackage(api.store, { version: '1.9.1.1', release: '1919579.el7' });
  const answer = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, {
    hostIds,
    sqlPort: 2883,
    exportPort: 2884,
    version: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
  });
  tasks = answer.body.data.contents;
});
afterAll(() => api.stop());

const list = (query: string) => api.send('GET', `/api/v2/tasks/instances${query}`);
const ids = ({ body }: { body: Json }) => body.data.contents.map((task: Json) => task.id);

describe('the list of tasks', () => {
  test('is sorted by id, the newest first, unless asked otherwise', async () => {
    const [first, second] = tasks.map((task) => task.id);
    expect(ids(await list(''))).toEqual([second, first]);
    expect(ids(await list('?sort=id,asc'))).toEqual([first, second]);
    expect((await list('?size=1&page=2')).body.data.page).toEqual({
      number: 2,
      size: 1,
      totalElements: 2,
      totalPages: 2,
    });
  });

  test.each([
    ['?name=obprox', 2],
    ['?name=nothing', 0],
    ['?status=RUNNING', 2],
    ['?status=FAILED,RUNNING', 2],
    ['?status=FAILED&status=RUNNING', 2],
    ['?status=FAILED,SUCCESSFUL', 0],
    ['?type=MANUAL', 2],
    ['?type=SYS_ONCE', 0],
    ['?type=SYS_ONECE', 0],
    ['?cluterName=x', 0],
    ['?clusterName=x', 0],
    ['?clusterId=1', 0],
    ['?clusterId=1&tenantName=t', 0],
    ['?tenantId=1', 0],
    ['?status=', 2],
    ['?name=%25', 0],
    ["?name=';drop%20table%20tasks--", 0],
  ])('understands %s', async (query, count) => {
    const answer = await list(query);
    expect(answer.status).toBe(200);
    expect(ids(answer)).toHaveLength(count);
  });

  test('finds the tasks of a host', async () => {
    expect(ids(await list(`?hostId=${hostIds[1]}`))).toEqual([tasks[1].id]);
  });

  test('refuses a status that no task can have, naming it', async () => {
    const { status, body } = await list('?status=FAILED,NOPE');
    expect([status, body.error.code]).toEqual([400, 'COM10001']);
    expect(body.error.subErrors).toEqual([
      { field: 'status[1]', message: 'must be one of RUNNING, FAILED, SUCCESSFUL' },
    ]);
  });

  test.each(['?type=OTHER', '?hostId=x', '?hostId=9007199254740993', '?tenantName=t', '?name=%00'])(
    'refuses %s',
    async (query) => {
      const answer = await list(query);
      expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
    },
  );
});

describe('a subtask', () => {
  const logOf = async (subtaskId: number) =>
    api.send('GET', `/api/v2/tasks/instances/${tasks[0].id}/subtasks/${subtaskId}/log`);

  test('has an empty log before its first run, then one segment a run with the documented separator', async () => {
    const subtaskId = tasks[0].subtasks[5].id;
    expect((await logOf(subtaskId)).body.data).toEqual({ log: '', offset: 0 });
    const line = (run: number, operation: string, text: string, level: 'INFO' | 'ERROR' = 'INFO') => ({
      subtaskId,
      run,
      operation,
      time: `2026-01-01T00:00:0${run}.250Z`,
      level,
      text,
    });
    await api.store.tasks.appendLog(tasks[0].id, [
      line(1, 'EXECUTE', 'Starting obproxy'),
      line(1, 'EXECUTE', 'port 2883 is taken', 'ERROR'),
      line(2, 'RETRY', 'Starting obproxy'),
    ]);
    const { log } = (await logOf(subtaskId)).body.data;
    const lines = log.split('\n');
    const separator = /^#{12}\{(EXECUTE|RETRY)\}\{\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.250[+-]\d\d:\d\d\}#{12}$/;
    expect(lines.filter((text: string) => separator.test(text))).toHaveLength(2);
    expect(lines[0]).toMatch(separator);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.250 {2}INFO : Starting obproxy$/);
    expect(lines[2]).toContain('ERROR : port 2883 is taken');
    expect(lines[3]).toMatch(/\{RETRY\}/);
  });

  test('of another task, or of none, is not found', async () => {
    for (const path of [
      `/api/v2/tasks/instances/${tasks[0].id}/subtasks/${tasks[1].subtasks[0].id}/log`,
      `/api/v2/tasks/instances/999999/subtasks/1/log`,
    ]) {
      const { status, body } = await api.send('GET', path);
      expect([status, body.error.code]).toEqual([404, 'TSK10001']);
    }
    for (const path of ['/api/v2/tasks/instances/999999', '/api/v2/tasks/999999']) {
      expect((await api.send('GET', path)).body.error.code).toBe('TSK10001');
    }
    const retry = await api.send('POST', '/api/v2/tasks/instances/999999/retry');
    expect([retry.status, retry.body.error.code]).toEqual([404, 'TSK10001']);
  });

  test('is retried under the request id of the client, by the user who asked', async () => {
    const subtaskId = tasks[0].subtasks[0].id;
    const path = `/api/v2/tasks/instances/${tasks[0].id}/subtasks/${subtaskId}/retry`;
    await api.send('POST', path, undefined, { 'x-request-id': 'mine-1' });
    expect(api.commands.at(-1)).toEqual({
      taskId: tasks[0].id,
      subtaskId,
      requestId: 'mine-1',
      from: '127.0.0.1',
      who: 'admin',
    });
    await api.send('POST', `/api/v2/tasks/instances/${tasks[0].id}/retry`);
    expect(api.commands.at(-1)).toMatchObject({ taskId: tasks[0].id, who: 'admin' });
    const bad = await api.send('POST', path, undefined, { 'x-request-id': 'a b' });
    expect(bad.status).toBe(400);
  });
});

test('Prometheus gets a bare array of targets', async () => {
  const [server] = (await api.store.obproxy.findCluster(clusterId))!.servers;
  await api.store.obproxy.putExporter({
    obproxyServerId: server!.id,
    target: '10.6.0.1:2884',
    labels: { job: 'obproxy', cluster: 'test' },
  });
  const targets = async () => (await api.send('GET', '/api/v2/prometheus/targets')).body;
  const target = { targets: ['10.6.0.1:2884'], labels: { job: 'obproxy', cluster: 'test' } };
  expect(await targets()).toEqual([target]);

  // One that is dead stays a target, or nobody would be alerted; one that was stopped is silent on purpose.
  const object = { kind: 'obproxyServer', id: server!.id } as const;
  for (const [status, expected] of [
    ['UNAVAILABLE', [target]],
    ['STOPPED', []],
    ['RUNNING', [target]],
  ] as const) {
    await api.store.work.settle(object, server!.taskId, status);
    expect([status, await targets()]).toEqual([status, expected]);
  }
});

test('lists and documents have what was seen beside what is recorded', async () => {
  const [server] = (await api.store.obproxy.findCluster(clusterId))!.servers;
  await api.store.tasks.applyStateChange({
    ...{ taskId: server!.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 99 },
  });
  const time = '2026-11-01T00:00:00.000Z';
  await api.store.observations.record([
    {
      ...{
        kind: 'obproxyServer',
        id: server!.id,
        time,
        state: 'GONE',
        by: 'SSH',
        reason: 'its process is gone',
      },
    },
    { ...{ kind: 'host', id: server!.hostId, time, state: 'UNKNOWN', by: null, reason: 'no route' } },
  ]);
  const seen = { since: expect.stringMatching(/^2026-1/), lookTime: expect.stringMatching(/^2026-1/) };
  const proxy = { state: 'GONE', by: 'SSH', reason: 'its process is gone', ...seen };
  const host = { state: 'UNKNOWN', reason: 'no route', ...seen };
  const document = (await api.send('GET', `/api/v2/obproxy/clusters/${clusterId}`)).body.data;
  expect(document.obproxies.find(({ id }: Json) => id === server!.id).observed).toEqual(proxy);
  const listed = (await api.send('GET', '/api/v2/obproxy/clusters')).body.data.contents;
  expect(listed.find(({ id }: Json) => id === clusterId).obproxies[0].observed).toEqual(proxy);
  const hostDocument = (await api.send('GET', `/api/v2/compute/hosts/${server!.hostId}`)).body.data;
  expect(hostDocument.observed).toEqual(host);
  const hosts = (await api.send('GET', '/api/v2/compute/hosts')).body.data.contents;
  expect(hosts.find(({ id }: Json) => id === server!.hostId).observed).toEqual(host);
});

test('info is bare JSON with the documented keys', async () => {
  const { body } = await api.send('GET', '/api/v2/info');
  expect(Object.keys(body)).toEqual(
    expect.arrayContaining([
      'name',
      'group',
      'artifact',
      'buildTime',
      'buildVersion',
      'buildJavaVersion',
      'springBootVersion',
    ]),
  );
});
