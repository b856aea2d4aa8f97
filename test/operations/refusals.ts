/** What the tests of the OBProxy operations' requests share: an API with an inventory, and what refusals look like. */
import {
  type Answer,
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from '../api/harness';

export const VERSION = 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm';
export const BATCH = (id: number | string) => `/api/v2/obproxy/clusters/${id}/obproxies/batchAdd`;
export const CREATE = '/api/v2/obproxy/clusters';
export const TAKE_OVER = (id: number | string) => `/api/v2/obproxy/clusters/${id}/takeOver`;

export let api: TestApi;
/** Clusters, free hosts, and hosts with something in the way. */
export const given = {
  cluster: 0,
  other: 0,
  free: 0,
  second: 0,
  taken: 0,
  twin: 0,
  observer: 0,
  arm: 0,
  el8: 0,
  debian: 0,
  busy: 0,
  busyTask: 0,
};

/** Starts the API before the tests of the calling file or block, and stops it after them. */
export function givenApi(
  options: () => Promise<Parameters<typeof startTestApi>[0]> = async () => ({ unreachableHosts: true }),
): void {
  beforeAll(async () => {
    api = await startTestApi(await options());
    const { store } = api;
    given.cluster = await givenProxyCluster(store, 'test');
    given.other = await givenProxyCluster(store, 'other');
    given.free = await givenHost(store, '10.2.0.1');
    given.second = await givenHost(store, '10.2.0.2');
    given.taken = await givenHost(store, '10.2.0.3');
    given.twin = await givenHost(store, '10.2.0.3', {}, 2222);
    given.observer = await givenHost(store, '10.2.0.4');
    given.arm = await givenHost(store, '10.2.0.5', { architecture: 'aarch64' });
    given.el8 = await givenHost(store, '10.2.0.6', { osId: 'rocky', osMajor: '8' });
    given.debian = await givenHost(store, '10.2.0.7', { osId: 'debian', osMajor: '12' });
    given.busy = await givenHost(store, '10.2.0.8');
    await givenObCluster(store, 'hooray', 1, '10.2.0.4');
    await givenObCluster(store, 'twin', 1);
    await givenObCluster(store, 'twin', 2);
    const row = await givenPackage(store, { version: '1.9.1.1', release: '1919579.el7' });
    await givenPackage(store, { version: '4.3.1.0', release: '4.el7', name: 'obproxy-ce' });
    await givenPackage(store, { version: '4.2.1.0', release: '1.el7', name: 'oceanbase-ce', home: null });
    await store.obproxy.addServer({
      clusterId: given.other,
      hostId: given.taken,
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: null,
      version: '1.9.1.1-1919579',
      packageId: row.id,
      parameterVersion: 1,
      taskId: 1,
    });
    const busyCluster = await givenProxyCluster(store, 'busy');
    const busy = await api.send('POST', BATCH(busyCluster), { ...add(), hostIds: [given.busy] });
    given.busyTask = busy.body.data.contents[0].id;
    // As a task that changes the cluster itself.
    await store.locks.take(given.busyTask, [`obproxy_cluster:${busyCluster}`], []);
  });
  afterAll(() => api.stop());
}

export interface Case {
  readonly what: string;
  /** Default POST. */
  readonly method?: 'POST' | 'PATCH' | 'DELETE';
  readonly path: () => string;
  readonly body: () => unknown;
  readonly status: number;
  readonly code: string;
  /** Parts of the text. */
  readonly says?: () => readonly string[];
  readonly fields?: readonly string[];
  readonly headers?: Record<string, string>;
}

/** A field that does not fit: 400 COM10001, each named in subErrors. */
export const invalid = (
  what: string,
  path: () => string,
  body: () => unknown,
  ...fields: string[]
): Case => ({
  what,
  path,
  body,
  status: 400,
  code: 'COM10001',
  fields,
});

/** The documented body of batchAdd. */
export function add(more: Json = {}): Json {
  return { hostIds: [given.free], sqlPort: 2883, exporterPort: 2884, version: VERSION, ...more };
}

function check(answer: Answer, expected: Case): void {
  const { body } = answer;
  expect({ status: answer.status, code: body.error?.code, text: body.error?.message }).toMatchObject({
    status: expected.status,
    code: expected.code,
  });
  expect(body).toMatchObject({ successful: false, status: expected.status });
  expect(body).not.toHaveProperty('data');
  expect(body.traceId).toMatch(/^[0-9a-f]{16}$/);
  expect(typeof body.error.code).toBe('string');
  for (const part of expected.says?.() ?? []) expect(body.error.message).toContain(part);
  if (expected.fields !== undefined) {
    const fields = (body.error.subErrors ?? []).map((sub: Json) => sub.field);
    expect(fields).toEqual(expect.arrayContaining([...expected.fields]));
    for (const sub of body.error.subErrors) expect(sub.message.length).toBeGreaterThan(5);
  }
}

/** Declares a test for each: the answer, and that nothing is stored or locked. */
export function refused(cases: readonly Case[]): void {
  test.each(cases.map((entry) => [entry.what, entry] as const))('%s', async (_what, entry) => {
    const before = await api.traces();
    const answer = await api.send(entry.method ?? 'POST', entry.path(), entry.body(), entry.headers);
    check(answer, entry);
    expect(await api.traces()).toEqual(before);
  });
}
