import { CHAIN, planOf } from '../support/plans';
import { EventStream } from './eventStream';
import { type Json, startTestApi, type TestApi } from './harness';

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  other = await startTestApi({ dataDir: api.dataDir });
  for (const taskId of [1, 2, 3, 4, 5]) await given(taskId, taskId < 3 ? `proxies${taskId}` : undefined);
  await moved(2, 'FAILED', 'EXECUTE', false);
  await moved(3, 'SUCCESSFUL', 'EXECUTE', true);
  await moved(4, 'SUCCESSFUL', 'ROLLBACK', true);
  await moved(5, 'FAILED', 'ROLLBACK', true);
});
afterAll(async () => {
  await other.stop();
  await api.stop();
});

async function given(taskId: number, cluster?: string): Promise<void> {
  const plan = planOf(CHAIN, { taskId });
  const stringMap =
    cluster === undefined ? {} : { obproxy_cluster_name: cluster, obproxy_cluster_id: String(900 + taskId) };
  const context = { ...plan.context, stringMap: { ...plan.context.stringMap, ...stringMap } };
  await api.store.tasks.add({ plan: { ...plan, context }, workflowType: 'addObproxy' });
}

let sequence = 0;
function moved(
  taskId: number,
  status: 'RUNNING' | 'FAILED' | 'SUCCESSFUL',
  operation: 'EXECUTE' | 'RETRY' | 'ROLLBACK',
  closed: boolean,
): Promise<void> {
  sequence += 1;
  return api.store.tasks.applyStateChange({ taskId, status, operation, closed, sequence });
}

test('Statistics tell apart what runs, waits, has succeeded, was undone and was given up', async () => {
  const { body } = await api.send('GET', '/api/v2/tasks/statistics');
  expect(body.data).toEqual({ total: 5, running: 1, waiting: 1, successful: 1, rolledBack: 1, ended: 1 });
});

test.each([
  ['obproxyClusterId=902', [2]],
  ['obproxyClusterId=9', []],
  ['obproxyClusterName=proxies', [2, 1]],
  ['obproxyClusterName=proxies1', [1]],
  ['waiting=true', [2]],
  ['waiting=true&obproxyClusterName=proxies1', []],
])('The filter %s finds its tasks', async (query, ids) => {
  const found = await api.store.tasks.list(
    Object.fromEntries(
      [...new URLSearchParams(query)].map(([name, value]) => [
        name,
        name === 'waiting' ? true : /Id$/.test(name) ? Number(value) : value,
      ]),
    ),
    { page: 1, size: 10 },
  );
  expect(found.contents.map(({ id }) => id)).toEqual(ids);
  const { status, body } = await api.send('GET', `/api/v2/tasks/instances?${query}`);
  // Temporal is not there: only lists without open tasks can be answered.
  if (ids.length === 0) expect([status, body.data.contents]).toEqual([200, []]);
  else expect([200, 503]).toContain(status);
});

test('A stream tells which tasks are new or have another state, whoever changed them, each as it is now', async () => {
  const stream = await EventStream.open(`${other.url}/api/v2/tasks/events`);
  await stream.event('the beginning', (data) => Array.isArray(data) && data.length === 0);
  const told = (id: number, fits: (state: Json) => boolean) => (data: Json) =>
    data.some((state: Json) => state.id === id && fits(state));
  await moved(2, 'RUNNING', 'RETRY', false);
  const retried = await stream.event(
    'the retry',
    told(2, ({ status }) => status === 'RUNNING'),
  );
  expect(retried.data).toEqual([{ id: 2, status: 'RUNNING', operation: 'RETRY' }]);
  await moved(2, 'FAILED', 'RETRY', false);
  const waits = await stream.event(
    'the failure',
    told(2, ({ waiting }) => waiting === true),
  );
  expect(waits.data).toEqual([{ id: 2, status: 'FAILED', operation: 'RETRY', waiting: true }]);
  await moved(2, 'FAILED', 'RETRY', true);
  const ended = await stream.event(
    'the end',
    told(2, ({ closed }) => closed === true),
  );
  expect(ended.data).toEqual([{ id: 2, status: 'FAILED', operation: 'RETRY', closed: true }]);
  await given(6);
  await stream.event(
    'the new task',
    told(6, ({ status }) => status === 'RUNNING'),
  );
  // One that comes and goes between two looks is told, too.
  await given(7);
  await moved(7, 'SUCCESSFUL', 'EXECUTE', true);
  await stream.event(
    'the quick task',
    told(7, ({ closed }) => closed === true),
  );
  expect(stream.events[0]?.data).toEqual([]);
  stream.leave();
  const again = await EventStream.open(`${other.url}/api/v2/tasks/events`, stream.events[0]?.id);
  await again.event('the beginning', (data) => Array.isArray(data) && data.length === 0);
  again.leave();
});

test('A stream of the list ends with the login, and needs TASK_VIEWER', async () => {
  const password = 'Planted.lists+pass';
  const { id } = await api.store.users.add({ name: 'lists', password, roles: ['TASK_VIEWER'] });
  const login = { authorization: `Basic ${Buffer.from(`lists:${password}`).toString('base64')}` };
  const stream = await EventStream.open(`${api.url}/api/v2/tasks/events`, undefined, login);
  await stream.event('the beginning', (data) => Array.isArray(data));
  await api.store.users.change(id, { roles: ['HOST_VIEWER'] });
  await stream.end();
  expect(stream.events.at(-1)).toMatchObject({ name: 'refused', data: { code: 'IAM11000' } });
  expect((await EventStream.open(`${api.url}/api/v2/tasks/events`, undefined, login)).status).toBe(403);
});
