import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { sha1Hex } from '../../oceanbase/passwords';
import { type FirstConfiguration, proxyConfigDatabase } from '../../oceanbase/proxyConfigDb';

const CONFIGURATION: FirstConfiguration = {
  appName: 'test',
  sqlPort: 2883,
  exporterPort: 2884,
  rpcPort: null,
  source: {
    mode: 'RS_LIST',
    clusterName: 'obcluster',
    rootServers: [
      { ip: '10.0.0.1', sqlPort: 2881 },
      { ip: '10.0.0.2', sqlPort: 2881 },
    ],
  },
  proxysysPassword: 'aaBB11..planted',
  parameters: [{ name: 'proxy_mem_limited', value: '1G' }],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obflow-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rows(configuration: FirstConfiguration): Promise<Record<string, string>> {
  const content = await proxyConfigDatabase(configuration);
  const path = join(folder, 'db');
  await writeFile(path, content);
  const database = new Database(path, { readonly: true });
  try {
    const found = database.prepare('select name, value, config_level, vid from proxy_config').all() as {
      name: string;
      value: string;
      config_level: string;
      vid: number;
    }[];
    expect(found.every((row) => row.config_level === 'LEVEL_GLOBAL' && row.vid === -1)).toBe(true);
    return Object.fromEntries(found.map(({ name, value }) => [name, value]));
  } finally {
    database.close();
  }
}

describe('the prepared configuration of a proxy', () => {
  test('holds ports, names, root servers and parameters, and the password as SHA-1 only', async () => {
    expect(await rows(CONFIGURATION)).toEqual({
      listen_port: '2883',
      prometheus_listen_port: '2884',
      app_name: 'test',
      rootservice_list: '10.0.0.1:2881;10.0.0.2:2881',
      rootservice_cluster_name: 'obcluster',
      enable_metadb_used: 'False',
      obproxy_sys_password: sha1Hex('aaBB11..planted'),
      proxy_mem_limited: '1G',
    });
    const content = await proxyConfigDatabase(CONFIGURATION);
    expect(content.includes('planted')).toBe(false);
  });

  test('takes any character in a value and names the config server instead of root servers', async () => {
    const url = 'http://c:8080/services?Action=GetObProxyConfig&x=1';
    const found = await rows({
      ...CONFIGURATION,
      rpcPort: 2885,
      source: { mode: 'CONFIG_URL', url },
      parameters: [{ name: 'x', value: 'a\'b,c\\d"e' }],
    });
    expect(found).toMatchObject({
      obproxy_config_server_url: url,
      rpc_listen_port: '2885',
      x: 'a\'b,c\\d"e',
    });
    expect(found.rootservice_list).toBeUndefined();
  });

  test('never takes a port or password from a parameter', async () => {
    const found = await rows({
      ...CONFIGURATION,
      parameters: [
        { name: 'listen_port', value: '1' },
        { name: 'obproxy_sys_password', value: '' },
      ],
    });
    expect(found).toMatchObject({ listen_port: '2883', obproxy_sys_password: sha1Hex('aaBB11..planted') });
  });
});
