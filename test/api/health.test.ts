import type { TemporalHandle } from '../../runtime/temporal';
import { connectTemporal } from '../../runtime/temporal';
import { TaskBed } from '../support/tasks';
import { startTcpProxy } from '../support/tcpProxy';
import { sharedTemporal } from '../support/temporal';
import { until } from '../support/until';
import { type Json, startTestApi, type TestApi } from './harness';

let api: TestApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

async function ready(url: string): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: await response.json() };
}

describe('/readyz', () => {
  test('tells a missing worker from a missing Temporal, and serves on in both cases', async () => {
    const bed = await TaskBed.open();
    try {
      api = await startTestApi({ temporal: bed.temporal, taskQueue: bed.taskQueue });
      const { url } = api;
      const alone = await ready(url);
      expect([alone.status, alone.body.status]).toEqual([200, 'degraded']);
      expect(alone.body.checks).toMatchObject({
        database: { status: 'up' },
        temporal: { status: 'up' },
        worker: { status: 'down', message: expect.stringContaining('No worker polls') },
      });
      await bed.startWorker();
      const whole = await until('a worker is seen', async () => {
        const now = await ready(url);
        return now.body.status === 'ready' && now;
      });
      expect(whole.status).toBe(200);
      const { text } = await api.send('GET', '/metrics');
      expect(text).toMatch(/^obflow_workers 1$/m);
      expect(text).toMatch(/^obflow_up{check="worker"} 1$/m);
      expect(text).toMatch(/^obflow_task_queue_backlog{kind="activity"} \d+$/m);
    } finally {
      await bed.close();
    }
  });

  test('says that Temporal does not answer while its connection hangs', async () => {
    const [host = '', port = ''] = (await sharedTemporal()).address.split(':');
    const proxy = await startTcpProxy({ host, port: Number(port) });
    let temporal: TemporalHandle | undefined;
    try {
      temporal = await connectTemporal({ address: proxy.address });
      api = await startTestApi({ temporal });
      const { url } = api;
      expect((await ready(url)).body.checks.temporal.status).toBe('up');
      proxy.hold();
      const cut = await until('Temporal is seen as down', async () => {
        const now = await ready(url);
        return now.body.checks.temporal.status === 'down' && now;
      });
      expect([cut.status, cut.body.status]).toEqual([200, 'degraded']);
      expect(cut.body.checks.database.status).toBe('up');
      expect(cut.body.checks.worker.message).toMatch(/cannot be told/i);
      proxy.release();
      await until('Temporal is back', async () => (await ready(url)).body.checks.temporal.status === 'up');
    } finally {
      proxy.release();
      await temporal?.close();
      await proxy.stop();
    }
  });

  test('is 503 when the database does not answer; the process still lives', async () => {
    api = await startTestApi();
    await api.store.close();
    const down = await ready(api.url);
    expect([down.status, down.body.status, down.body.checks.database.status]).toEqual([
      503,
      'unready',
      'down',
    ]);
    const alive = await fetch(`${api.url}/healthz`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    const status = await fetch(`${api.url}/api/status?includeUnavailableComponent=true`);
    expect([status.status, await status.text()]).toEqual([
      503,
      expect.stringContaining('unavailable: database'),
    ]);
  });
});

describe('/metrics', () => {
  test('is for users only', async () => {
    api = await startTestApi();
    expect((await fetch(`${api.url}/metrics`)).status).toBe(401);
    expect((await api.send('GET', '/metrics')).status).toBe(200);
  });

  test('counts requests by route template and status, whatever ids and paths clients make up', async () => {
    api = await startTestApi();
    for (const id of [4711, 4712]) await api.send('GET', `/api/v2/obproxy/clusters/${id}`);
    for (const path of ['/made/up', '/made/up/too']) await api.send('GET', path);
    const counts = (await api.send('GET', '/metrics')).text
      .split('\n')
      .filter((line) => line.startsWith('obflow_http_request_duration_seconds_count'));
    expect(counts).toContain(
      'obflow_http_request_duration_seconds_count{method="GET",route="/api/v2/obproxy/clusters/{id}",status="404"} 2',
    );
    expect(counts).toContain(
      'obflow_http_request_duration_seconds_count{method="GET",route="none",status="404"} 2',
    );
    expect(counts.join()).not.toMatch(/made|4711/);
  });
});
