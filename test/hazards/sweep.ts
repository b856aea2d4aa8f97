/** Sends hostile texts in every place of every changing request, one at a time, the rest of the request being fine. */
import Libsql from 'libsql';
import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { type Answer, basic, givenObCluster, type Json } from '../api/harness';
import { add, api, BATCH, CREATE, given, TAKE_OVER } from '../operations/refusals';
import { execute } from '../support/postgres';
import { nameOfText, type RequestText, requestTexts, withText } from './requestTexts';

const MALLORY = 'Mallory.pa55word';

interface Request {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: Json;
  readonly headers?: Record<string, string>;
}

let fresh = 0;
const name = () => `fresh${++fresh}`;
let mallory = 0;
let closed = 0;
/** An OBProxy of the cluster `other`. */
let takenProxy = 0;

const ofTask = (): Request => ({ params: { taskInstanceId: String(given.busyTask) }, body: { why: 'x' } });
const ofSubtask = (): Request => ({
  ...ofTask(),
  params: { taskInstanceId: String(given.busyTask), subtaskInstanceId: String(firstSubtask()) },
});
const ofMallory = (body?: Json): Request => ({ params: { id: String(mallory), keyId: '1' }, body });

function firstSubtask(): number {
  return api.started.find(({ taskId }) => taskId === given.busyTask)?.firstSubtaskId ?? 0;
}

const TASKS = '/api/v2/tasks/instances/{taskInstanceId}';
const SUBTASKS = `${TASKS}/subtasks/{subtaskInstanceId}`;
const USERS = '/api/v2/iam/users';
const SESSION = '/api/v2/iam/session';
const KEYS = '/api/v2/iam/me/accessKeys';
const HOSTS = '/api/v2/compute/hosts';
const CREDENTIALS = '/api/v2/profiles/me/credentials';

