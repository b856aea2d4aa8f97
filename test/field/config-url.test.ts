/**
 * The config URL that an OBProxy is given, as its host hears it: a proxy that cannot learn its clusters starts all the same, and
 * every login through it ends in "cluster not exist" (4669, OBProxy 4.3.1, observed).
 *
 * Source: README's own steps on two machines, with OBFLOW_PUBLIC_URL left at its loopback default.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createActivities } from '../../activities';
import { pushConfigUrl } from '../../api/objects/pushConfigUrl';
import { lookAtConfigUrl } from '../../contact/configUrl';
import { driftOf } from '../../contact/configUrlDrift';
import { configServerAnswer, obproxyConfig } from '../../oceanbase/configServer';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { openSqlSession, type SqlSession } from '../../oceanbase/sqlSession';
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import { failureWithout } from '../activities/failure';
import {
  effects,
  type InstallTask,
  OBPROXY_1_9,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type Worker,
  type World,
} from '../activities/world';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';

const SECRETS = Object.values(PLANTED);

describeIf(fleetUnavailable(), 'the config URL of an OBProxy', () => {
  let world: World;
  const servers: Server[] = [];
  beforeAll(async () => {
    world = await startWorld({ hosts: 5 });
  });
  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await world?.stop();
  });

  /** An HTTP server that hosts reach; its URL. */
  async function serve(answer: (url: string) => RequestListener): Promise<string> {
    let url = '';
    const server = createServer((request, response) => answer(url)(request, response));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, world.fleet.gateway, resolve));
    url = `http://${world.fleet.gateway}:${(server.address() as AddressInfo).port}`;
    return url;
  }

  /** A worker with another OBFLOW_PUBLIC_URL. */
  function workerWith(publicUrl: string): Worker {
    const worker = world.newWorker();
    const config = { ...world.config, publicUrl };
    return { ...worker, activities: createActivities({ ...world, config, hosts: worker.hosts }) };
  }

  function login(host: TestHost, user: string, password: string): Promise<SqlSession> {
    const to = { ip: host.ip, port: 2883, addresses: ANY_ADDRESS };
    return openSqlSession({ to, user, password, timeoutMs: 10_000 });
  }

  async function proveUserLogin(task: InstallTask): Promise<void> {
    const session = await login(task.host, 'root@sys#obcluster', PLANTED.root);
    expect(await session.query('SELECT ob_version() AS v')).toEqual([{ v: '4.2.1.0' }]);
    session.close();
    await expect(login(task.host, 'root@sys#obcluster', 'Wrong.1')).rejects.toMatchObject({ errno: 1045 });
  }

  const envelope = (data: unknown) =>
    JSON.stringify(configServerAnswer(data, { trace: 't', server: 's', costMs: 0 }));
  const config = (url: string, names: readonly string[]): RequestListener => {
    const whole = obproxyConfig(url, names);
    return (request, response) =>
      response.end(envelope(request.url?.includes('VersionOnly') ? { Version: whole.Version } : whole));
  };
  const STRANGERS: readonly (readonly [string, (url: string) => RequestListener, RegExp])[] = [
    [
      'a web page',
      () => (_, response) => response.end('<html>Welcome</html>'),
      /no config server.*<html>Welcome/,
    ],
    ['status 404', () => (_, response) => response.writeHead(404).end('{}'), /status 404/],
    ['the config server of another obflow', (url) => config(url, ['other']), /does not list obcluster/],
    [
      'an API that sends proxies elsewhere',
      () => config('http://127.0.0.1:8080', ['obcluster']),
      /sends proxies to http:\/\/127\.0\.0\.1:8080.*another OBFLOW_PUBLIC_URL/,
    ],
    [
      'a redirection to a web page',
      () => (request, response) =>
        request.url === '/page'
          ? response.end('Log in first')
          : response.writeHead(302, { location: '/page' }).end(),
      /no config server.*Log in first/,
    ],
  ];

  test.each([
    ['OBProxy 4.3', OBPROXY_4_3, 'CONFIG_URL', 0],
    ['OBProxy 1.9', OBPROXY_1_9, 'CONFIG_URL', 1],
    ['OBProxy 4.3 by a root server list', OBPROXY_4_3, 'RS_LIST', 2],
  ] as const)(
    'fine: %s is reached, and a login through it reaches the cluster',
    async (_, rpm, workMode, index) => {
      const task = await world.install(index, { rpm, workMode });
      await task.chain();
      const { status, configUrl } = (await world.store.obproxy.findServer(task.serverId))!;
      expect(status).toBe('RUNNING');
      if (workMode === 'CONFIG_URL') {
        expect(await task.log('StartObproxy')).toContain(`config URL ${world.config.publicUrl} reached from`);
        expect(configUrl).toContain(world.config.publicUrl);
        expect(await task.log('UpdateObproxyStatus')).toContain('The proxy knows obcluster');
      } else expect(configUrl).toBeNull();
      expect(await task.log('UpdateObproxyStatus')).toContain('obcluster answers through the proxy');
      expect((await task.wholeLog()).filter(({ level }) => level === 'WARN').map(({ text }) => text)).toEqual(
        [],
      );
      await proveUserLogin(task);
    },
    60_000,
  );

  test('where the proxy lets proxyro in, it is proxyro who logs in', async () => {
    const task = await world.install(3, {
      workMode: 'CONFIG_URL',
      parameters: [{ name: 'skip_proxyro_check', value: 'true' }],
    });
    await task.chain();
    expect(await task.log('UpdateObproxyStatus')).toContain(
      'proxyro@sys#obcluster logs in through the proxy, and SELECT 1 is answered',
    );
    await task.run('StartObproxy', { rollback: true });
    await world.store.obproxy.deleteServer(task.serverId);
  }, 60_000);

  describe('wrong', () => {
    let task: InstallTask;
    beforeAll(async () => {
      task = await world.install(4, {
        workMode: 'CONFIG_URL',
        parameters: [{ name: 'config_server_refresh_interval', value: '10s' }],
      });
      await task.chain('InstallRpmByPackageAndVersion');
    });

    test('loopback is the host itself: nothing is started, and said at once', async () => {
      const worker = workerWith('http://127.0.0.1:8080');
      const before = Date.now();
      const error = await failureWithout(SECRETS, task.run('StartObproxy', {}, worker));
      expect(error).toMatchObject({ type: 'ConfigUrlUnreachable', nonRetryable: true });
      expect(error.message).toMatch(/that address is the host itself.*Set OBFLOW_PUBLIC_URL/);
      expect(Date.now() - before).toBeLessThan(10_000);
      expect((await effects(task.host, task.home)).starts).toBe(0);
      await worker.stop();
    }, 30_000);

    test.each(STRANGERS)(
      'answered by %s: nothing is started',
      async (_, answer, says) => {
        const worker = workerWith(await serve(answer));
        const error = await failureWithout(SECRETS, task.run('StartObproxy', {}, worker));
        expect(error).toMatchObject({ type: 'ConfigUrlUnreachable', nonRetryable: true });
        expect(error.message).toMatch(says);
        expect((await effects(task.host, task.home)).starts).toBe(0);
        await worker.stop();
      },
      30_000,
    );

    test('by Python and by bash alone it is heard the same; with none of them it could not be asked', async () => {
      const good = { publicUrl: world.config.publicUrl, clusterNames: ['obcluster'] };
      const strange = await serve(() => (_, response) => response.end('<html>Welcome</html>'));
      const worker = world.newWorker();
      const host = await worker.hosts.open({
        ...{ hostId: world.hostIds[4]!, ip: task.host.ip, sshPort: 22, username: 'root' },
        auth: { kind: 'key', privateKey: world.fleet.privateKey },
      });
      const looks = async (hidden: string) => {
        // Nothing that can be executed lies there from now on.
        await task.host.sh(`for p in ${hidden}; do
          f=$(command -v $p) && mount --bind /dev/null "$(readlink -f "$f")"; done; true`);
        return [
          await lookAtConfigUrl(host, good),
          await lookAtConfigUrl(host, { ...good, publicUrl: strange }),
          await lookAtConfigUrl(host, { ...good, publicUrl: `http://${world.fleet.gateway}:1` }),
        ];
      };
      for (const hidden of ['curl', 'python3 python']) {
        const [fine, stranger, silent] = await looks(hidden);
        expect([hidden, fine]).toEqual([hidden, expect.objectContaining({ verdict: 'serves' })]);
        expect(stranger).toMatchObject({
          verdict: 'fails',
          text: { en: expect.stringContaining('<html>Welcome') },
        });
        const text = expect.objectContaining({ en: expect.stringMatching(/refused/i) });
        expect([hidden, silent]).toEqual([
          hidden,
          expect.objectContaining({ verdict: 'fails', silent: true, text }),
        ]);
      }
      // Bash alone has nothing that would end a wait.
      const unable = await looks('timeout');
      expect(unable.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown', 'unknown']);
      expect(unable[0]?.text.en).toContain('neither curl nor Python nor bash');
      await worker.stop();
    }, 60_000);

    test('a host that cannot ask is a warning; what the proxy cannot learn fails the last step, and a push repairs it', async () => {
      const worker = workerWith('http://127.0.0.1:1');
      await task.run('StartObproxy', {}, worker);
      expect(await task.log('StartObproxy')).toMatch(/Not proven: .* cannot ask for the config URL/);
      await task.run('SyncObproxyParameter', {}, worker);
      await task.run('SetObproxyUserPasswordForOb', {}, worker);
      const error = await failureWithout(SECRETS, task.run('UpdateObproxyStatus', {}, worker));
      expect(error).toMatchObject({ type: 'ObClusterUnknownToProxy', nonRetryable: true });
      expect(error.message).toMatch(/has not learnt of obcluster from http:\/\/127\.0\.0\.1:1\/.*push-url/);
      await expect(login(task.host, 'root@sys#obcluster', PLANTED.root)).rejects.toMatchObject({
        errno: 4669,
      });
      expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({
        status: 'CREATING',
        // Ended as it is, it is a proxy that serves nobody.
        work: { endStatus: 'UNAVAILABLE' },
      });

      const cluster = (await world.store.obproxy.findCluster(task.clusterId))!;
      const [server] = cluster.servers;
      expect(driftOf(cluster, server!, world.config.publicUrl)).toMatchObject([
        { name: 'obproxy_config_server_url', value: server!.configUrl },
      ]);
      const services = { store: world.store, hosts: worker.hosts, config: world.config };
      expect(await pushConfigUrl(services, cluster, cluster.servers)).toMatchObject([{ outcome: 'PUSHED' }]);
      expect(await pushConfigUrl(services, cluster, cluster.servers)).toMatchObject([
        { outcome: 'UNCHANGED' },
      ]);
      const now = (await world.store.obproxy.findServer(task.serverId))!;
      expect(driftOf(cluster, now, world.config.publicUrl)).toEqual([]);
      await task.run('UpdateObproxyStatus', { run: 2 });
      await proveUserLogin(task);
      await worker.stop();
    }, 90_000);

    test('a URL that the host does not reach is not pushed: the proxy keeps the one it has', async () => {
      await task.host.sh('umount "$(readlink -f /usr/bin/curl)"');
      const worker = world.newWorker();
      const config = { ...world.config, publicUrl: `http://${world.fleet.gateway}:1` };
      const cluster = (await world.store.obproxy.findCluster(task.clusterId))!;
      const services = { store: world.store, hosts: worker.hosts, config };
      expect(await pushConfigUrl(services, cluster, cluster.servers)).toMatchObject([
        { outcome: 'FAILED', message: { en: expect.stringMatching(/OBFLOW_PUBLIC_URL.*keeps what it has/) } },
      ]);
      expect((await world.store.obproxy.findServer(task.serverId))?.configUrl).toContain(
        world.config.publicUrl,
      );
      await worker.stop();
      await proveUserLogin(task);
    }, 60_000);

    test('a login that the cluster refuses to the proxy fails the last step, with the reason that only the proxy knows', async () => {
      const worker = world.newWorker();
      const host = await worker.hosts.open({
        ...{ hostId: world.hostIds[4]!, ip: task.host.ip, sshPort: 22, username: 'root' },
        auth: { kind: 'key', privateKey: world.fleet.privateKey },
      });
      const admin = await openObproxyAdmin({
        where: task.host.ip,
        password: PLANTED.proxysys,
        open: () => host.tunnel(2883),
      });
      await admin.replaceClusterValue('obcluster', 'observer_sys_password', 'somebody.ELSE.99');
      const error = await failureWithout(SECRETS, task.run('UpdateObproxyStatus', { run: 3 }));
      expect(error).toMatchObject({ type: 'LoginRefused', nonRetryable: true });
      expect(error.message).toMatch(/refuses the proxy's own login to obcluster as proxyro/);
      await admin.deleteClusterValue('obcluster', 'observer_sys_password');
      await admin.replaceClusterValue('obcluster', 'observer_sys_password', PLANTED.proxyro);
      admin.close();
      await worker.stop();
      await task.run('UpdateObproxyStatus', { run: 4 });
    }, 60_000);
  });
});
