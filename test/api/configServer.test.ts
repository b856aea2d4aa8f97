import { givenObCluster, type Json, startTestApi, type TestApi } from './harness';

describe('the config server, as an OBProxy asks it', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
    const linked = await givenObCluster(api.store, 'obcluster', 7, '10.5.0.1');
    await givenObCluster(api.store, 'elsewhere', 8, '10.5.0.2');
    const { addCluster } = api.store.obproxy;
    const common = {
      address: null,
      port: null,
      workMode: 'CONFIG_URL' as const,
      startupParameters: [],
      parameters: [],
      runUser: 'admin',
      proxysysPassword: 'aaBB11++xx',
      creator: { id: 100, name: 'admin' },
    };
    await addCluster({ ...common, name: 'linked', links: [{ clusterId: linked, username: 'proxyro' }] });
  });
  afterAll(() => api.stop());

  const ask = async (query: string): Promise<{ status: number; body: Json }> => {
    const response = await fetch(`${api.url}/services?${query}`);
    return { status: response.status, body: await response.json() };
  };
  const CONFIG = 'Action=GetObProxyConfig&User_ID=alibaba&UID=admin&ObproxyClusterName=linked';

  test('GetObProxyConfig has every key a real OBProxy insists on, and lists the linked clusters only', async () => {
    const { status, body } = await ask(CONFIG);
    expect(status).toBe(200);
    expect(body).toMatchObject({ Code: 200, Message: 'successful', Success: true });
    expect(body.Data.ObRootServiceInfoUrlList).toEqual([
      { ObRegion: 'obcluster', ObRootServiceInfoUrl: expect.stringContaining('ObRegion=obcluster') },
    ]);
    for (const key of ['DataBase', 'MetaDataBase', 'User', 'Password']) {
      expect(body.Data.ObProxyDatabaseInfo[key]).toBeTruthy();
    }
    expect(typeof body.Data.ObProxyBinUrl).toBe('string');
    const all = await ask('Action=GetObProxyConfig');
    expect(all.body.Data.ObRootServiceInfoUrlList.map((item: Json) => item.ObRegion)).toEqual([
      'elsewhere',
      'obcluster',
    ]);
  });

  test('the Version is the same in VersionOnly, stays while nothing changes, and changes with the answer', async () => {
    const version = (await ask(CONFIG)).body.Data.Version;
    expect(version).toMatch(/^[0-9a-f]{32}$/);
    expect((await ask(`${CONFIG}&VersionOnly=true`)).body.Data).toEqual({ Version: version });
    const all = (await ask('Action=GetObProxyConfig')).body.Data.Version;
    await givenObCluster(api.store, 'third', 9, '10.5.0.3');
    expect((await ask(`${CONFIG}&VersionOnly=true`)).body.Data.Version).toBe(version);
    expect((await ask('Action=GetObProxyConfig')).body.Data.Version).not.toBe(all);
  });

  test('the URL it hands out answers the root servers', async () => {
    const { body } = await ask(CONFIG);
    const url = new URL(body.Data.ObRootServiceInfoUrlList[0].ObRootServiceInfoUrl);
    const info = await ask(`${url.search.slice(1)}&version=2`);
    expect(info.body.Data).toMatchObject({
      ObRegion: 'obcluster',
      ObClusterId: 7,
      Type: 'PRIMARY',
      RsList: [{ address: '10.5.0.1:2882', sql_port: 2881 }],
    });
    const places = await ask(
      `${url.search.slice(1).replace('ObRootServiceInfo', 'ObIDCRegionInfo')}&version=2&ObRegionId=7`,
    );
    expect(places.body.Data).toMatchObject({ ObRegion: 'obcluster', IDCList: expect.any(Array) });
  });

  test.each([
    'Action=GetObProxyConfig&ObproxyClusterName=nobody',
    'Action=ObRootServiceInfo&ObRegion=metadb&version=2',
    'Action=ObRootServiceInfo&ObCluster=obcluster&ObClusterId=99',
    'Action=Nonsense',
    '',
  ])('what is not there (%s) answers 404 in the form of this protocol', async (query) => {
    const { status, body } = await ask(query);
    expect([status, body.Code, body.Success]).toEqual([404, 404, false]);
  });

  test.each(['', 'Action=Nonsense'])(
    'a request without an action of it (%s) learns which there are',
    async (query) => {
      const { body } = await ask(query);
      for (const action of [
        'GetObProxyConfig',
        'ObRootServiceInfo&ObCluster=',
        'ObIDCRegionInfo&ObCluster=',
      ]) {
        expect(body.Message).toContain(`Action=${action}`);
      }
      expect(body.Message).not.toContain('undefined');
    },
  );
});