/** A request that is accepted, or at least found to be well-formed, for every changing route. */
const GOOD: Readonly<Record<string, () => Request>> = {
  [`POST ${CREATE}`]: () => ({
    body: {
      name: name(),
      workMode: 'CONFIG_URL',
      obLinks: [{ clusterName: 'hooray', obClusterId: 1, username: 'proxyro' }],
      startupParameters: [{ name: 'proxy_mem_limited', value: '2G' }],
      parameters: [{ name: 'syslog_level', value: 'INFO' }],
      address: '10.9.9.9',
      port: 2883,
    },
  }),
  [`POST ${BATCH('{id}')}`]: () => ({
    params: { id: String(given.cluster) },
    query: '?dryRun=true',
    body: add(),
  }),
  [`POST ${TAKE_OVER('{id}')}`]: () => ({
    params: { id: String(given.cluster) },
    query: '?dryRun=true',
    body: { hosts: [{ hostId: given.free, sqlPort: 2883 }] },
  }),
  ...Object.fromEntries(
    (['stop', 'start', 'restart', 'refresh', 'upgrade', 'delete'] as const).map((verb) => [
      `POST /api/v2/obproxy/clusters/{id}/servers/${verb}`,
      () => ({
        params: { id: String(given.other) },
        query: '?dryRun=true',
        body: {
          obproxyServerIds: [takenProxy],
          ...(verb === 'restart' ? { hotRestart: false } : {}),
          ...(verb === 'upgrade' ? { shortRpmName: 'obproxy-4.3.9.0-1' } : {}),
        },
      }),
    ]),
  ),
  'POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/restart': () => ({
    params: { id: String(given.other), obproxyIds: String(takenProxy) },
    query: '?dryRun=true',
  }),
  'POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/upgrade': () => ({
    params: { id: String(given.other), obproxyIds: String(takenProxy) },
    query: '?dryRun=true',
    body: { shortRpmName: 'obproxy-4.3.9.0-1' },
  }),
  'PUT /api/v2/obproxy/clusters/{id}/parameters': () => ({
    params: { id: String(given.other) },
    query: '?dryRun=true',
    body: [{ name: 'syslog_level', value: 'WARN' }],
  }),
  'POST /api/v2/obproxy/clusters/{id}/password': () => ({
    params: { id: String(given.other) },
    query: '?dryRun=true',
    body: { username: 'root@proxysys', password: 'bbAA22..new' },
  }),
  'POST /api/v2/obproxy/clusters/{id}/servers/forget': () => ({
    params: { id: String(given.cluster) },
    query: '?dryRun=true',
    body: { obproxyServerIds: [4711], force: false },
  }),
  'POST /api/v2/obproxy/clusters/{id}/servers/check': () => ({
    params: { id: String(given.cluster) },
    body: { obproxyServerIds: [4711] },
  }),
  'POST /api/v2/ob/clusters/{id}/servers/check': () => ({ params: { id: String(closed) } }),
  [`POST ${HOSTS}/{hostId}/check`]: () => ({ params: { hostId: String(given.free) } }),
  [`POST ${HOSTS}/{hostId}/forget`]: () => ({
    params: { hostId: String(given.free) },
    query: '?dryRun=true',
    body: { force: false },
  }),
  'POST /api/v2/obproxy/clusters/{id}/configUrl/push': () => ({
    params: { id: String(given.cluster) },
    body: { obproxyServerIds: [4711] },
  }),
  'POST /api/v2/obproxy/clusters/{id}/obLinks/batchAdd': () => ({
    params: { id: String(given.cluster) },
    body: [{ clusterName: 'nowhere', clusterId: 4711, obClusterId: 1, username: 'proxyro' }],
  }),
  'POST /api/v2/ob/clusters/{id}/servers': () => ({
    params: { id: String(closed) },
    query: '?dryRun=true',
    body: {
      zoneName: 'zone1',
      servers: [given.free],
      startupParameters: [{ name: 'memory_limit', value: '8G' }],
    },
  }),
  'POST /api/v2/ob/clusters/{id}/zones': () => ({
    params: { id: String(closed) },
    body: {
      ...{ name: 'zone9', idcName: 'am171', servers: [given.free], architecture: 'x86_64' },
      startupParameters: [{ name: 'memory_limit', value: '8G' }],
    },
  }),
  ...Object.fromEntries(
    ['takeOver', 'takeOverPreCheck'].map((verb) => [
      `POST /api/v2/ob/clusters/${verb}`,
      () => ({
        query: verb === 'takeOver' ? '?dryRun=true' : '',
        body: {
          ...{ address: '127.0.0.1', port: 1, clusterName: 'x', rootSysPassword: 'x', proxyroPassword: 'x' },
          ...(verb === 'takeOver'
            ? { hostInfo: { kind: 'DEDICATED_CONTAINER', publishPorts: ['8080:80'], credentialId: 1 } }
            : {}),
        },
      }),
    ]),
  ),
  'POST /api/v2/ob/clusters': () => ({
    query: '?dryRun=true&look=false',
    body: {
      ...{ name: name(), type: 'PRIMARY', rpmName: 'oceanbase-ce-4.2.1.0-1.el7.x86_64.rpm' },
      ...{ password: 'Aa1~Aa1~Aa1', primaryZone: 'zone1', obproxyUserName: 'proxyro', obproxyPassword: 'x' },
      zones: [
        {
          ...{ name: 'zone1', idcName: 'am171', servers: [given.free], architecture: 'x86_64' },
          rpmName: 'oceanbase-ce-4.2.1.0-1.el7.x86_64.rpm',
        },
      ],
      startupParameters: [{ name: 'system_memory', value: '1G' }],
      attributes: {
        ...{
          installPath: '/home/admin/oceanbase',
          runPath: '/home/admin/oceanbase',
          diskPathStyle: 'DEFAULT',
        },
        ...{ dataDiskPath: '/data/1', logDiskPath: '/data/log1', operatingSystemUser: 'admin' },
      },
    },
  }),
  'DELETE /api/v2/ob/clusters/{id}': () => ({
    params: { id: String(closed) },
    query: '?dryRun=true&confirm=x',
  }),
  'POST /api/v2/ob/clusters/{id}/moveOut': () => ({
    params: { id: String(closed) },
    query: '?dryRun=true',
    body: { force: true },
  }),
  'POST /api/v2/ob/clusters/{id}/servers/batchDelete': () => ({
    params: { id: String(closed) },
    query: '?dryRun=true',
    body: { serverIds: [4711], skipOperationHostIds: [4711] },
  }),
  'DELETE /api/v2/ob/clusters/{id}/zones/{zoneName}': () => ({
    params: { id: String(closed), zoneName: 'zone1' },
    query: '?dryRun=true',
  }),
  'POST /api/v2/ob/clusters/{id}/servers/{serverId}/replace': () => ({
    params: { id: String(closed), serverId: '4711' },
    query: '?dryRun=true',
    body: {
      ...{ hostId: given.free, skipHostOperation: true, packageOperatingSystem: 'el7' },
      startupParameters: [{ name: 'memory_limit', value: '8G' }],
    },
  }),
  'POST /api/v2/ob/clusters/{id}/servers/{serverId}/stop': () => ({
    params: { id: String(closed), serverId: '4711' },
    query: '?dryRun=true',
    body: { force: false, freezeServer: true, type: 'STOP_SERVICE' },
  }),
  'POST /api/v2/ob/clusters/{id}/servers/{serverId}/start': () => ({
    params: { id: String(closed), serverId: '4711' },
    query: '?dryRun=true',
  }),
  'POST /api/v2/ob/clusters/{id}/servers/{serverId}/restart': () => ({
    params: { id: String(closed), serverId: '4711' },
    query: '?dryRun=true',
    body: { force: false, freezeServer: true },
  }),
  ...Object.fromEntries(
    (['stop', 'start', 'restart'] as const).map((verb) => [
      `POST /api/v2/ob/clusters/{id}/zones/{zoneName}/${verb}`,
      () => ({
        params: { id: String(closed), zoneName: 'zone1' },
        query: '?dryRun=true',
        ...(verb === 'start' ? {} : { body: { freezeServer: true } }),
      }),
    ]),
  ),
  ...Object.fromEntries(
    (['stop', 'start', 'restart'] as const).map((verb) => [
      `POST /api/v2/ob/clusters/{id}/${verb}`,
      () => ({
        params: { id: String(closed) },
        query: '?dryRun=true',
        ...(verb === 'start'
          ? {}
          : { body: { freezeServer: true, ...(verb === 'restart' ? { force: false } : {}) } }),
      }),
    ]),
  ),
  'PUT /api/v2/ob/clusters/{id}/parameters': () => ({
    params: { id: '4711' },
    body: [
      { name: 'cpu_count', value: '16', zones: ['zone1'] },
      { name: 'undo_retention', value: '1800', servers: ['10.2.0.4:2882'], tenants: ['app'] },
    ],
  }),
  'POST /api/v2/ob/clusters/{id}/changePassword': () => ({
    params: { id: '4711' },
    body: { newPassword: 'Planted.new1', saveToCredential: true },
  }),
  [`POST ${HOSTS}/batchCreate`]: () => ({
    body: {
      hostBasicDataList: [{ innerIpAddress: '10.2.0.1', serialNumber: 'x' }],
      ...{ sshPort: 22, kind: 'DEDICATED_CONTAINER', publishPorts: ['8080:80'] },
      ...{ idcId: 1, credentialId: 1, alias: 'x', description: 'x' },
    },
  }),
  [`POST ${HOSTS}/batchDelete`]: () => ({ body: { hostIdList: [4711] } }),
  [`PUT ${HOSTS}/{hostId}`]: () => ({
    params: { hostId: String(given.free) },
    body: {
      ...{ innerIpAddress: '10.2.0.1', kind: 'DEDICATED_CONTAINER', publishPorts: ['8080:80'] },
      ...{ serialNumber: 'x', alias: 'x', description: 'x' },
    },
  }),
  [`POST ${HOSTS}/batchStopAgents`]: () => ({ body: { hostIds: [given.free] } }),
  [`POST ${HOSTS}/batchRestartAgents`]: () => ({ body: { hostIds: [given.free] } }),
  [`POST ${HOSTS}/{hostId}/agent/stop`]: () => ({ params: { hostId: String(given.free) } }),
  [`POST ${HOSTS}/{hostId}/agent/restart`]: () => ({ params: { hostId: String(given.free) } }),
  [`POST ${HOSTS}/{hostId}/agent/processes/{pid}/stop`]: () => ({
    params: { hostId: String(given.free), pid: '1' },
  }),
  [`POST ${HOSTS}/{hostId}/agent/processes/{pid}/restart`]: () => ({
    params: { hostId: String(given.free), pid: '1' },
  }),
  'POST /api/v2/compute/regions': () => ({ body: { name: name(), description: 'x' } }),
  'POST /api/v2/compute/idcs': () => ({ body: { name: name(), description: 'x', regionId: 1 } }),
  'POST /api/v2/compute/hostTypes': () => ({ body: { name: name(), description: 'x' } }),
  [`POST ${CREDENTIALS}`]: () => ({
    body: {
      ...{ targetType: 'HOST', name: name(), description: 'x' },
      sshCredentialProperty: { type: 'PASSWORD', username: 'root', passphrase: 'x', keyPassphrase: 'x' },
    },
  }),
  [`PUT ${CREDENTIALS}/{id}`]: () => ({
    params: { id: '1' },
    body: {
      description: 'x',
      sshCredentialProperty: { username: 'root', passphrase: 'x', keyPassphrase: 'x' },
    },
  }),
  [`POST ${CREDENTIALS}/{id}/validate`]: () => ({ params: { id: '1' }, body: { hostIdList: [4711] } }),
  'POST /api/v2/software-packages': () => ({}),
  'POST /api/v1/tasks/instances/{taskInstanceId}/downloadDiagnosis': ofTask,
  [`POST ${TASKS}/retry`]: ofTask,
  [`POST ${TASKS}/rollback`]: ofTask,
  [`POST ${TASKS}/abandon`]: ofTask,
  [`POST ${SUBTASKS}/retry`]: ofSubtask,
  [`POST ${SUBTASKS}/skip`]: ofSubtask,
  [`POST ${SUBTASKS}/cancel`]: ofSubtask,
  'PUT /api/v2/inventory': () => ({
    body: {
      credentials: [
        { name: 'swept', kind: 'SSH_PASSWORD', username: 'root', secret: 'x' },
        { name: 'sweptdb', kind: 'DATABASE', username: 'root', secret: 'x' },
      ],
      hosts: [{ ip: '10.3.0.1', credential: 'swept', idc: 'idc1', region: 'region1' }],
      obClusters: [
        {
          name: 'swept',
          obClusterId: 7,
          version: '4.2.1.0',
          rootServers: [{ ip: '127.0.0.1', sqlPort: 1, rpcPort: 2 }],
          sysCredential: 'sweptdb',
          proxyroCredential: 'sweptdb',
        },
      ],
    },
  }),
  // Of nobody: wrong logins lock nobody else out.
  [`POST ${SESSION}`]: () => ({ body: { username: 'nobody', password: MALLORY } }),
  'PUT /api/v2/iam/me/password': () => ({
    body: { oldPassword: MALLORY, newPassword: MALLORY },
    headers: { authorization: basic('mallory', MALLORY) },
  }),
  [`POST ${USERS}`]: () => ({ body: { name: name(), password: 'Good.pa55word', roles: [] } }),
  [`PUT ${USERS}/{id}/roles`]: () => ofMallory({ roles: [] }),
  [`PUT ${USERS}/{id}/password`]: () => ofMallory({ password: MALLORY }),
  [`POST ${USERS}/{id}/disable`]: ofMallory,
  [`POST ${USERS}/{id}/enable`]: ofMallory,
  [`POST ${USERS}/{id}/accessKeys`]: () => ofMallory({ description: 'x' }),
  [`POST ${USERS}/{id}/accessKeys/{keyId}/disable`]: ofMallory,
  [`POST ${USERS}/{id}/accessKeys/{keyId}/enable`]: ofMallory,
  [`POST ${KEYS}`]: () => ({ body: { description: 'x' } }),
  [`POST ${KEYS}/{keyId}/disable`]: ofMallory,
  [`POST ${KEYS}/{keyId}/enable`]: ofMallory,
};

