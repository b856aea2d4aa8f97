import { givenObCluster, type Json, startTestApi, type TestApi } from './harness';

const TOKEN = 'a-token-of-more-than-32-characters_';

describe('the config server, as observers and obd tell it', () => {
  let api: TestApi;
  let own: number;
  let foreign: number;
  beforeAll(async () => {
    api = await startTestApi({ servicesToken: TOKEN });
    // This test asks from 127.0.0.1, which is a server of the one cluster and not of the other.
    own = await givenObCluster(api.store, 'own', 7, '127.0.0.1');
    foreign = await givenObCluster(api.store, 'foreign', 8, '10.5.0.2');
  });
  afterAll(() => api.stop());

  const ask = async (method: string, query: string, body?: unknown) => {
    const response = await fetch(`${api.url}/services?${query}`, {
      method,
      // As curl's default, which observers may send.
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
  const server = (address: string, role = 'FOLLOWER', sqlPort = 2881) => ({
    address,
    role,
    sql_port: sqlPort,
  });
  const said = (name: string, id: number, ...servers: ReturnType<typeof server>[]) => ({
    ...{ ObClusterId: id, ObRegionId: id, ObCluster: name, ObRegion: name, Type: 'PRIMARY' },
    ...{ timestamp: 1, RsList: servers, ReadonlyRsList: [] },
  });
  const rootServersOf = async (id: number) => (await api.store.obClusters.find(id))?.rootServers;
  const OWN = 'Action=ObRootServiceInfo&ObCluster=own&version=2';
  const FOREIGN = 'Action=ObRootServiceInfo&ObCluster=foreign&version=2';

  async function known(clusterId: number, ip: string): Promise<void> {
    await api.store.obServers.record(clusterId, {
      zones: [{ name: 'zone1', region: 'r', idc: 'i', innerStatus: 'ACTIVE' }],
      servers: [
        {
          ...{ zone: 'zone1', ip, rpcPort: 2882, sqlPort: 2881, status: 'RUNNING', innerStatus: 'ACTIVE' },
          ...{ withRootserver: true, startTime: null, stopTime: null, buildVersion: '4.2.1.0' },
        },
      ],
    });
  }

  test("a server of the cluster registers the cluster's root servers, the leader first, and proxies are told so", async () => {
    await known(own, '10.5.0.9');
    const list = [server('127.0.0.1:2882'), server('10.5.0.9:2882', 'LEADER')];
    const { status, body } = await ask('POST', OWN, said('own', 7, ...list));
    expect([status, body.Code, body.Message, body.Success]).toEqual([200, 200, 'successful', true]);
    const told = await ask('GET', OWN);
    expect(told.body.Data.RsList.map(({ address }: Json) => address)).toEqual([
      '10.5.0.9:2882',
      '127.0.0.1:2882',
    ]);
  });

  test('a stranger redirects nobody: not without a token, not with a wrong one', async () => {
    const before = await rootServersOf(foreign);
    const evil = said('foreign', 8, server('203.0.113.66:2882', 'LEADER'));
    const honest = said('foreign', 8, server('10.5.0.2:2882', 'LEADER'));
    for (const query of [FOREIGN, `${FOREIGN}&token=${'x'.repeat(40)}`, `${FOREIGN}&token=`]) {
      for (const body of [evil, honest]) {
        const { status, body: answer } = await ask('POST', query, body);
        expect([query, status, answer.Code, answer.Success]).toEqual([query, 403, 403, false]);
      }
    }
    for (const forged of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      const response = await fetch(`${api.url}/services?${FOREIGN}`, {
        method: 'POST',
        headers: { [forged]: '10.5.0.2' },
        body: JSON.stringify(honest),
      });
      expect(response.status).toBe(403);
    }
    expect(await rootServersOf(foreign)).toEqual(before);
  });

  test('nobody makes a strange server a root server, also not from a server of the cluster or with the token', async () => {
    const before = await Promise.all([own, foreign].map(rootServersOf));
    const evil = server('203.0.113.66:2882', 'LEADER');
    const fromOwn = await ask('POST', OWN, said('own', 7, server('127.0.0.1:2882'), evil));
    const withToken = await ask('POST', `${FOREIGN}&token=${TOKEN}`, said('foreign', 8, evil));
    for (const { status, body } of [fromOwn, withToken]) {
      expect(status).toBe(403);
      expect(body.Message).toContain('203.0.113.66:2882');
    }
    // Known server, other SQL port: proxies would go elsewhere.
    const otherPort = await ask('POST', OWN, said('own', 7, server('127.0.0.1:2882', 'LEADER', 3306)));
    expect(otherPort.status).toBe(403);
    expect(await Promise.all([own, foreign].map(rootServersOf))).toEqual(before);
  });

  test('with the token it may come from anywhere, and stands in the audit without it', async () => {
    const { status } = await ask(
      'POST',
      `${FOREIGN}&token=${TOKEN}`,
      said('foreign', 8, server('10.5.0.2:2882', 'LEADER')),
    );
    expect(status).toBe(200);
    const { contents } = await api.store.audit.list({}, { page: 1, size: 200 });
    expect(contents).toContainEqual(
      expect.objectContaining({
        command: 'config server: ObRootServiceInfo',
        path: '/services',
        status: 200,
      }),
    );
    expect(JSON.stringify(contents)).not.toContain(TOKEN);
  });

  test.each([
    ['another name', OWN, said('foreign', 7, server('127.0.0.1:2882')), 409],
    ['another id', OWN, said('own', 8, server('127.0.0.1:2882')), 409],
    ['another type', OWN, { ...said('own', 7, server('127.0.0.1:2882')), Type: 'STANDBY' }, 409],
    ['version 2 and no type', OWN, { ...said('own', 7, server('127.0.0.1:2882')), Type: undefined }, 400],
    ['no address', OWN, said('own', 7, server('db.example.com:2882')), 400],
    ['no list', OWN, said('own', 7), 400],
    ['no JSON', OWN, '{', 400],
    ['no such cluster', OWN.replace('own', 'nobody'), said('nobody', 7, server('127.0.0.1:2882')), 404],
    ['no such action', 'Action=Nonsense&ObCluster=own', {}, 404],
  ])('refuses %s in the form of this protocol', async (_what, query, body, status) => {
    const before = await rootServersOf(own);
    const answer = await ask('POST', query, body);
    expect([answer.status, answer.body.Code, answer.body.Success]).toEqual([status, status, false]);
    expect(await rootServersOf(own)).toEqual(before);
  });

  test('obd registers a declared cluster with the token, and deletes none', async () => {
    const token = `&token=${TOKEN}`;
    const register = 'Action=ObRootServiceRegister&ObCluster=foreign&ObClusterId=8';
    expect((await ask('POST', register + token)).body.Code).toBe(200);
    expect((await ask('POST', register)).body.Code).toBe(403);
    expect(
      (await ask('POST', `Action=ObRootServiceRegister&ObCluster=foreign&ObClusterId=9${token}`)).status,
    ).toBe(404);
    const before = await rootServersOf(foreign);
    for (const [method, query] of [
      ['POST', 'Action=DeleteObRootServiceInfoByClusterName&ClusterName=foreign'],
      ['DELETE', FOREIGN],
    ] as const) {
      expect((await ask(method, query)).status).toBe(403);
      const { status, body } = await ask(method, query + token);
      expect([status, body.Message]).toEqual([409, expect.stringContaining('declared in obflow')]);
    }
    expect(await rootServersOf(foreign)).toEqual(before);
  });
});
