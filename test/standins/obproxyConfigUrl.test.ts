/** An OBProxy that asks a config server: what it asks when, what it accepts, what it keeps. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { configDocument, rootServers, versionOf } from '../../sandbox/standins/obproxy/configDocument';
import { until } from '../support/until';
import { errnoOf, PASSWORD, ProxyHome, sha1 } from './proxyHome';

type Json = Record<string, unknown>;

function data(version: string, clusters: readonly string[], base = 'http://127.0.0.1:1'): Json {
  return {
    Version: version,
    ObProxyBinUrl: `${base}/client?Action=GetObProxy`,
    ObProxyDatabaseInfo: { DataBase: '***', MetaDataBase: '***', User: '***', Password: '***' },
    ObRootServiceInfoUrlList: clusters.map((name) => ({
      ObRegion: name,
      ObRootServiceInfoUrl: `${base}/services?Action=ObRootServiceInfo&ObCluster=${name}`,
    })),
  };
}

function envelope(inner: unknown, more: Json = {}): string {
  return JSON.stringify({ Code: 200, Message: 'successful', Success: true, Data: inner, ...more });
}

/** A config server whose answers a test changes while it runs. */
class ConfigServerUnderTest {
  readonly asked: string[] = [];
  version = 'v1';
  clusters: readonly string[] = ['c1', 'c2'];
  status = 200;
  private readonly server: Server;
  private address = '';