const METHODS = ['POST', 'PUT'];
const SECRET = /passw|secret|passphrase/i;

/** Places that hold a secret: its text must be nowhere afterwards. */
function isSecretText({ at }: RequestText): boolean {
  return SECRET.test(String(at.at(-1)));
}

export interface Swept {
  /** Names of the places, and how many of the texts were let in there. */
  readonly accepted: Record<string, number>;
  /** In how many combinations of place and text. */
  readonly tried: number;
  /** What came back, all of it. */
  readonly answers: readonly string[];
}

/**
 * Tries `texts` in every place. Each is let in, or refused clearly: a 4xx with code and text that names the field, and
 * nothing stored. What the route's own check refuses is sent once a place: thousands of requests would show no more.
 * It needs `givenApi` with unreachableHosts.
 */
export async function sweep(texts: readonly string[], secrets: readonly string[]): Promise<Swept> {
  mallory = (await api.store.users.add({ name: 'mallory', password: MALLORY, roles: ['ADMIN'] })).id;
  closed = await givenObCluster(api.store, 'closed', 3, '127.0.0.1', { sqlPort: 1 });
  takenProxy = (await api.store.obproxy.findServerOnHost(given.taken))?.id ?? 0;
  takenProxy = (await api.store.obproxy.findServerOnHost(given.taken))?.id ?? 0;
  const accepted: Record<string, number> = {};
  const answers: string[] = [];
  let tried = 0;
  let left: Awaited<ReturnType<typeof api.traces>> | undefined;
  for (const place of requestTexts(api.routes, METHODS)) {
    // No envelope, and strangers are refused before anything is read: test/api/rootServiceRegistration.test.ts.
    if (place.path === '/services') continue;
    let refusals = 0;
    for (const text of isSecretText(place) ? secrets : texts) {
      tried += 1;
      const request = requestWith(place, text);
      if (refusedByCheck(place, request) && ++refusals > 1) continue;
      const refused = refusals === 1;
      if (refused) left ??= await api.traces();
      const answer = await api.send(...request.call);
      answers.push(answer.text);
      if (judged(place, text, answer) === 'accepted') {
        accepted[nameOfText(place)] = (accepted[nameOfText(place)] ?? 0) + 1;
        left = undefined;
      } else if (refused) {
        expect({ place: nameOfText(place), text, left: await api.traces() }).toMatchObject({ left });
      }
      if (place.at.includes('newPassword') && answer.status === 200) {
        await api.store.users.change(mallory, { password: MALLORY });
      }
    }
  }
  return { accepted, tried, answers };
}

