/** The password of root@sys: whatever is cut off, obflow gets in afterwards. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { provenLinks } from '../../activities/obproxy/links';
import { lookAtCluster } from '../../api/objects/lookAtCluster';
import { tryLogin } from '../../contact/clusterLogin';
import { openAsSys } from '../../contact/clusterState';
import { lookAtObServers } from '../../contact/lookAtObServers';
import { SPREADING_MS } from '../../contact/workingSecret';
import { openCluster } from '../../oceanbase/clusterSession';
import { ANY_ADDRESS } from '../support/addresses';
import { until } from '../support/until';
import { type Answer, startTestApi, type TestApi } from './harness';
import { givenAnsweringCluster, type ObScene, ROOT_PASSWORD } from './obScene';

const NEW = 'Planted.new#22';

let api: TestApi;
let scene: ObScene;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  scene = await givenAnsweringCluster(api.store);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await scene.observer.stop();
});

const PATH = () => `/api/v2/ob/clusters/${scene.id}/changePassword`;
const change = (newPassword: unknown = NEW, more: object = {}): Promise<Answer> =>
  api.send('POST', PATH(), { newPassword, ...more });
const kept = async () => {
  const { secret, pending } = await api.store.credentials.open(scene.credentialId);
  return { secret, pending: pending?.secret };
};
const cluster = async () => (await api.store.obClusters.find(scene.id))!;
const contact = { addresses: ANY_ADDRESS, timeoutMs: 2_000 };
const sent = () => scene.observer.statementsLike(/^alter user/i);
/** As root would at the server itself. */
async function byHand(sql: string, password = ROOT_PASSWORD, port = scene.observer.port): Promise<void> {
  const session = await openCluster({
    ...{ servers: [{ ip: '127.0.0.1', sqlPort: port }], user: 'root', password, ...contact },
  });
  await session.alter(sql);
  session.close();
}

function refused(answer: Answer, status: number, code: string, ...says: string[]): void {
  expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status, code });
  for (const part of says) expect(answer.body.error.message).toContain(part);
  expect(answer.text).not.toContain(NEW);
}

/** Everything that asks the cluster by its credential gets in. */
async function everybodyGetsIn(): Promise<void> {
  const row = await cluster();
  (await openAsSys(api.store, row, contact)).close();
  expect(await tryLogin(api.store, row, row.sysCredentialId, contact)).toMatchObject({ version: '4.2.1.0' });
  expect(await lookAtCluster(api.services, row)).not.toHaveProperty('reason');
  expect(await lookAtObServers(api.store, row, { addresses: ANY_ADDRESS })).toHaveProperty('servers');
  expect((await api.send('GET', `/api/v2/ob/clusters/${scene.id}/parameters`)).status).toBe(200);
}

test('is changed in OceanBase and in the credential, and answered without data as documented', async () => {
  const answer = await change();
  expect(answer.status).toBe(200);
  expect(Object.keys(answer.body).sort()).toEqual([
    ...['duration', 'server', 'status', 'successful', 'timestamp', 'traceId'],
  ]);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
  await expect(byHand('SELECT 1')).rejects.toMatchObject({ errno: 1045 });
  await byHand('SELECT 1', NEW);
  await everybodyGetsIn();
});

test('that it is already is nothing to do, also when it was set by hand', async () => {
  expect((await change(ROOT_PASSWORD)).status).toBe(200);
  await byHand(`ALTER USER root IDENTIFIED BY '${NEW}'`);
  expect((await change()).status).toBe(200);
  expect(sent()).toHaveLength(1);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
});

describe('of a form that is not the documented one is refused, and nobody is asked', () => {
  test.each([
    'Short.1',
    'x'.repeat(33),
    'onlylowercase',
    'Two.kinds'.replace('.', 'x'),
    "Quote.22'x",
    'Quote.22"x',
    'Back.22\\x',
    'Blank.22 x',
    'Dollar.22$x',
    'Line.22\nx',
    'Émile.22xx',
    'Tick.22`xx',
    '',
  ])('%j', async (password) => {
    const answer = await change(password);
    refused(answer, 400, 'OBE11029');
    expect(answer.body.error.subErrors).toEqual([{ field: 'newPassword', message: expect.any(String) }]);
    if (password !== '') expect(answer.text).not.toContain(JSON.stringify(password).slice(1, -1));
    expect(scene.observer.counts.statements).toBe(0);
  });

  test.each([[undefined], [null], [7], [['a']]])('%j is no password', async (password) => {
    refused(await api.send('POST', PATH(), { newPassword: password }), 400, 'COM10001', 'newPassword');
  });
});

