/**
 * A filter that names what cannot be answers as if there were nothing, and who mistypes `status=FAILURE` reads "nothing has
 * failed". So every list refuses, by name, a value that none of its elements can ever have.
 */
import { givenHost, type Json, startTestApi, type TestApi } from './harness';

/** Parts of names, and words that people or vendors choose: what fits nothing today may fit something tomorrow. */
const ANY_WORD: Readonly<Record<string, string>> = {
  keyword: 'part of a name',
  name: 'part of a name',
  cluterName: 'part of a name',
  clusterName: 'part of a name',
  anyClusterName: 'part of a name',
  obproxyClusterName: 'part of a name',
  tenantName: 'part of a name',
  user: 'an account, which may have been deleted',
  regionName: 'a name that people choose',
  idcName: 'a name that people choose',
  version: 'whatever was built',
  operatingSystem: 'the dist tag of whatever was built',
  architecture: 'whatever rpm calls a machine',
};
/** Of what may be gone while the list still tells of it. */
const OUTLIVED = ['clusterId', 'obproxyClusterId', 'tenantId', 'hostId', 'taskId'];

let api: TestApi;
let filters: { path: string; parameter: string; schema: Json }[];
beforeAll(async () => {
  api = await startTestApi();
  const { paths } = (await api.send('GET', '/openapi.json')).body;
  filters = Object.entries<Json>(paths)
    .filter(([path, item]) => path.startsWith('/api/') && item.get !== undefined)
    .flatMap(([path, { get }]) =>
      get.parameters
        .filter((one: Json) => one.in === 'query')
        .map(({ name, schema }: Json) => ({ path, parameter: name, schema })),
    );
});
afterAll(() => api.stop());

const get = (path: string, query: string) => api.send('GET', `${path.replace(/\{\w+\}/g, '1')}?${query}`);

it('every list refuses a word that no element can have, and names the parameter', async () => {
  const closed = filters.filter(({ parameter }) => !(parameter in ANY_WORD));
  for (const { path, parameter } of closed) {
    const { status, body } = await get(path, `${parameter}=BOGUS`);
    const fields = body?.error?.subErrors?.map(({ field }: Json) => field);
    expect({ path, parameter, status, code: body?.error?.code, fields }).toEqual({
      ...{ path, parameter, status: 400, code: expect.stringMatching(/^COM100[01]1$/) },
      fields: [expect.stringMatching(new RegExp(`^${parameter}(\\[0\\])?$`))],
    });
  }
  const walked = new Set(closed.map(({ path }) => path));
  for (const list of [
    'tasks/instances',
    'compute/hosts',
    'ob/clusters',
    'obproxy/clusters',
    'software-packages',
  ]) {
    expect(walked).toContain(`/api/v2/${list}`);
  }
});

it('of several words of a list each is judged, and the API document names them all', async () => {
  const worded = filters.filter(({ schema }) => schema.items?.enum !== undefined);
  expect(worded.map(({ path, parameter }) => `${path} ${parameter}`).sort()).toEqual([
    '/api/v2/compute/hosts status',
    '/api/v2/ob/clusters status',
    '/api/v2/software-packages type',
    '/api/v2/tasks/instances status',
  ]);
  for (const { path, parameter, schema } of worded) {
    const words: string[] = schema.items.enum;
    expect((await get(path, `${parameter}=${words.join(',')}`)).status).toBe(200);
    const { status, body } = await get(path, `${parameter}=${words[0]},BOGUS`);
    expect([status, body.error.subErrors]).toEqual([
      400,
      [{ field: `${parameter}[1]`, message: `must be one of ${words.join(', ')}` }],
    ]);
    const chinese = await api.send('GET', `${path}?${parameter}=BOGUS`, undefined, {
      'accept-language': 'zh-CN',
    });
    expect(chinese.body.error.subErrors[0].message).toBe(`必须是下列之一：${words.join(', ')}`);
  }
});

it('an id of what obflow never knew is refused, where what it knew cannot vanish', async () => {
  const ids = filters.filter(({ parameter }) => /Id$/.test(parameter) && !OUTLIVED.includes(parameter));
  expect(ids.map(({ path, parameter }) => `${path} ${parameter}`)).toEqual(['/api/v2/compute/hosts idcId']);
  for (const { path, parameter } of ids) {
    const { status, body } = await get(path, `${parameter}=987654`);
    expect([status, body.error.code, body.error.subErrors]).toEqual([
      400,
      'COM10001',
      [
        {
          field: parameter,
          rejectedValue: 987654,
          message: 'names an IDC that does not exist',
        },
      ],
    ]);
  }
});

it('hosts are found by the IDC they were declared in', async () => {
  const id = await givenHost(api.store, '10.0.0.1');
  const other = {
    ip: '10.0.0.2',
    sshPort: 22,
    name: null,
    hostKey: null,
    idcName: 'bj1',
    regionName: 'beijing',
  };
  const [row] = await api.store.hosts.findMany([id]);
  await api.store.hosts.put({ ...other, credentialId: row?.credentialId ?? 0 });
  const { body } = await get('/api/v2/compute/hosts', `idcId=${row?.idc.id}`);
  expect(body.data.contents.map(({ innerIpAddress }: Json) => innerIpAddress)).toEqual(['10.0.0.1']);
  expect(body.data.page.totalElements).toBe(1);
});

it('a word that anybody may choose fits nothing, which is an answer', async () => {
  const open = filters.filter(({ parameter }) => parameter in ANY_WORD && parameter !== 'tenantName');
  const lists = open.filter(({ path }) => !path.includes('{'));
  expect(lists.length).toBeGreaterThan(5);
  for (const { path, parameter } of lists) {
    const { status, body } = await get(path, `${parameter}=BOGUS`);
    expect([path, parameter, status, body.data.contents]).toEqual([path, parameter, 200, []]);
  }
});