function goodRequest({ method, path: documented }: RequestText): Request {
  const good = GOOD[`${method} ${documented}`];
  if (good === undefined) throw new Error(`Give ${method} ${documented} a request in test/hazards/sweep.ts.`);
  return good();
}

interface Hostile {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Json;
  readonly call: Parameters<typeof api.send>;
}

/** A good request but for `text` in its place. */
function requestWith(place: RequestText, text: string, good = goodRequest(place)): Hostile {
  const { method, path: documented } = place;
  const { params: fine = {}, query: asked = '', body: right, headers } = good;
  const [field = ''] = place.at as string[];
  const params = place.place === 'path' ? { ...fine, [field]: text } : fine;
  const search = new URLSearchParams(asked);
  if (place.place === 'query') search.set(field, text);
  const body = place.place === 'body' ? withText(right ?? {}, place.at, text) : right;
  // Halves of surrogate pairs cannot be encoded.
  const inUrl = (value: string) => encodeURIComponent(Buffer.from(value).toString());
  const where = documented.replace(/\{(\w+)\}/g, (_, key: string) => inUrl(params[key] ?? '1'));
  const query = Object.fromEntries(search);
  return {
    params,
    query,
    body,
    call: [method, search.size === 0 ? where : `${where}?${search}`, body, headers],
  };
}