describe('is refused, and everything stays as it was,', () => {
  afterEach(async () => {
    expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: undefined });
    await byHand('SELECT 1');
  });

  test('of a cluster that nobody knows, and when obflow should not know it', async () => {
    refused(
      await api.send('POST', '/api/v2/ob/clusters/4711/changePassword', { newPassword: NEW }),
      ...([404, 'OBE11001'] as const),
    );
    refused(await change(NEW, { saveToCredential: false }), 400, 'COM10001', 'saveToCredential');
  });

  test('by a credential that others use: they would be locked out', async () => {
    const row = await cluster();
    const { id } = await api.store.obClusters.put({ ...row, name: `${row.name}_twin`, obClusterId: 77 });
    refused(await change(), 409, 'COM10005', `${row.name}_twin`);
    const twin = (await api.store.obClusters.find(id))!;
    await api.store.obClusters.put({ ...twin, sysCredentialId: row.proxyroCredentialId });
    await api.store.obClusters.put({ ...row, proxyroCredentialId: row.sysCredentialId });
    refused(await change(), 409, 'COM10005', 'proxyro');
    expect(sent()).toEqual([]);
  });

  test('by a user who is not root', async () => {
    const other = await givenAnsweringCluster(api.store, {
      username: 'keeper',
      users: { 'root@sys': ROOT_PASSWORD, 'keeper@sys': ROOT_PASSWORD },
    });
    const answer = await api.send('POST', `/api/v2/ob/clusters/${other.id}/changePassword`, {
      newPassword: NEW,
    });
    refused(answer, 409, 'COM10005', 'keeper');
    await other.observer.stop();
  });

  test('when OceanBase refuses it, whose words are told without it', async () => {
    scene.observer.refusing = { of: /^alter user/i, code: 1227, message: `Access denied near '${NEW}'` };
    refused(await change(), 409, 'OBE11007', 'error 1227', "near '***'");
  });
});

test('a cluster that cannot be asked is 503, one that lets nobody in 409; nothing is kept of either', async () => {
  await api.store.credentials.put({
    ...{
      name: (await api.store.credentials.open(scene.credentialId)).name,
      kind: 'DATABASE',
      username: 'root',
    },
    secret: 'Wrong.pass1',
  });
  refused(await change(), 409, 'OBE12000');
  await scene.observer.stop();
  refused(await change(), 503, 'OBE11028', '127.0.0.1');
  expect(await kept()).toEqual({ secret: 'Wrong.pass1', pending: undefined });
});

test('whose answer was lost is looked for, and not sent again when it was done', async () => {
  scene.observer.loss = { of: /^alter user/i, when: 'after', times: 1 };
  expect((await change()).status).toBe(200);
  expect(sent()).toHaveLength(1);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
});

test('whose statement was lost is sent again, once OceanBase would have given it up', async () => {
  scene.observer.loss = { of: /^alter user/i, when: 'before', times: 1 };
  expect((await change()).status).toBe(200);
  expect(sent()).toHaveLength(2);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
  await everybodyGetsIn();
}, 40_000);

test('cut off before the statement leaves the former, after it the new one; whoever asks next gets in', async () => {
  // The process died behind `propose`.
  expect(await api.store.credentials.propose(scene.credentialId, NEW, { secret: ROOT_PASSWORD })).toBe(true);
  await everybodyGetsIn();
  // And behind the statement.
  await byHand(`ALTER USER root IDENTIFIED BY '${NEW}'`);
  await everybodyGetsIn();
  expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: NEW });
  // Servers may follow for a while; after it the one that works is the only one.
  const later = Date.now() + SPREADING_MS + 1_000;
  jest.spyOn(Date, 'now').mockImplementation(() => later);
  await everybodyGetsIn();
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
});

test('is kept beside the former before the statement is sent, and stays so while nobody knows what came of it', async () => {
  scene.observer.loss = { of: /^alter user/i, when: 'before', times: 99 };
  const answer = change();
  await until('the statement is sent', async () => sent().length > 0);
  expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: NEW });
  refused(await answer, 503, 'OBE11028', 'Both passwords are kept');
  expect(sent()).toHaveLength(2);
  expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: NEW });
  scene.observer.loss = undefined;
  expect((await change()).status).toBe(200);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
}, 60_000);

test('cut off half-way keeps no OBProxy from its cluster: its user is made by whichever works', async () => {
  const other = await givenAnsweringCluster(api.store, { users: { 'root@sys': ROOT_PASSWORD } });
  try {
    await api.store.credentials.propose(other.credentialId, NEW, { secret: ROOT_PASSWORD });
    await byHand(`ALTER USER root IDENTIFIED BY '${NEW}'`, ROOT_PASSWORD, other.observer.port);
    const row = (await api.store.obClusters.find(other.id))!;
    const { name, type, obClusterId } = row;
    const hidden: string[] = [];
    const log = { info: () => {}, warn: () => {}, hide: (secret: string) => hidden.push(secret) };
    const scope = {
      ...{ store: api.store, config: api.services.config, log },
      signal: new AbortController().signal,
    };
    const link = {
      clusterId: other.id,
      clusterName: name,
      clusterType: type,
      obClusterId,
      username: 'proxyro',
    };
    const proxy = { family: '4.1+', cluster: { obLinks: [link] } };
    await provenLinks(scope as never, proxy as never);
    expect(other.observer.users()).toContain('proxyro');
    expect(hidden).toEqual(expect.arrayContaining([ROOT_PASSWORD, NEW]));
  } finally {
    await other.observer.stop();
  }
});