  constructor() {
    this.server = createServer((request, response) => {
      const url = request.url ?? '';
      this.asked.push(url);
      const whole = data(this.version, this.clusters, this.address);
      if (url.includes('Action=ObRootServiceInfo')) {
        const name = /ObCluster=(\w+)/.exec(url)?.[1];
        const list = [{ address: '127.0.0.9:2882', role: 'LEADER', sql_port: 2881 }];
        response.end(envelope({ ObCluster: name, ObRegion: name, ObClusterId: 1, RsList: list }));
      } else
        response
          .writeHead(this.status)
          .end(envelope(url.includes('VersionOnly') ? { Version: this.version } : whole));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const bound = this.server.address();
    this.address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
  }

  get url(): string {
    return `${this.address}/services?Action=GetObProxyConfig`;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

describe('The answer of the config server is accepted', () => {
  const good = data('v1', ['c1']);

  test('with all fields and an envelope of 2xx, true and exactly "successful"', () => {
    expect(configDocument(envelope(good))).toMatchObject({ version: 'v1', clusters: [{ name: 'c1' }] });
    expect(configDocument(envelope(good, { Trace: 'x', Cost: 1 }))).toBeDefined();
  });

  test.each<[string, string]>([
    ['with another message', envelope(good, { Message: 'success' })],
    ['with Success false', envelope(good, { Success: false })],
    ['with a Code of 500', envelope(good, { Code: 500 })],
    ['with a Code in quotes', envelope(good, { Code: '200' })],
    ['without ObProxyBinUrl', envelope({ ...good, ObProxyBinUrl: undefined })],
    ['without ObProxyDatabaseInfo', envelope({ ...good, ObProxyDatabaseInfo: undefined })],
    [
      'with an empty password',
      envelope({
        ...good,
        ObProxyDatabaseInfo: { DataBase: 'a', MetaDataBase: 'b', User: 'c', Password: '' },
      }),
    ],
    ['without clusters', envelope(data('v1', []))],
    [
      'with ObCluster instead of ObRegion',
      envelope({ ...good, ObRootServiceInfoUrlList: [{ ObCluster: 'c1', ObRootServiceInfoUrl: 'u' }] }),
    ],
    ['with a number as Version', envelope({ ...good, Version: 7 })],
    ['when it is no JSON', '<html>'],
  ])('never %s', (_what, body) => {
    expect(configDocument(body)).toBeUndefined();
  });

  test('for the version alone whatever the envelope says', () => {
    expect(versionOf(JSON.stringify({ Data: { Version: 'v1' } }))).toBe('v1');
    expect(versionOf(JSON.stringify({ Data: { Version: '' } }))).toBeUndefined();
    expect(versionOf(JSON.stringify({ Data: { Version: 'x'.repeat(200) } }))).toBeUndefined();
  });

  test('for root servers only when every item of the list is good', () => {
    const server = { address: '10.0.0.1:2882', role: 'FOLLOWER', sql_port: 2881 };
    const list = (items: unknown[], more: Json = { ObRegion: 'c1' }): string =>
      envelope({ ...more, RsList: items });
    expect(rootServers(list([server]), 'c1')).toEqual([{ sqlAddress: '10.0.0.1:2881', role: 'FOLLOWER' }]);
    expect(rootServers(list([server, { ...server, sql_port: '2881' }]), 'c1')).toBeUndefined();
    expect(rootServers(list([{ ...server, address: 'host:2882' }]), 'c1')).toBeUndefined();
    expect(rootServers(list([]), 'c1')).toBeUndefined();
    expect(rootServers(list([server], { ObCluster: 'other' }), 'c1')).toBeUndefined();
  });
});

describe('A proxy in CONFIG_URL mode', () => {
  let home: ProxyHome;
  let server: ConfigServerUnderTest;

  beforeEach(async () => {
    server = new ConfigServerUnderTest();
    await server.listen();
    home = await ProxyHome.make();
  });
  afterEach(async () => {
    await home.remove();
    await server.close();
  });

  /** The interval cannot be set below 10 s, so the stand-in is told to hurry. */
  async function start(url = server.url, metadb = 'false'): Promise<void> {
    const options = {
      obproxy_config_server_url: url,
      enable_metadb_used: metadb,
      obproxy_sys_password: sha1(PASSWORD),
    };
    const ports = ['-p', String(home.sqlPort), '-l', String(home.metricsPort), '-s', String(home.rpcPort)];
    const extra = Object.entries(options).map(([name, value]) => `${name}=${value}`);
    await home.launch([...ports, '-n', 'app1', '-o', extra.join(',')], { OBPROXY_STANDIN_POLL_MS: '200' });
    await home.ready();
  }
  const clusters = async (): Promise<string[]> =>
    (await home.ask('show proxycluster')).map((row) => row.cluster_name ?? '').sort();

  test('asks for the version and then for all before it opens, keeps the answer, and polls the version only', async () => {
    await start();
    expect(server.asked.slice(0, 2)).toEqual([
      '/services?Action=GetObProxyConfig&VersionOnly=true',
      '/services?Action=GetObProxyConfig',
    ]);
    expect(await clusters()).toEqual(['MetaDataBase', 'c1', 'c2']);
    for (const folder of ['etc', '.conf'])
      expect(readFileSync(home.path(`${folder}/obproxy_config_server_info.json`), 'utf8')).toContain('"v1"');
    await until('two polls', () => server.asked.filter((url) => url.endsWith('VersionOnly=true')).length > 2);
    expect(server.asked.filter((url) => url.endsWith('GetObProxyConfig'))).toHaveLength(1);
  });

  test('learns of another cluster by another Version only, or when told to look', async () => {
    await start();
    server.clusters = ['c1', 'c3'];
    const polls = server.asked.length;
    await until('two more polls', () => server.asked.length > polls + 2);
    expect(await clusters()).toEqual(['MetaDataBase', 'c1', 'c2']);
    await home.ask('alter proxyconfig set refresh_json_config=true');
    await until('the new cluster', async () => (await clusters()).includes('c3'));
    expect(await home.ask("show proxyconfig like 'refresh_json_config'")).toMatchObject([{ value: 'False' }]);
    server.clusters = ['c4'];
    server.version = 'v2';
    await until('the newest cluster', async () => (await clusters()).includes('c4'));
  });

  test('keeps its last cluster when the list becomes empty', async () => {
    await start();
    server.clusters = [];
    server.version = 'v2';
    await until('the refusal in the log', () => home.log().includes('json info is invalid'));
    expect(await clusters()).toEqual(['MetaDataBase', 'c1', 'c2']);
  });

  test('opens without a server, and starts from its copy later on', async () => {
    await start();
    await home.stop();
    server.status = 500;
    await home.launch([]);
    await home.ready();
    expect(await clusters()).toEqual(['MetaDataBase', 'c1', 'c2']);
    // An error of the server is asked three times in a row.
    const last = server.asked.slice(-3);
    expect(new Set(last)).toEqual(new Set(['/services?Action=GetObProxyConfig&VersionOnly=true']));
  });

  test('without a server and without a copy runs with no cluster', async () => {
    await start('http://127.0.0.1:9/services?Action=GetObProxyConfig');
    expect(existsSync(home.path('etc/obproxy_config_server_info.json'))).toBe(false);
    expect(await errnoOf(home.ask('show proxycluster'))).toBe(4018);
    expect(await errnoOf(home.connect('x', { user: 'root@sys#c1' }))).toBe(4669);
    // A changed address is used at the next poll, although it is flagged need_reboot.
    await home.ask(`alter proxyconfig set obproxy_config_server_url='${server.url}'`);
    await until('the clusters', async () => (await clusters().catch((): string[] => [])).includes('c1'));
  });

  test('asks for the root servers of a cluster at the first login of a user, not before', async () => {
    await start();
    expect(server.asked.some((url) => url.includes('ObRootServiceInfo'))).toBe(false);
    expect(await home.ask("show proxycluster like 'c1'")).toMatchObject([{ root_addr: '0.0.0.0:0' }]);
    await expect(home.connect('x', { user: 'root@sys#c1' })).rejects.toMatchObject({
      code: 'PROTOCOL_CONNECTION_LOST',
    });
    expect(server.asked).toContain('/services?Action=ObRootServiceInfo&ObCluster=c1&version=2');
    expect(await home.ask("show proxycluster like 'c1'")).toMatchObject([
      { root_addr: '127.0.0.9:2881', role: 'leader' },
    ]);
    expect(await errnoOf(home.connect('x', { user: 'root@sys' }))).toBe(4669);
  });
});