/** Whether the route's schemas refuse it, naming the place. */
function refusedByCheck(place: RequestText, { params, query, body }: Hostile): boolean {
  const route = api.routes.find(({ method, path }) => method === place.method && path === place.path);
  if (route === undefined || !('accept' in route)) return false;
  try {
    route.accept(params, query, body);
    return false;
  } catch (error) {
    if (error instanceof Refusal) return error.subErrors.some(({ field }) => names(field, place));
    if (!(error instanceof z.ZodError)) throw error;
    const at = place.at.join('.');
    return error.issues.some(
      (issue) => at.startsWith(issue.path.join('.')) || issue.path.join('.').startsWith(at),
    );
  }
}

function judged(place: RequestText, text: string, answer: Answer): 'accepted' | 'refused' {
  const at = { place: nameOfText(place), text, status: answer.status };
  const error = answer.body?.error;
  if (answer.status < 300) return 'accepted';
  expect({ ...at, clear: answer.status >= 400 && answer.status < 500 }).toMatchObject({ clear: true });
  expect({ ...at, code: error?.code, message: error?.message }).toMatchObject({
    code: expect.stringMatching(/^[A-Z]{3}\d{5}$/),
    message: expect.stringMatching(/\S{2,} \S{2,}/),
  });
  // Refused at the door, where nothing was judged; but for guesses at a password, which lock Mallory out, or nobody.
  if (!place.at.includes('oldPassword') && place.path !== SESSION)
    expect({ ...at, door: [401, 403, 429].includes(answer.status) }).toMatchObject({ door: false });
  // Found to be well-formed, and refused for what else there is: a password that is wrong, a cluster that does not run.
  const aboutIt = answer.status === 404 || error.subErrors?.some((sub: Json) => names(sub.field, place));
  return aboutIt === true ? 'refused' : 'accepted';
}

