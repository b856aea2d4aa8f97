import { Client } from '@temporalio/client';
import { connectTemporal, type TemporalHandle } from '../../runtime/temporal';
import { taskWorkflowId } from '../../workflows/ids';
import { startTcpProxy } from '../support/tcpProxy';
import { sharedTemporal, testTemporal } from '../support/temporal';
import { until } from '../support/until';
import { givenHost, givenPackage, givenProxyCluster, type Json, startTestApi, type TestApi } from './harness';

const REQUEST = {
  sqlPort: 2883,
  exporterPort: 2884,
  version: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
};

async function post(api: TestApi, name: string, ip: string): Promise<Json> {
  const clusterId = await givenProxyCluster(api.store, name);
  const hostId = await givenHost(api.store, ip);
  await givenPackage(api.store, { version: '1.9.1.1', release: '1919579.el7' }).catch(() => undefined);
  const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`;
  const answer = await api.send('POST', path, { ...REQUEST, hostIds: [hostId] });
  expect(answer.status).toBe(200);
  return answer.body.data.contents[0];
}

describe('an accepted request, on a real Temporal server', () => {
  let temporal: TemporalHandle;
  let api: TestApi;
  beforeAll(async () => {
    temporal = await testTemporal();
    api = await startTestApi({ temporal });
  });
  afterAll(async () => {
    await api?.stop();
    await temporal?.close();
  });

  test('is a running workflow of the operation by the time the answer comes, and reads as a task', async () => {
    const task = await post(api, 'test', '10.7.0.1');
    const described = await temporal.client.workflow.getHandle(taskWorkflowId(task.id)).describe();
    expect([described.type, described.status.name]).toEqual(['addObproxy', 'RUNNING']);
    expect((await api.store.tasks.find(task.id))?.started).toBe(true);

    const read = await api.send('GET', `/api/v2/tasks/instances/${task.id}`);
    expect(read.body.data).toMatchObject({
      id: task.id,
      status: 'RUNNING',
      creator: { id: 100, name: 'admin' },
    });
    expect(read.body.data.subtasks).toHaveLength(12);
    expect((await api.send('GET', `/api/v2/tasks/${task.id}`)).body.data).toEqual(read.body.data);
    const list = await api.send('GET', '/api/v2/tasks/instances?name=Install');
    expect(list.body.data.contents[0]).toMatchObject({ id: task.id, creator: { id: 100 } });
  });

  test('a command finds no worker: 503, and the text says what to start', async () => {
    const task = await post(api, 'lonely', '10.7.0.2');
    const { status, body } = await api.send('POST', `/api/v2/tasks/instances/${task.id}/retry`);
    expect([status, body.successful]).toEqual([503, false]);
    expect(body.error.message).toMatch(/worker/i);
  });

  test('the server takes requests without a worker, and says that there is none', async () => {
    const { status, text } = await api.send('GET', '/api/status?includeUnavailableComponent=true');
    expect([status, text]).toEqual([200, 'available; unavailable: worker']);
  });
});

test('a request accepted while Temporal hears nothing is answered within seconds and started later', async () => {
  const { address } = await sharedTemporal();
  const [host = '', port = ''] = address.split(':');
  const relay = await startTcpProxy({ host, port: Number(port) });
  const own = await testTemporal();
  const relayed = await connectTemporal({ address: relay.address });
  const { namespace } = own;
  const client = new Client({ connection: relayed.connection, namespace });
  const through: TemporalHandle = { ...relayed, namespace, client };
  const api = await startTestApi({ temporal: through });
  try {
    relay.hold();
    const before = Date.now();
    const task = await post(api, 'late', '10.7.0.3');
    expect(Date.now() - before).toBeLessThan(10_000);
    expect((await api.store.tasks.find(task.id))?.started).toBe(false);
    relay.release();
    const reconciler = api.tasks.startReconciler();
    try {
      await until('the task started', async () => (await api.store.tasks.find(task.id))?.started);
    } finally {
      await reconciler.stop();
    }
    const handle = through.client.workflow.getHandle(taskWorkflowId(task.id));
    expect((await handle.describe()).status.name).toBe('RUNNING');
  } finally {
    await api.stop();
    await relayed.close();
    await own.close();
    await relay.stop();
  }
});
