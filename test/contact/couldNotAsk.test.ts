/** "No" and "I could not ask" are two answers: on the second nobody is refused, and nothing is given up. */
import { tell } from '../../activities/cluster/tell';
import { provenLinks } from '../../activities/obproxy/links';
import { tryLogin } from '../../contact/clusterLogin';
import { lookAtObServers } from '../../contact/lookAtObServers';
import { SqlConnectionError } from '../../oceanbase/sqlSession';
import { askingCluster } from '../../operations/obServers';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { startTestApi, type TestApi } from '../api/harness';
import { givenAnsweringCluster, type ObScene } from '../api/obScene';
import { ANY_ADDRESS } from '../support/addresses';

let api: TestApi;
let scene: ObScene;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  scene = await givenAnsweringCluster(api.store);
});
afterEach(() => scene.observer.stop());

const cluster = async () => (await api.store.obClusters.find(scene.id))!;
const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What a subtask has, as far as these need it. */
const scope = () =>
  ({
    ...{ store: api.store, config: api.services.config, signal: new AbortController().signal },
    input: { taskId: 1, subtaskId: 1 },
    log: { info: () => undefined, warn: () => undefined, hide: () => undefined },
  }) as never;

describe.each([
  [4012, 'gives statements up'],
  [8001, 'boots'],
  [5150, 'does not hold the sys tenant now'],
])('A cluster that answers %i, because it %s,', (code) => {
  const answers = (of: RegExp) => {
    scene.observer.refusing = { of, code, message: 'planted' };
  };
  /** All but the time zone and the version, which are asked for with the login. */
  const QUESTIONS = /^(?!set time_zone|select ob_version)/i;

  test('does not refuse the login that it cannot serve', async () => {
    answers(/./);
    const row = await cluster();
    const contact = { addresses: ANY_ADDRESS, timeoutMs: 2_000 };
    const error = await thrownBy(tryLogin(api.store, row, row.sysCredentialId, contact));
    expect(error).toBeInstanceOf(SqlConnectionError);
    expect(String(error)).toContain('planted');
  });

  test('lets nobody in of whom that is said: the look at its servers goes on as before', async () => {
    answers(QUESTIONS);
    const look = await lookAtObServers(api.store, await cluster(), { addresses: ANY_ADDRESS });
    expect(look).toMatchObject({ refused: false, reason: 'planted' });
  });

  test('says nothing against a request that can do without it', async () => {
    answers(QUESTIONS);
    const inspecting = { store: api.store, addresses: ANY_ADDRESS } as never;
    expect(await askingCluster(inspecting, await cluster(), (session) => session.servers())).toBeUndefined();
  });

  test('says nothing against its declaration', async () => {
    answers(QUESTIONS);
    const { name, obClusterId, version } = await cluster();
    const credentials = { sysCredential: `${name}_root`, proxyroCredential: `${name}_proxyro` };
    const rootServers = [{ ip: '127.0.0.1', sqlPort: scene.observer.port }];
    const { status, body } = await api.send('PUT', '/api/v2/inventory', {
      obClusters: [{ name, obClusterId, version, rootServers, ...credentials }],
    });
    expect({ status, warnings: body.data?.warnings }).toEqual({ status: 200, warnings: [] });
  });

  test('is to be asked again by a request that needs it, or changes it', async () => {
    const path = `/api/v2/ob/clusters/${scene.id}/parameters`;
    answers(QUESTIONS);
    const read = await api.send('GET', path);
    answers(/^alter system set/i);
    const written = await api.send('PUT', path, [{ name: 'cpu_count', value: 5 }]);
    for (const { status, body } of [read, written]) {
      expect({ status, code: body.error?.code }).toEqual({ status: 503, code: 'OBE11028' });
      expect(body.error.message).toContain('planted');
    }
  });

  test('has refused no statement of a task, which is tried again', async () => {
    answers(/^alter system stop/i);
    const stop = {
      ...{ tried: say('observer.stop'), sql: "ALTER SYSTEM STOP SERVER '10.5.0.1:2882'" },
      ...{ where: '10.5.0.1:2882', code: 'OBE19007', isDone: async () => false },
    };
    const error = await thrownBy(tell(scope(), await cluster(), stop));
    expect(error).toBeInstanceOf(TransientError);
    expect(String(error)).toContain('planted');
    expect(scene.observer.statementsLike(/^alter system stop/i)).toHaveLength(1);
  });

  test.each([
    ['the version', /^select ob_version/i, 'proxyro'],
    ['its servers', /DBA_OB_SERVERS/i, 'proxyro'],
    ['its name', /OB_PARAMETERS/i, 'proxyro'],
    ['the grants', /^show grants/i, 'proxyro'],
    ['whether the user exists', /__all_user/i, 'nobody'],
    ['a user to be made', /^create user/i, 'nobody'],
  ])('when it is asked for %s says nothing against a link', async (_what, of, username) => {
    answers(of);
    const { id, name, type, obClusterId } = await cluster();
    const link = { clusterId: id, clusterName: name, clusterType: type, obClusterId, username };
    const proxy = { family: '4.1+', cluster: { obLinks: [link] } } as never;
    const error = await thrownBy(provenLinks(scope(), proxy));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ type: 'ObserverUnreachable' });
    expect(String(error)).toContain('planted');
  });
});

test('The user of a link who was made and granted nothing is granted it by the next attempt', async () => {
  const { id, name, type, obClusterId } = await cluster();
  const link = { clusterId: id, clusterName: name, clusterType: type, obClusterId, username: 'nobody' };
  const proxy = { family: '4.1+', cluster: { obLinks: [link] } } as never;
  scene.observer.refusing = { of: /^grant/i, code: 4012, message: 'planted' };
  expect(await thrownBy(provenLinks(scope(), proxy))).toBeInstanceOf(TransientError);
  expect(scene.observer.statementsLike(/^create user/i)).toHaveLength(1);
  scene.observer.refusing = undefined;
  expect(await provenLinks(scope(), proxy)).toHaveLength(1);
  expect(scene.observer.statementsLike(/^grant select/i)).toHaveLength(2);
  // Once it has what it needs, nothing is made or granted again.
  expect(await provenLinks(scope(), proxy)).toHaveLength(1);
  expect(scene.observer.statementsLike(/^grant select/i)).toHaveLength(2);
});
