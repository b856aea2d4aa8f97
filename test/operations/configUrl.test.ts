/** Requests for OBProxies whose config URL leads nowhere. */
import { networkInterfaces } from 'node:os';
import { configUrlReachesHosts } from '../../operations/configUrl';
import { Refusal } from '../../operations/refusal';
import { startTestApi, type TestApi } from '../api/harness';
import { add, api, BATCH, CREATE, given, givenApi, VERSION } from './refusals';

const LOOPBACK = 'http://127.0.0.1:8080';
const install = (hostIds: readonly number[]) => ({
  name: 'loop',
  obproxyInstallParam: { hostIds, sqlPort: 2883, exporterPort: 2884, version: VERSION },
});

givenApi(async () => ({ unreachableHosts: true }));

describe('an API whose public URL is loopback', () => {
  let loop: TestApi;
  beforeAll(async () => {
    loop = await startTestApi({ dataDir: api.dataDir, publicUrl: LOOPBACK, unreachableHosts: true });
  });
  afterAll(() => loop.stop());

  test.each([
    ['batchAdd', () => BATCH(given.cluster), () => add()],
    ['batchAdd, dry', () => `${BATCH(given.cluster)}?dryRun=true`, () => add()],
    ['create with hosts', () => CREATE, () => install([given.free])],
  ])('refuses hosts elsewhere: %s', async (_, path, body) => {
    const before = await loop.traces();
    const answer = await loop.send('POST', path(), body());
    expect([answer.status, answer.body.error?.code]).toEqual([409, 'ODP21011']);
    expect(answer.body.error.message).toMatch(
      /http:\/\/127\.0\.0\.1:8080.*leads a host to itself \(10\.2\.0\.1\).*Set OBFLOW_PUBLIC_URL/,
    );
    expect(await loop.traces()).toEqual(before);
    const chinese = await loop.send('POST', path(), body(), { 'accept-language': 'zh-CN' });
    expect(chinese.body.error.message).toContain('请将 OBFLOW_PUBLIC_URL 设置为');
  });

  test('a cluster without hosts is made, with a warning in the answer, and the same when it is sent again', async () => {
    const body = { name: 'later', obLinks: [{ clusterName: 'hooray' }] };
    const key = { 'idempotency-key': 'made-once-1' };
    const answer = await loop.send('POST', CREATE, body, key);
    expect(answer.status).toBe(200);
    expect(answer.body.data.findings).toEqual([
      {
        level: 'WARN',
        code: 'ODP21011',
        message: expect.stringMatching(/leads every host to itself.*OBFLOW_PUBLIC_URL/),
      },
    ]);
    const again = await loop.send('POST', CREATE, body, key);
    expect(again.body.data).toMatchObject({ id: answer.body.data.id, findings: answer.body.data.findings });
    const dry = await loop.send('POST', `${CREATE}?dryRun=true`, { ...body, name: 'dry' });
    expect(dry.body.data.findings).toEqual(answer.body.data.findings);
  });

  test('a cluster by a root server list asks nobody: nothing is said of it', async () => {
    const body = {
      ...install([given.second]),
      name: 'list',
      workMode: 'RS_LIST',
      obLinks: [{ clusterName: 'hooray' }],
    };
    const answer = await loop.send('POST', CREATE, body);
    expect(answer.status).toBe(200);
    expect(answer.body.data).not.toHaveProperty('findings');
    const push = await loop.send('POST', `${CREATE}/${answer.body.data.obproxyClusterId}/configUrl/push`, {});
    expect([push.status, push.body.error.code]).toEqual([400, 'COM10001']);
  });
});

