import type { Observer, ObserverOptions } from '../../sandbox/standins/observer';
import {
  givenHost,
  givenObCluster,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from '../api/harness';
import { entrance, hostsWithObservers, newCluster, PASSWORD, PROXYRO, type Shown } from './newCluster';

const PRE_CHECK = '/api/v2/ob/clusters/takeOverPreCheck';
const TAKE_OVER = '/api/v2/ob/clusters/takeOver';
const MOVE_OUT = (id: number | string) => `/api/v2/ob/clusters/${id}/moveOut`;

let api: TestApi;
const shown = new Map<string, Shown>([
  ['10.5.0.3', 'nothing'],
  ['10.5.0.4', 'root'],
]);
const running: Observer[] = [];

async function given(
  ip: string,
  more: Partial<ObserverOptions> = {},
  name = 'obnew',
  id = 50,
): Promise<Observer> {
  const observer = await newCluster(name, id, ip, more);
  running.push(observer);
  return observer;
}

const server = (ip: string, active = true) => ({ ip, sqlPort: 2881, rpcPort: 2882, zone: 'zone1', active });

beforeAll(async () => {
  api = await startTestApi({ hosts: hostsWithObservers(shown) });
  for (const last of [1, 2, 3, 4]) await givenHost(api.store, `10.5.0.${last}`);
});
afterEach(() => Promise.all(running.splice(0).map((observer) => observer.stop())));
afterAll(() => api.stop());

/** Refused by both requests, or found by the precheck; in any case nothing is stored and no password answered. */
interface Case {
  readonly what: string;
  readonly cluster?: () => Promise<Observer>;
  readonly body?: (observer: Observer) => Json;
  readonly code: string;
  readonly status: number;
  /** The precheck could find nothing out either. */
  readonly blind?: true;
  readonly says?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: 'a wrong password of root@sys',
    body: (one) => entrance(one, { rootSysPassword: 'Planted.wrong1' }),
    ...{ code: 'OBE11101', status: 400, blind: true, says: ['1045'] },
  },
  {
    what: 'a port on which nobody listens, which is no no',
    body: (one) => entrance(one, { port: 1 }),
    ...{ code: 'OBE11028', status: 409, blind: true, says: ['could not be asked', '127.0.0.1:1'] },
  },
  {
    what: 'a version that nobody knows',
    cluster: () => given('10.5.0.1', { version: '5.0.0.0' }),
    ...{ code: 'OBE17004', status: 409, blind: true, says: ['5.0.0.0'] },
  },
  {
    what: 'a version that is too old',
    cluster: () => given('10.5.0.1', { version: '1.4.72' }),
    ...{ code: 'OBE17004', status: 409, blind: true, says: ['1.4.72'] },
  },
  {
    what: 'another name than the cluster has',
    body: (one) => entrance(one, { clusterName: 'other' }),
    ...{ code: 'OBE11404', status: 409, says: ['obnew', 'other'] },
  },
  {
    what: 'another id than the cluster has',
    body: (one) => entrance(one, { obClusterId: 51 }),
    ...{ code: 'OBE11404', status: 409, says: ['50', '51'] },
  },
  {
    what: 'a server that does not serve',
    cluster: () => given('', { servers: [server('10.5.0.1'), server('10.5.0.2', false)] }),
    ...{ code: 'OBE11403', status: 409, says: ['10.5.0.2:2882', 'INACTIVE'] },
  },
  {
    what: 'a host without an observer',
    cluster: () => given('10.5.0.3'),
    ...{ code: 'OBE11053', status: 409, says: ['10.5.0.3', '2882'] },
  },
  {
    what: 'an observer of root',
    cluster: () => given('10.5.0.4'),
    ...{ code: 'OBE11054', status: 409, says: ['root', 'admin'] },
  },
  {
    what: 'a proxyro that refuses the password, which is never changed',
    cluster: () => given('10.5.0.1', { users: { 'root@sys': PASSWORD, 'proxyro@sys': PROXYRO } }),
    body: (one) => entrance(one, { proxyroPassword: 'Planted.other9' }),
    ...{ code: 'ODP21006', status: 409, says: ['proxyro'] },
  },
  {
    what: 'a proxyro that is missing, with a password that no OBProxy takes',
    body: (one) => entrance(one, { proxyroPassword: "Planted'quote" }),
    ...{ code: 'ODP21106', status: 409, says: ['proxyro'] },
  },
];