function names(field: unknown, { at }: RequestText): boolean {
  const dotted = at.map((part, index) => (part === 0 ? '[0]' : index === 0 ? part : `.${part}`)).join('');
  return field === dotted || dotted.startsWith(`${field}[`) || dotted.startsWith(`${field}.`);
}

/**
 * Asks every list and object with `texts` in every place of its address. Each is refused clearly, or finds nothing: no text
 * widens what a filter finds.
 */
export async function sweepReading(texts: readonly string[]): Promise<{ tried: number; empty: number }> {
  let tried = 0;
  let empty = 0;
  for (const place of requestTexts(api.routes, ['GET'])) {
    let refusals = 0;
    for (const text of texts) {
      tried += 1;
      const request = requestWith(place, text, {});
      if (refusedByCheck(place, request) && ++refusals > 1) continue;
      const answer = await api.send(...request.call);
      const at = { place: nameOfText(place), text, status: answer.status };
      const contents = answer.body?.data?.contents;
      if (answer.status < 300 && contents !== undefined) {
        empty += 1;
        expect({ ...at, contents }).toEqual({ ...at, contents: [] });
      } else {
        expect({
          ...at,
          clear: answer.status < 500 && ![401, 403, 429].includes(answer.status),
        }).toMatchObject({
          clear: true,
        });
        expect(answer.text).not.toMatch(/sqlite|postgres|syntax error/i);
      }
    }
  }
  return { tried, empty };
}

/** `table.column` of everything in the database that holds the word. */
export async function placesInDatabase(word: string): Promise<string[]> {
  const found = new Set<string>();
  for (const { table, row } of await everyRow()) {
    for (const [column, value] of Object.entries(row)) {
      const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
      if (text.includes(word)) found.add(`${table}.${column}`);
    }
  }
  return [...found].sort();
}

async function everyRow(): Promise<{ table: string; row: Json }[]> {
  const { databaseUrl } = api;
  const ask = databaseUrl.startsWith('file:')
    ? sqliteReader(databaseUrl.slice('file:'.length))
    : (statement: string) => execute(databaseUrl, statement);
  const tables = await ask(
    databaseUrl.startsWith('file:')
      ? "select name from sqlite_master where type = 'table'"
      : "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  const rows = [];
  for (const { name: table } of tables) {
    for (const row of await ask(`select * from "${table}"`)) rows.push({ table: String(table), row });
  }
  return rows;
}

function sqliteReader(file: string): (statement: string) => Promise<Json[]> {
  return async (statement) => {
    const database = new Libsql(file, { readonly: true });
    try {
      return database.prepare(statement).all() as Json[];
    } finally {
      database.close();
    }
  };
}
