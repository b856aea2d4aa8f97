import {
  configServerAnswer,
  idcRegionInfo,
  obproxyConfig,
  obproxyConfigUrl,
  obproxyConfigVersion,
  rootServiceInfo,
} from '../../oceanbase/configServer';

const BASE = 'http://10.0.0.9:8080';

describe('the config server answers OBProxy', () => {
  test('with every key that a real proxy insists on, none empty', () => {
    const data = obproxyConfig(BASE, ['hooray']);
    expect(Object.keys(data).sort()).toEqual([
      'ObProxyBinUrl',
      'ObProxyDatabaseInfo',
      'ObRootServiceInfoUrlList',
      'Version',
    ]);
    expect(Object.values(data.ObProxyDatabaseInfo).every((value) => value !== '')).toBe(true);
    expect(Object.keys(data.ObProxyDatabaseInfo).sort()).toEqual([
      'DataBase',
      'MetaDataBase',
      'Password',
      'User',
    ]);
    expect(data.ObRootServiceInfoUrlList).toEqual([
      { ObRegion: 'hooray', ObRootServiceInfoUrl: expect.stringContaining('Action=ObRootServiceInfo') },
    ]);
  });

  test('with a Version that changes exactly when the contents do', () => {
    const version = obproxyConfigVersion(BASE, ['a', 'b']).Version;
    expect(version).toMatch(/^[0-9a-f]{32}$/);
    expect(obproxyConfig(BASE, ['b', 'a']).Version).toBe(version);
    expect(obproxyConfig(BASE, ['a', 'b']).Version).toBe(version);
    expect(obproxyConfig(BASE, ['a']).Version).not.toBe(version);
    expect(obproxyConfig('http://other:8080', ['a', 'b']).Version).not.toBe(version);
  });

  test('at an address that already holds a question mark and keeps odd names whole', () => {
    expect(new URL(obproxyConfigUrl(BASE, 'a b&c')).searchParams.get('ObproxyClusterName')).toBe('a b&c');
  });

  test('with root servers as numeric addresses, roles and numeric SQL ports', () => {
    const data = rootServiceInfo(
      {
        name: 'hooray',
        obClusterId: 1,
        type: 'PRIMARY',
        rootServers: [
          { ip: '10.0.0.1', sqlPort: 2881, rpcPort: 2882 },
          { ip: 'fd00::1', sqlPort: 2881, rpcPort: 2882 },
        ],
      },
      1_700_000_000_000,
    );
    expect(data).toMatchObject({ ObClusterId: 1, ObCluster: 'hooray', ObRegion: 'hooray', Type: 'PRIMARY' });
    expect(data.RsList).toEqual([
      { address: '10.0.0.1:2882', role: 'FOLLOWER', sql_port: 2881 },
      { address: '[fd00::1]:2882', role: 'FOLLOWER', sql_port: 2881 },
    ]);
  });

  test('in an envelope with exactly the words it accepts', () => {
    const data = idcRegionInfo({ name: 'hooray', obClusterId: 1 }, [{ idc: 'a', region: 'r' }]);
    expect(configServerAnswer(data, { trace: 't', server: 's', costMs: 1 })).toEqual({
      Code: 200,
      Message: 'successful',
      Success: true,
      Data: { ObRegion: 'hooray', ObRegionId: 1, IDCList: [{ idc: 'a', region: 'r' }], ReadonlyRsList: [] },
      Trace: 't',
      Server: 's',
      Cost: 1,
    });
  });
});
