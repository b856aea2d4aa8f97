import { addServerSql, serverOf } from '../../oceanbase/clusterSql';
import { firstStartArguments } from '../../oceanbase/commandLine';
import { configServerAnswer, rootServiceInfo } from '../../oceanbase/configServer';
import { identityParameters, linkFindings } from '../../oceanbase/obproxyRunning';
import { rootServerOption } from '../../oceanbase/observerCommandLine';
import { rootServers } from '../../sandbox/standins/obproxy/configDocument';

const SERVERS = [
  { ip: '2001:db8::1', sqlPort: 2881, rpcPort: 2882 },
  { ip: '2001:db8::2', sqlPort: 2881, rpcPort: 2882 },
];
const LIST = '[2001:db8::1]:2881;[2001:db8::2]:2881';

/** As a proxy shows itself. */
const running = (list: string) => ({
  version: '4.3.1.0',
  release: undefined,
  clusterNames: [],
  shown: new Map(
    Object.entries({ rootservice_list: list, rootservice_cluster_name: 'obcluster', app_name: 'home' }).map(
      ([name, value]) => [name, { name, value, needReboot: true }],
    ),
  ),
});
const HOME = {
  name: 'home',
  workMode: 'RS_LIST',
  configUrl: '',
  linkedClusters: ['obcluster'],
  rootServers: SERVERS,
  versions: [],
} as const;

describe('IPv6 root servers', () => {
  test('stand in brackets in the options of a proxy and of an observer, in SQL and in the config server’s answer', () => {
    const options = firstStartArguments({
      version: '1.9.1.1',
      appName: 'a',
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: null,
      source: { mode: 'RS_LIST', clusterName: 'obcluster', rootServers: SERVERS },
      oneTimePasswordSha1: 'x',
      parameters: [],
    });
    expect(options[options.indexOf('-r') + 1]).toBe(LIST);
    expect(rootServerOption(SERVERS)).toBe('[2001:db8::1]:2882:2881;[2001:db8::2]:2882:2881');
    expect(addServerSql(SERVERS[0]!, 'zone1')).toContain("'[2001:db8::1]:2882'");
    const info = rootServiceInfo(
      { name: 'obcluster', obClusterId: 1, type: 'PRIMARY', rootServers: SERVERS },
      0,
    );
    const body = JSON.stringify(configServerAnswer(info, { trace: '', server: '', costMs: 0 }));
    expect(rootServers(body, 'obcluster')?.map(({ sqlAddress }) => sqlAddress)).toEqual(LIST.split(';'));
  });

  test('are the same servers however a running proxy writes them', () => {
    const proxy = running('[2001:DB8:0::2]:2881;[2001:0db8::1]:2881');
    expect(linkFindings(proxy, HOME).map(({ level }) => level)).toEqual(['INFO']);
    expect(identityParameters(proxy, HOME)[1]?.value).toBe('[2001:DB8:0::2]:2881;[2001:0db8::1]:2881');
    expect(linkFindings(running('[2001:db8::9]:2881'), HOME)[0]).toMatchObject({ type: 'LinksDiffer' });
  });

  test('are the inventory’s however a cluster writes them', () => {
    expect(serverOf({ ip: '2001:0DB8::0001', rpc_port: 2882 }).ip).toBe('2001:db8::1');
  });
});