describe('an API with a public URL that hosts may reach', () => {
  test('a dry run asks from no host that it cannot use otherwise either', async () => {
    const answer = await api.send('POST', `${BATCH(given.cluster)}?dryRun=true`, add());
    expect(answer.body.data.findings).toEqual([
      { hostId: given.free, level: 'ERROR', message: expect.stringContaining('10.2.0.1') },
    ]);
  });

  test('a push names proxies that it cannot reach, and those that a task works on; the others of the cluster are left alone', async () => {
    const push = (id: number, body: unknown) => api.send('POST', `${CREATE}/${id}/configUrl/push`, body);
    const { servers } = (await api.store.obproxy.findCluster(given.other))!;
    const answer = await push(given.other, {});
    expect(answer.body.data).toEqual({
      configUrl: expect.stringMatching(/^http:\/\/10\.9\.8\.7:8080\/services\?.*ObproxyClusterName=other$/),
      contents: [
        {
          ...{ obproxyServerId: servers[0]!.id, hostId: given.taken, ip: '10.2.0.3', sqlPort: 2883 },
          ...{ outcome: 'FAILED', message: expect.stringContaining('10.2.0.3') },
        },
      ],
    });
    const busy = (await api.store.obproxy.findClusterByName('busy'))!;
    expect((await push(busy.id, {})).body.data.contents).toMatchObject([
      { outcome: 'SKIPPED', message: expect.stringContaining(`task ${given.busyTask} works on it`) },
    ]);
    const strange = await push(given.cluster, { obproxyServerIds: [servers[0]!.id] });
    expect([strange.status, strange.body.error.code]).toEqual([400, 'ODP21015']);
    const unknown = await push(given.cluster, { obproxyServerIds: [4711] });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'ODP21002']);
    const audited = await api.send('GET', '/api/v2/audit/events?size=20');
    expect(JSON.stringify(audited.body)).toContain('push config URL');
  });

  test('a proxy that was given another URL shows it as drift, until it is read again', async () => {
    const { servers } = (await api.store.obproxy.findCluster(given.other))!;
    const shown = async () => (await api.send('GET', `${CREATE}/${given.other}`)).body.data.obproxies[0];
    expect(await shown()).not.toHaveProperty('parameterDrift');
    await api.store.obproxy.recordConfigUrl(servers[0]!.id, 'http://10.1.1.1:8080/services?old');
    expect((await shown()).parameterDrift).toEqual([
      {
        name: 'obproxy_config_server_url',
        value: 'http://10.1.1.1:8080/services?old',
        expectedValue: expect.stringContaining('http://10.9.8.7:8080/services?'),
      },
    ]);
    expect((await shown()).warnings).toEqual([
      { kind: 'CONFIG_URL_DRIFT', text: expect.stringMatching(/10\.1\.1\.1.*instead of.*push-url/) },
    ]);
    const listed = await api.send('GET', `${CREATE}?size=200`, undefined, { 'accept-language': 'zh-CN' });
    const inChinese = listed.body.data.contents.find(({ id }: { id: number }) => id === given.other);
    expect(inChinese.obproxies[0].warnings[0].text).toContain('查询其集群');
    await api.store.obproxy.recordConfigUrl(servers[0]!.id, (await shown()).parameterDrift[0].expectedValue);
    expect(await shown()).not.toHaveProperty('parameterDrift');
    expect(await shown()).not.toHaveProperty('warnings');
  });
});

describe('where a loopback or unspecified address leads', () => {
  const own = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  const judged = (url: string, ip: string) => {
    try {
      configUrlReachesHosts(url, { workMode: 'CONFIG_URL' }, [{ id: 1, ip }]);
      return 'accepted';
    } catch (error) {
      if (error instanceof Refusal) return 'refused';
      throw error;
    }
  };

  test.each([
    'http://127.0.0.1:8080',
    'http://127.1.2.3:8080',
    'https://localhost:8443',
    'http://api.localhost:8080',
    'http://0.0.0.0:8080',
    'http://[::1]:8080',
    'http://[::]:8080',
    'http://[::ffff:127.0.0.1]:8080',
    'http://2130706433:8080',
  ])('%s: to the host itself', (url) => {
    expect(judged(url, '10.2.0.1')).toBe('refused');
    expect(judged(url, '2001:db8::7')).toBe('refused');
    expect(judged(url, '127.0.0.1')).toBe('accepted');
    if (own !== undefined) expect(judged(url, own.address)).toBe('accepted');
  });

  test.each([
    'http://10.0.0.5:8080',
    'http://[2001:db8::1]:8080',
    'http://127.example.com',
    'https://localhost.example.com',
  ])('%s: perhaps to the API', (url) => expect(judged(url, '10.2.0.1')).toBe('accepted'));
});
