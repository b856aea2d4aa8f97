import { freePort } from '../../sandbox/stack/stack';
import { startObserver } from '../../sandbox/standins/observer';
import { type Json, startTestApi, type TestApi } from './harness';

const SECRET = 'Planted-secret-7c1f';

describe('a declared inventory', () => {
  let api: TestApi;
  let port: number;
  beforeAll(async () => {
    api = await startTestApi();
    port = await freePort();
  });
  afterAll(() => api.stop());

  const declared = (more: Json = {}): Json => ({
    credentials: [
      { name: 'root', kind: 'SSH_PASSWORD', username: 'root', secret: SECRET },
      { name: 'sys', kind: 'DATABASE', username: 'root', secret: SECRET },
      { name: 'proxyro', kind: 'DATABASE', username: 'proxyro', secret: SECRET },
    ],
    hosts: [{ ip: '127.0.0.1', sshPort: port, credential: 'root', idc: 'am171', region: 'hangzhou' }],
    obClusters: [
      {
        name: 'obcluster',
        obClusterId: 1,
        version: '4.2.1.0',
        rootServers: [{ ip: '127.0.0.1', sqlPort: 2881, rpcPort: 2882 }],
        sysCredential: 'sys',
        proxyroCredential: 'proxyro',
      },
    ],
    ...more,
  });
  const put = (body: unknown, query = '') => api.send('PUT', `/api/v2/inventory${query}`, body);
  const changes = ({ body }: { body: Json }) => body.data.changes.map((change: Json) => change.change);

  test('is shown by a dry run and stored by none', async () => {
    const answer = await put(declared(), '?dryRun=true');
    expect(changes(answer)).toEqual(['added', 'added', 'added', 'added', 'added']);
    expect(await api.store.credentials.find('root')).toBeUndefined();
    expect((await api.store.hosts.list({}, { page: 1, size: 10 })).totalElements).toBe(0);
  });

  test('is stored; a host that does not answer is a warning and stays NEW; the second time nothing changes', async () => {
    const answer = await put(declared());
    expect(answer.status).toBe(200);
    expect(answer.body.data.changes.map((change: Json) => [change.kind, change.name])).toEqual([
      ['credential', 'root'],
      ['credential', 'sys'],
      ['credential', 'proxyro'],
      ['host', '127.0.0.1'],
      ['obCluster', 'obcluster'],
    ]);
    expect(answer.body.data.warnings).toEqual([expect.stringContaining(`127.0.0.1:${port}`)]);
    const [host] = (await api.store.hosts.list({}, { page: 1, size: 10 })).contents;
    expect(host!.status).toBe('NEW');
    expect(changes(await put(declared()))).toEqual(Array(5).fill('unchanged'));
    expect(answer.text).not.toContain(SECRET);
  });

  test.each<[string, Json, string]>([
    [
      'an unknown credential',
      { hosts: [{ ip: '10.0.0.9', credential: 'nobody', idc: 'a', region: 'b' }] },
      'hosts[0].credential',
    ],
    [
      'a database credential for SSH',
      { hosts: [{ ip: '10.0.0.9', credential: 'sys', idc: 'a', region: 'b' }] },
      'hosts[0].credential',
    ],
    [
      'a host name instead of an address',
      { hosts: [{ ip: 'example', credential: 'root', idc: 'a', region: 'b' }] },
      'hosts[0].ip',
    ],
    [
      'a host twice',
      { hosts: Array(2).fill({ ip: '10.0.0.9', credential: 'root', idc: 'a', region: 'b' }) },
      'hosts[1].ip',
    ],
    [
      'a cluster without root servers',
      {
        obClusters: [
          {
            name: 'x',
            obClusterId: 1,
            version: '4.2.1.0',
            rootServers: [],
            sysCredential: 'sys',
            proxyroCredential: 'sys',
          },
        ],
      },
      'obClusters[0].rootServers',
    ],
    [
      'an administrator of another tenant',
      {
        obClusters: [
          {
            name: 'x',
            obClusterId: 1,
            version: '4.2.1.0',
            rootServers: [{ ip: '127.0.0.1' }],
            sysCredential: 'shop',
            proxyroCredential: 'sys',
          },
        ],
      },
      'obClusters[0].sysCredential',
    ],
  ])('with %s is refused as a whole', async (_what, more, field) => {
    const answer = await put({
      ...declared(more),
      credentials: [
        ...declared().credentials,
        { name: 'late', kind: 'DATABASE', username: 'x', secret: SECRET },
        { name: 'shop', kind: 'DATABASE', username: 'root@shop', secret: SECRET },
      ],
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
    expect(answer.body.error.subErrors.map((sub: Json) => sub.field)).toContain(field);
    expect(answer.text).not.toContain(SECRET);
    expect(await api.store.credentials.find('late')).toBeUndefined();
  });

  test('warns when a cluster calls itself otherwise, or refuses its administrator', async () => {
    const observer = await startObserver({
      ...{ host: '127.0.0.1', port: 0, clusterName: 'own', obClusterId: 7, users: { 'root@sys': SECRET } },
    });
    const cluster = (name: string, sysCredential: string) => ({
      ...{ name, obClusterId: 7, version: '4.2.1.0', sysCredential, proxyroCredential: 'proxyro' },
      rootServers: [{ ip: '127.0.0.1', sqlPort: observer.port }],
    });
    const { credentials } = declared();
    const wrong = { name: 'wrong', kind: 'DATABASE', username: 'root@sys', secret: `${SECRET}x` };
    const answer = await put({
      credentials: [...credentials, wrong],
      obClusters: [cluster('declared', 'sys'), cluster('own', 'sys'), cluster('locked', 'wrong')],
    });
    await observer.stop();
    expect(answer.body.data.warnings).toEqual([
      expect.stringMatching(/^OceanBase cluster declared at 127.*calls itself "own".*declare it as "own"$/),
      expect.stringMatching(/^OceanBase cluster locked refuses root@sys: error 1045/),
    ]);
    expect(answer.text).not.toContain(SECRET);
  });

  test('refuses a secret of the wrong type without repeating it', async () => {
    const answer = await put({
      credentials: [{ name: 'n', kind: 'DATABASE', username: 'x', secret: 4711998 }],
    });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('4711998');
  });

  test('a host known to be offline is tried again before a request for it is refused', async () => {
    const [host] = (await api.store.hosts.list({}, { page: 1, size: 10 })).contents;
    await api.store.hosts.recordStatus(host!.id, 'OFFLINE');
    const answer = await api.send('POST', '/api/v2/obproxy/clusters', {
      name: 'fresh',
      obproxyInstallParam: {
        hostIds: [host!.id],
        sqlPort: 2883,
        exporterPort: 2884,
        version: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
      },
    });
    expect([answer.status, answer.body.error.code]).toEqual([409, 'CMP07004']);
    expect(answer.body.error.message).toContain('127.0.0.1');
  });
});
