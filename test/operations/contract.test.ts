/** What was wrong: an operation was POST only, its tag guessed from its path, its workflow a second word for the same. */
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { application } from '../../api/application';
import { passwordLogin } from '../../api/login/passwordLogin';
import { openApiDocument } from '../../api/openapi/document';
import type { ApiServices } from '../../api/route';
import { operationRoutes } from '../../api/routes/operations';
import { watching } from '../../api/server';
import { OPERATIONS } from '../../operations';
import { planTask, type TaskDraft } from '../../operations/planTask';
import { Refusal } from '../../operations/refusal';
import { IdPath } from '../../operations/schemas';
import { type CatalogueEntry, catalogued, type PrepareScope } from '../../operations/types';
import * as workflows from '../../workflows';
import { node } from '../../workflows/chain';
import { LARGEST_TASK } from '../../workflows/largestTask';
import type { Plan } from '../../workflows/plan';
import {
  basic,
  givenHost,
  givenObCluster,
  givenProxyCluster,
  type Json,
  PASSWORD,
  startTestApi,
  type TestApi,
} from '../api/harness';
import { nodeOf } from '../support/plans';

test('every operation that starts tasks has its workflow, and every workflow its operation', () => {
  const named = OPERATIONS.filter(({ answer }) => answer !== 'none').map(({ id }) => id);
  expect([...named].sort()).toEqual(Object.keys(workflows).sort());
  expect(new Set(named).size).toBe(named.length);
});

test('every operation has a path of its own, and the heading it declares stands in the API document', () => {
  const routes = operationRoutes({} as ApiServices & { config: never });
  const document = openApiDocument(routes, '0') as Json;
  for (const { method, path, tag } of OPERATIONS) {
    expect(document.paths[path][method.toLowerCase()].tags).toEqual([tag]);
  }
});

describe('operations that are declared in a few lines', () => {
  let api: TestApi;
  let server: { url: string; stop(): Promise<void> };
  const prepared: { scope: PrepareScope; request: Json }[] = [];
  const plans: Plan[] = [];

  const common = {
    permission: 'OBPROXY_MANAGER',
    tag: 'Throw-away',
    summary: 'Of this test',
    description: 'Of this test.',
    sample: 'add-obproxy',
  } as const;
  const chain = [
    node({ name: 'Only node', className: 'x.OnlyTask', activity: 'Only', timeout: 30, needs: [] }),
  ];
  async function oneTask(scope: PrepareScope, request: Json) {
    prepared.push({ scope, request });
    const [taskId = 0] = await scope.reserveTasks(1);
    const context = { stringMap: {}, listMap: {} };
    const draft: TaskDraft = {
      taskId,
      name: 'Throw-away',
      parentTaskId: 4711,
      chain,
      context,
      locks: [],
      groupTaskIds: [taskId],
    };
    const plan = await planTask(scope, draft);
    plans.push(plan);
    return { plans: [plan] };
  }

  const THROW_AWAY: readonly CatalogueEntry[] = [
    catalogued({
      ...common,
      ...{ id: 'addObproxy', answer: 'task', method: 'DELETE', path: '/test/clusters/{id}' },
      params: IdPath,
      look: { obproxyCluster: ({ params }) => params.id },
      prepare: oneTask,
    }),
    catalogued({
      ...common,
      ...{ id: 'addObproxy', answer: 'task', method: 'DELETE', path: '/test/proxies' },
      params: z.object({}),
      body: z.object({ ids: z.array(z.int()) }),
      look: { obproxyServers: ({ body }) => body.ids },
      prepare: oneTask,
    }),
    catalogued({
      ...common,
      ...{
        id: 'addObserver',
        answer: 'task',
        method: 'PATCH',
        path: '/test/clusters/{id}/tenants/{tenantId}',
      },
      params: z.object({ id: z.coerce.number(), tenantId: z.coerce.number() }),
      body: z.object({ name: z.string() }),
      look: { obCluster: ({ params }) => params.id },
      tenant: ({ params, body }) => ({ id: params.tenantId, name: body.name, mode: 'MYSQL' }),
      prepare: oneTask,
    }),
    catalogued({
      ...common,
      ...{ id: 'renameAtOnce', answer: 'none', method: 'PUT', path: '/test/names/{id}' },
      params: IdPath,
      extra: { renamed: z.boolean() },
      prepare: async () => ({ plans: [], extra: { renamed: true } }),
    }),
  ];

  beforeAll(async () => {
    api = await startTestApi({ unreachableHosts: true });
    const services: ApiServices = {
      ...api.services,
      config: { ...api.services.config, continueAfter: 60 },
      address: '127.0.0.1',
      ...watching(api.services, '127.0.0.1'),
      health: () => Promise.reject(new Error('not asked')),
      checkPassword: passwordLogin(api.store),
    };
    const app = application(services, operationRoutes(services, THROW_AWAY));
    const listening = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => listening.once('listening', resolve));
    server = {
      url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
      stop: () => new Promise((resolve) => listening.close(() => resolve())),
    };
  });
  afterAll(async () => {
    await server?.stop();
    await api?.stop();
  });
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        authorization: basic('admin', PASSWORD),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };

  async function offlineProxy(name: string, ip: string) {
    const { store } = api;
    const clusterId = await givenProxyCluster(store, name);
    const hostId = await givenHost(store, ip);
    const serverId = await store.obproxy.addServer({
      ...{ clusterId, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
      ...{ version: '1', packageId: null, parameterVersion: 1, taskId: 1 },
    });
    await store.hosts.recordStatus(hostId, 'OFFLINE');
    return { clusterId, serverId, hostId };
  }

  test('DELETE with a path id and no body: the hosts of the cluster are looked at before', async () => {
    const { clusterId, hostId } = await offlineProxy('away', '10.3.0.1');
    const refused = await send('DELETE', `/test/clusters/${clusterId}`);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'CMP07004']);
    await api.store.hosts.recordStatus(hostId, 'AVAILABLE');
    const { status, body } = await send('DELETE', `/test/clusters/${clusterId}`);
    expect([status, body.data.name]).toEqual([200, 'Throw-away']);
    expect((await api.store.tasks.find(body.data.id))?.workflowType).toBe('addObproxy');
  });

  test('DELETE with server ids in its body: the hosts of these servers are looked at', async () => {
    const { serverId, hostId } = await offlineProxy('gone', '10.3.0.2');
    const refused = await send('DELETE', '/test/proxies', { ids: [serverId] });
    expect([refused.status, refused.body.error.target]).toEqual([409, `host:${hostId}`]);
    expect((await send('DELETE', '/test/proxies', { ids: [987] })).status).toBe(200);
    expect((await send('DELETE', '/test/proxies', { ids: ['x'] })).status).toBe(400);
  });

  test('the tenant that an operation declares stands in plan, row and documents', async () => {
    const clusterId = await givenObCluster(api.store, 'tenants', 1, '127.0.0.1');
    const { status, body } = await send('PATCH', `/test/clusters/${clusterId}/tenants/1004`, {
      name: 'obcp',
    });
    expect([status, body.data.tenantId]).toEqual([200, 1004]);
    expect(plans.at(-1)?.continueAfter).toBe(60);
    expect(plans.at(-1)?.tenant).toEqual({ id: 1004, name: 'obcp', mode: 'MYSQL' });
    expect(await api.store.tasks.find(body.data.id)).toMatchObject({
      ...{ tenantId: 1004, tenantName: 'obcp', workflowType: 'addObserver' },
    });
    const read = await api.send('GET', `/api/v2/tasks/instances/${body.data.id}`);
    expect(read.body.data.tenant).toEqual({ id: 1004, name: 'obcp', mode: 'MYSQL' });
    expect([body.data.parentTaskId, read.body.data.parentTaskId]).toEqual([4711, 4711]);
    const list = await api.store.tasks.list({ tenantId: 1004 }, { page: 1, size: 10 });
    expect(list.contents.map(({ id }) => id)).toEqual([body.data.id]);
  });

  test('an operation that is done at once answers without a task', async () => {
    const { status, body } = await send('PUT', '/test/names/7');
    expect([status, body.data]).toEqual([200, { renamed: true }]);
  });
});