test('that was cut off is gone on with by the same request, and keeps others away for a minute', async () => {
  await api.store.credentials.propose(scene.credentialId, NEW, { secret: ROOT_PASSWORD });
  const other = await change('Another.pass1');
  refused(other, 409, 'COM20003');
  expect(Number(other.headers.get('retry-after'))).toBeGreaterThan(30);
  expect((await change()).status).toBe(200);
  expect(sent()).toHaveLength(1);
  expect(await kept()).toEqual({ secret: NEW, pending: undefined });
});

test.each([
  ['before', ROOT_PASSWORD],
  ['after', NEW],
])('that was cut off long ago %s its statement gives way to another', async (when, working) => {
  await api.store.credentials.propose(scene.credentialId, NEW, { secret: ROOT_PASSWORD });
  if (when === 'after') await byHand(`ALTER USER root IDENTIFIED BY '${NEW}'`);
  const real = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => real() + SPREADING_MS + 1_000);
  await byHand('SELECT 1', working);
  expect((await change('Another.pass1')).status).toBe(200);
  expect(await kept()).toEqual({ secret: 'Another.pass1', pending: undefined });
  await byHand('SELECT 1', 'Another.pass1');
});

test('wished twice at once is one change, and two different ones are never both believed', async () => {
  const answers = await Promise.all([change(), change(), change('Another.pass1')]);
  const { secret, pending } = await kept();
  expect(pending).toBeUndefined();
  await byHand('SELECT 1', secret);
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(200);
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
}, 30_000);

test('is changed by one at a time, also of several processes: the same wish waits, another is refused', async () => {
  const lease = `root password of ${scene.id}`;
  const until = Date.now() + 1_500;
  expect(await api.store.leases.take(lease, 'another process', until - Date.now())).toBe(true);
  expect((await change()).status).toBe(200);
  expect(Date.now()).toBeGreaterThanOrEqual(until);
  expect(sent()).toHaveLength(1);

  expect(await api.store.leases.take(lease, 'another process', 60_000)).toBe(true);
  await api.store.credentials.propose(scene.credentialId, 'Another.pass1', { secret: NEW });
  refused(await change(), 409, 'COM20003');
  await api.store.leases.end(lease, 'another process');
  expect((await change('Another.pass1')).status).toBe(200);
});

test('is proven on every root server that answers before the former one is forgotten', async () => {
  const second = await givenAnsweringCluster(api.store);
  const row = await cluster();
  await api.store.obClusters.put({
    ...row,
    rootServers: [...row.rootServers, { ip: '127.0.0.1', sqlPort: second.observer.port, rpcPort: 2882 }],
  });
  const { port } = second.observer;
  try {
    const answer = change();
    await until('the second server is asked', async () =>
      (second.observer.counts.failedLoginsOf.root ?? 0) > 0 ? true : undefined,
    );
    expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: NEW });
    // The second server refreshes its schema.
    await byHand(`ALTER USER root IDENTIFIED BY '${NEW}'`, ROOT_PASSWORD, port);
    expect((await answer).status).toBe(200);
    expect(await kept()).toEqual({ secret: NEW, pending: undefined });
  } finally {
    await second.observer.stop();
  }
});

test('that a root server does not take is told, and both are kept', async () => {
  const second = await givenAnsweringCluster(api.store);
  const row = await cluster();
  await api.store.obClusters.put({
    ...row,
    rootServers: [...row.rootServers, { ip: '127.0.0.1', sqlPort: second.observer.port, rpcPort: 2882 }],
  });
  try {
    refused(await change(), 503, 'OBE11028', `127.0.0.1:${second.observer.port}`, 'Both passwords are kept');
    expect(await kept()).toEqual({ secret: ROOT_PASSWORD, pending: NEW });
    await everybodyGetsIn();
    // Nor when the first is away and the second still wants the former.
    await scene.observer.stop();
    expect(await tryLogin(api.store, await cluster(), scene.credentialId, contact)).toHaveProperty('at');
  } finally {
    await second.observer.stop();
  }
}, 40_000);

test('stands in no row, audit line or answer in clear', async () => {
  scene.observer.loss = { of: /^alter user/i, when: 'after', times: 1 };
  const answer = await change();
  expect(answer.text).not.toContain(NEW);
  await api.store.credentials.propose(scene.credentialId, 'Planted.next#33', { secret: NEW });
  const { contents } = await api.store.audit.list({}, { page: 1, size: 5 });
  expect(contents[0]).toMatchObject({ command: 'change the password of root@sys', status: 200 });
  expect(JSON.stringify(contents)).not.toContain(NEW);
  for (const file of readdirSync(api.dataDir).filter((name) => name.startsWith('obflow.db'))) {
    const bytes = readFileSync(path.join(api.dataDir, file), 'latin1');
    expect(bytes).not.toContain(NEW);
    expect(bytes).not.toContain('Planted.next#33');
  }
});
