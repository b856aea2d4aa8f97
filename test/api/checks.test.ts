import { freePort } from '../../runtime/ports';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type InstallTask, startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { givenHost, givenObCluster, startTestApi, type TestApi } from './harness';

const KEEPER_PID = '/var/lib/obflow/obproxy/keeper.pid';
/** Behind which a look is a new one. */
const AGAIN_MS = 2_000;

describeIf(fleetUnavailable(), 'A look on demand', () => {
  let world: World;
  let api: TestApi;
  let task: InstallTask;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    api = await startTestApi({ dataDir: world.folder });
    task = await world.install(0);
    await task.chain();
    await world.store.tasks.applyStateChange({
      ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 9 },
    });
  });
  afterAll(async () => {
    await api?.stop();
    await world?.stop();
  });

  const check = (body: unknown = {}) =>
    api.send('POST', `/api/v2/obproxy/clusters/${task.clusterId}/servers/check`, body);
  const lookTime = async () => (await check()).body.data.contents[0].observed.lookTime as string;
  /** Until the former look counts no more. */
  const lookedAnew = async () => {
    const before = await lookTime();
    await until('a new look', async () => (await lookTime()) !== before, AGAIN_MS * 5);
  };

  test('says at once that an OBProxy is alive, that it is gone, and that it is back', async () => {
    const alive = await check({ obproxyServerIds: [task.serverId] });
    expect(alive.status).toBe(200);
    expect(alive.body.data.contents).toMatchObject([
      { id: task.serverId, status: 'RUNNING', observed: { state: 'ALIVE', by: 'METRICS' } },
    ]);
    await task.host.sh(
      `kill $(cat ${KEEPER_PID}); ${task.host
        .pids('obproxy')
        .map((pid) => `kill -9 ${pid}`)
        .join('; ')}`,
    );
    await until('the process to be gone', () => task.host.pids('obproxy').length === 0);
    await lookedAnew();
    expect((await check()).body.data.contents).toMatchObject([
      { status: 'UNAVAILABLE', observed: { state: 'GONE', reason: 'its process is gone' } },
    ]);
    const { contents } = await api.store.audit.list({}, { page: 1, size: 50 });
    expect(contents.map(({ method, why }) => `${method} ${why}`)).toContain(
      'LOOK RUNNING → UNAVAILABLE: its process is gone',
    );
    await task.run('StartObproxy', { run: 2 });
    await lookedAnew();
    expect((await check()).body.data.contents).toMatchObject([
      { status: 'RUNNING', observed: { state: 'ALIVE' } },
    ]);
  });

  test('is one for all who ask together', async () => {
    await lookedAnew();
    const times = await Promise.all(Array.from({ length: 5 }, lookTime));
    expect(new Set(times).size).toBe(1);
  });

  test('leaves alone what a task works on, and refuses OBProxies of other clusters', async () => {
    const object = { kind: 'obproxyServer', id: task.serverId } as const;
    const before = await lookTime();
    await api.store.work.begin(object, { taskId: 999_999, status: 'STOPPING', from: ['RUNNING'] });
    const answer = await check();
    expect(answer.body.data.contents).toMatchObject([{ status: 'STOPPING' }]);
    await api.store.work.settle(object, 999_999, 'RUNNING');
    expect(Date.parse(answer.body.data.contents[0].observed.lookTime)).toBeGreaterThanOrEqual(
      Date.parse(before),
    );
    const unknown = await check({ obproxyServerIds: [4711] });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'ODP21002']);
  });

  test('logs in to a host, and says of one that is away that it is OFFLINE', async () => {
    const of = (id: number) => api.send('POST', `/api/v2/compute/hosts/${id}/check`);
    expect((await of(world.hostIds[0] ?? 0)).body.data).toMatchObject({
      ...{ status: 'AVAILABLE', observed: { state: 'ALIVE', by: 'SSH' } },
    });
    const away = await givenHost(api.store, '127.0.0.1', {}, await freePort('127.0.0.1'));
    expect((await of(away)).body.data).toMatchObject({
      ...{
        id: away,
        status: 'OFFLINE',
        observed: { state: 'UNKNOWN', reason: expect.stringContaining('SSH') },
      },
    });
    expect((await of(4711)).body.error.code).toBe('CMP07005');
  });

  test('of an OceanBase cluster that does not answer says that it is UNAVAILABLE', async () => {
    const { store } = api;
    const id = await givenObCluster(store, 'away', 9, '127.0.0.1', { sqlPort: await freePort('127.0.0.1') });
    await store.obClusters.recordStatus(id, 'RUNNING');
    const answer = await api.send('POST', `/api/v2/ob/clusters/${id}/servers/check`);
    expect([answer.status, answer.body.data.contents]).toEqual([200, []]);
    expect((await store.obClusters.find(id))?.status).toBe('UNAVAILABLE');
  });
});