describe('a task beyond what is supported is refused with the numbers, and nothing is stored', () => {
  const stored: unknown[] = [];
  const scope = {
    store: { tasks: { add: async (task: unknown) => stored.push(task) } },
    ...{
      user: { id: 1, name: 'admin' },
      executor: '',
      traceId: '',
      createTime: '',
      dryRun: false,
      workflow: 'addObproxy',
    },
    reserveSubtasks: async () => 1,
  } as unknown as PrepareScope;
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

  const draft = (more: Partial<TaskDraft>): TaskDraft => ({
    ...{ taskId: 1, name: 'Large', chain: [], locks: [], groupTaskIds: [1] },
    context: { stringMap: {}, listMap: {} },
    ...more,
  });

  test.each([
    [
      'subtasks',
      () =>
        draft({
          chain: Array.from({ length: 26 }, () => nodeOf('n', { split: { by: 'host_ids' } })),
          context: { stringMap: {}, listMap: { host_ids: many(2000) } },
        }),
      52_000,
    ],
    [
      'edges',
      () =>
        draft({
          chain: [nodeOf('a', { split: { by: 'host_ids' } }), nodeOf('b', { split: { by: 'server_ids' } })],
          context: { stringMap: {}, listMap: { host_ids: many(1000), server_ids: many(1000, 5000) } },
        }),
      1_000_000,
    ],
    [
      'bytes',
      () =>
        draft({
          chain: [nodeOf('a')],
          context: { stringMap: { filler: 'x'.repeat(1_600_000) }, listMap: {} },
        }),
      1_600_000,
    ],
  ] as const)('by its %s', async (what, made, asked) => {
    const error: unknown = await planTask(scope, made()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Refusal);
    const { status, message } = error as Refusal;
    expect(status).toBe(400);
    const [, said, most] = /one task of (\d+) [\w ]+, and (\d+) are supported/.exec(message) ?? [];
    expect([Number(most), message.includes(what)]).toEqual([LARGEST_TASK[what], true]);
    expect(Number(said)).toBeGreaterThanOrEqual(asked);
    expect(stored).toEqual([]);
  });
});