describe('a cluster is not taken over', () => {
  test.each(CASES)('with $what', async ({ cluster, body, code, status, blind, says = [] }) => {
    const observer = await (cluster ?? (() => given('10.5.0.1')))();
    const before = await api.traces();
    const wish = (body ?? entrance)(observer);
    const refused = await api.send('POST', TAKE_OVER, wish);
    expect({
      status: refused.status,
      code: refused.body.error?.code,
      said: refused.body.error?.message,
    }).toMatchObject({
      ...{ status, code },
    });
    for (const part of says) expect(refused.body.error.message).toContain(part);

    const { switchConfigUrl, ...asked } = wish;
    const checked = await api.send('POST', PRE_CHECK, asked);
    if (blind) expect(checked.body.error?.code).toBe(code);
    else {
      const { result, servers } = checked.body.data;
      expect(result.valid).toBe(false);
      const messages = [result, ...servers.map((one: Json) => one.result)].flatMap((one) => one.messages);
      expect(messages).toHaveLength(1);
      expect(messages[0]).toMatch(new RegExp(`^${code} `));
    }
    for (const { text } of [refused, checked]) expect(text).not.toMatch(/Planted\.(?!db|ssh)/);
    expect(await api.traces()).toEqual(before);
    expect(await api.store.obClusters.findByName('obnew')).toEqual([]);
  });

  test('everything is found at once, and all of it named', async () => {
    const observer = await given('', {
      servers: [server('10.5.0.3'), server('10.5.0.4'), server('10.5.0.9')],
    });
    const checked = await api.send('POST', PRE_CHECK, {
      ...{ address: '127.0.0.1', port: observer.port, rootSysPassword: PASSWORD, obClusterId: 51 },
    });
    const { result, servers } = checked.body.data;
    expect(result.messages).toEqual([expect.stringMatching(/^OBE11404 /)]);
    expect(
      servers.map((one: Json) => [one.ip, one.result.messages.map((text: string) => text.split(' ')[0])]),
    ).toEqual([
      ['10.5.0.3', ['OBE11053']],
      ['10.5.0.4', ['OBE11054']],
      ['10.5.0.9', []],
    ]);
    expect(servers[2].host).toBeNull();
    // The take-over itself must know how to log in there.
    const refused = await api.send('POST', TAKE_OVER, entrance(observer, { obClusterId: 51 }));
    expect(refused.body.error.code).toBe('OBE11042');
    for (const code of ['OBE11404', 'OBE11053', 'OBE11054', 'OBE11044'])
      expect(refused.body.error.message).toContain(code);
    const dry = await api.send('POST', `${TAKE_OVER}?dryRun=true`, entrance(observer, { obClusterId: 51 }));
    expect(dry.status).toBe(200);
    const errors = dry.body.data.findings.filter(({ level }: Json) => level === 'ERROR');
    expect(errors.map(({ code }: Json) => code).sort()).toEqual([
      'OBE11044',
      'OBE11053',
      'OBE11054',
      'OBE11404',
    ]);
  });

  test.each([
    ['names no IDC', '', 'OBE11036', '10.5.0.9'],
    ['names one that the inventory does not have', 'nowhere', 'OBE11037', 'nowhere'],
  ])(
    'with a host that is new while its zone %s; a host that is known needs none',
    async (_, idc, code, named) => {
      const credential = await api.store.credentials.find('root');
      const hostInfo = { hostInfo: { credentialId: credential!.id } };
      const zones = [{ name: 'zone1', status: 'ACTIVE' as const, region: 'hangzhou', idc }];
      const known = await given('10.5.0.1', { zones });
      const dry = await api.send('POST', `${TAKE_OVER}?dryRun=true`, entrance(known, hostInfo));
      expect(dry.body.data.findings.filter(({ level }: Json) => level === 'ERROR')).toEqual([]);
      const unknown = await given('10.5.0.9', { zones });
      const before = await api.traces();
      const refused = await api.send('POST', TAKE_OVER, entrance(unknown, hostInfo));
      expect([refused.status, refused.body.error.code]).toEqual([409, code]);
      for (const part of ['zone1', named]) expect(refused.body.error.message).toContain(part);
      expect(await api.traces()).toEqual(before);
    },
  );

  test.each([
    ['no address', { address: undefined }],
    ['an address that is none', { address: 'not an address' }],
    ['a port of 0', { port: 0 }],
    ['no password', { rootSysPassword: undefined }],
    ['a password with a line break', { rootSysPassword: 'a\nb' }],
    ['a proxy without the name of the cluster', { connectionMode: 'proxy' }],
    ['a mode that is none', { connectionMode: 'tunnel' }],
    ['a password that is not to be kept', { saveToCredential: false }],
    ['an id of 0', { obClusterId: 0 }],
    ['an id as text', { obClusterId: '50' }],
    ['a name with SQL', { clusterName: "x' or 1" }],
    ['hosts without a credential', { hostInfo: { sshPort: 22 } }],
    ['a wish that is no boolean', { switchConfigUrl: 'yes' }],
  ])('with %s', async (_, more) => {
    const before = await api.traces();
    const answer = await api.send('POST', TAKE_OVER, {
      ...{ address: '127.0.0.1', port: 2881, rootSysPassword: PASSWORD, ...more },
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
    expect(answer.text).not.toContain(PASSWORD);
    expect(await api.traces()).toEqual(before);
  });
});

describe('a cluster that is taken over', () => {
  test('is forgotten with its logins when the task is abandoned, and stays with them once it was recorded', async () => {
    const { credentials, obClusters, tasks, work } = api.store;
    const abandoned = async (name: string, obClusterId: number, ip: string, recorded: boolean) => {
      const observer = await given(ip, {}, name, obClusterId);
      const { id, clusterId } = (await api.send('POST', TAKE_OVER, entrance(observer))).body.data;
      if (recorded) await work.settle({ kind: 'obCluster', id: clusterId }, id, 'RUNNING');
      const ending = { operation: 'EXECUTE', closed: true, sequence: 9 } as const;
      await tasks.applyStateChange({ taskId: id, status: 'FAILED', ...ending });
      const logins = await Promise.all(
        ['root', 'proxyro'].map((user) => credentials.find(`${user}.${name}.${obClusterId}`)),
      );
      const cluster = await obClusters.find(clusterId);
      return [cluster?.status, ...logins.map((login) => login !== undefined)];
    };
    expect(await abandoned('obleft', 70, '10.5.0.1', false)).toEqual([undefined, false, false]);
    expect(await abandoned('obkept', 71, '10.5.0.2', true)).toEqual(['RUNNING', true, true]);
  });

  test('is stored with all that was seen, once, and its passwords are in no plan', async () => {
    const observer = await given('', { servers: [server('10.5.0.1'), server('10.5.0.2')] }, 'obtaken', 60);
    const answer = await api.send('POST', TAKE_OVER, entrance(observer, { proxyroPassword: PROXYRO }));
    expect(answer.body.error).toBeUndefined();
    const { clusterId, id } = answer.body.data;
    const { obClusters, obServers, credentials } = api.store;
    const cluster = await obClusters.find(clusterId);
    expect(cluster).toMatchObject({
      ...{ name: 'obtaken', obClusterId: 60, version: '4.2.1.0', type: 'PRIMARY', status: 'TAKINGOVER' },
      work: { taskId: id, formerStatus: null },
      rootServers: [
        { ip: '10.5.0.1', sqlPort: 2881, rpcPort: 2882 },
        { ip: '10.5.0.2', sqlPort: 2881, rpcPort: 2882 },
      ],
    });
    expect(await obServers.ofCluster(clusterId)).toMatchObject(
      ['10.5.0.1', '10.5.0.2'].map((ip) => ({
        ip,
        status: 'OPERATING',
        innerStatus: 'ACTIVE',
        taskId: null,
      })),
    );
    expect(await obServers.zones(clusterId)).toMatchObject([{ name: 'zone1', status: 'OPERATING' }]);
    expect(await credentials.open(cluster!.sysCredentialId)).toMatchObject({
      username: 'root',
      secret: PASSWORD,
    });
    expect((await credentials.open(cluster!.proxyroCredentialId)).secret).toBe(PROXYRO);
    const plan = api.started.find(({ taskId }) => taskId === id);
    expect(JSON.stringify(plan)).not.toMatch(/Planted/);

    const again = await api.send('POST', TAKE_OVER, entrance(observer));
    expect([again.status, again.body.error.code]).toEqual([409, 'OBE11033']);
    const checked = await api.send('POST', PRE_CHECK, {
      ...{ address: '127.0.0.1', port: observer.port, rootSysPassword: PASSWORD },
    });
    expect(checked.body.data.result.messages).toEqual([expect.stringContaining('OBE11033')]);
    // A server of it under another name is one of this cluster all the same.
    const twin = await given('10.5.0.1', {}, 'obtwin', 61);
    const second = await api.send('POST', TAKE_OVER, entrance(twin));
    expect([second.status, second.body.error.code]).toEqual([409, 'OBE11034']);

    const busy = await api.send('POST', MOVE_OUT(clusterId), {});
    expect([busy.status, busy.body.error.code]).toEqual([409, 'OBE11020']);
    await api.store.locks.release(id);
    const soon = await api.send('POST', MOVE_OUT(clusterId), {});
    expect([soon.status, soon.body.error.code]).toEqual([409, 'OBE11007']);
  });
});

describe('a cluster is not moved out', () => {
  test('when it is unknown, linked, or more is asked than obflow does', async () => {
    const cluster = await givenObCluster(api.store, 'oblinked', 70);
    await api.store.obClusters.recordStatus(cluster, 'RUNNING');
    await givenProxyCluster(api.store, 'linkedto', [{ clusterId: cluster, username: 'proxyro' }]);
    const refusals: [string | number, Json, number, string][] = [
      [4711, {}, 404, 'OBE11001'],
      ['x', {}, 400, 'COM10001'],
      [cluster, {}, 409, 'OBE11007'],
      [cluster, { deleteHost: true }, 400, 'COM10001'],
      [cluster, { deleteHostIds: [1] }, 400, 'COM10001'],
      [cluster, { retainClusterInfo: true }, 400, 'COM10001'],
      [cluster, { targetConfigAddress: 'http://10.0.0.1' }, 400, 'COM10001'],
    ];
    for (const [id, body, status, code] of refusals) {
      const answer = await api.send('POST', MOVE_OUT(id), body);
      expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    }
    const linked = await api.send('POST', MOVE_OUT(cluster), {});
    expect(linked.body.error.message).toContain('linkedto');
    expect(await api.store.obClusters.find(cluster)).toMatchObject({ status: 'RUNNING' });
  });
});

describe('a cluster is moved out', () => {
  test('also when none of its hosts is in the inventory', async () => {
    const cluster = await givenObCluster(api.store, 'declared', 71);
    await api.store.obClusters.recordStatus(cluster, 'UNAVAILABLE');
    const { status, body } = await api.send('POST', `${MOVE_OUT(cluster)}?dryRun=true`, {});
    expect(status).toBe(200);
    expect(JSON.stringify(body.data)).toContain('Delete cluster related info');
    expect(JSON.stringify(body.data)).not.toContain('Inactive agent modules');
  });
});
