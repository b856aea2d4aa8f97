/**
 * An OBProxy that is taken over asks the config server of somebody else: it goes on serving what it serves, the clusters that it
 * cannot know are named, and one push gives it ours. A cluster that is declared by another name than its own is found by the dry
 * run: every login to it would be sent away (4666).
 *
 * Source: OBProxy 4.3.1, observed; OCP documentation, "Take over an OBProxy".
 */
import { inspectEverything } from '../../activities/obproxy/takeOver/inspect';
import { pushConfigUrl } from '../../api/objects/pushConfigUrl';
import { openSqlSession } from '../../oceanbase/sqlSession';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { startObserver } from '../../sandbox/standins/observer';
import { startByHand } from '../../sandbox/standins/startByHand';
import { CHAIN, OBPROXY_4_3, PLANTED, startWorld, type World } from '../activities/world';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf } from '../support/skip';
import { until } from '../support/until';

const STRANGER = 'plantedOLD.55++';

describeIf(fleetUnavailable(), 'an OBProxy that was given its config URL by somebody else', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
    await startByHand(world.fleet.hosts[0]!, {
      rpm: OBPROXY_4_3,
      ...{ sqlPort: 2883, exporterPort: 2884, rpcPort: 2885, password: STRANGER },
      source: { configUrl: `http://${world.fleet.gateway}:1/services?Action=GetObProxyConfig` },
      options: ['config_server_refresh_interval=10s'],
    });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  test('the dry run names a cluster that calls itself otherwise, and what the host hears', async () => {
    const observer = await startObserver({
      ...{ host: world.fleet.gateway, port: 0, clusterName: 'its_own_name', obClusterId: 9 },
      users: { 'root@sys': PLANTED.root, 'proxyro@sys': PLANTED.proxyro },
    });
    const worker = world.newWorker();
    try {
      const linked = (await world.store.obClusters.find(world.obClusterId))!;
      const misnamed = await world.store.obClusters.put({
        ...{ name: 'misnamed', obClusterId: 9, version: '4.2.1.0', type: 'PRIMARY' as const },
        rootServers: [{ ip: world.fleet.gateway, sqlPort: observer.port, rpcPort: 2882 }],
        ...{ sysCredentialId: linked.sysCredentialId, proxyroCredentialId: linked.proxyroCredentialId },
      });
      const id = await world.store.obproxy.addCluster({
        ...{ name: 'odd', address: null, port: null, workMode: 'CONFIG_URL', runUser: 'admin' },
        ...{ startupParameters: [], parameters: [], proxysysPassword: PLANTED.proxysys },
        creator: { id: 100, name: 'admin' },
        links: [
          { clusterId: world.obClusterId, username: 'proxyro' },
          { clusterId: misnamed.id, username: 'proxyro' },
        ],
      });
      const host = await worker.hosts.open({
        ...{ hostId: world.hostIds[0]!, ip: world.fleet.hosts[0]!.ip, sshPort: 22, username: 'root' },
        auth: { kind: 'key', privateKey: world.fleet.privateKey },
      });
      const cluster = (await world.store.obproxy.findCluster(id))!;
      const request = { sqlPort: 2883, password: STRANGER };
      const findings = await inspectEverything(world.store, host, cluster, request, {
        ...{ publicUrl: world.config.publicUrl, addresses: ANY_ADDRESS, commands: ['nc'] },
        signal: new AbortController().signal,
      });
      const said = JSON.stringify(findings);
      expect(findings.filter(({ type }) => type === 'ClusterNameDiffers')).toHaveLength(1);
      expect(said).toMatch(/misnamed: it calls itself .*its_own_name/);
      // Of that config server the other cluster is not to be learnt.
      expect(findings.some(({ level }) => level === 'WARN')).toBe(true);
      expect(said).toMatch(/does not list misnamed/);
    } finally {
      await worker.stop();
      await observer.stop();
    }
  }, 60_000);

  test('the take-over succeeds with a warning; a push makes it serve, without a restart', async () => {
    const task = await world.install(0, { takeOver: { password: STRANGER }, workMode: 'CONFIG_URL' });
    for (const type of CHAIN) await task.run(type);
    expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({
      status: 'RUNNING',
      configUrl: expect.stringContaining(':1/services'),
    });
    const warnings = (await task.wholeLog()).filter(({ level }) => level === 'WARN').map(({ text }) => text);
    expect(warnings.join('\n')).toMatch(/Not proven: .*obcluster.*obflow proxy push-url/);
    const login = () =>
      openSqlSession({
        to: { ip: task.host.ip, port: 2883, addresses: ANY_ADDRESS },
        ...{ user: 'root@sys#obcluster', password: PLANTED.root, timeoutMs: 10_000 },
      });
    await expect(login()).rejects.toMatchObject({ errno: 4669 });
    const [pid] = task.host.pids('obproxy');

    const worker = world.newWorker();
    const cluster = (await world.store.obproxy.findCluster(task.clusterId))!;
    const services = { store: world.store, hosts: worker.hosts, config: world.config };
    expect(await pushConfigUrl(services, cluster, cluster.servers)).toMatchObject([{ outcome: 'PUSHED' }]);
    await worker.stop();
    await until(
      'the next poll',
      () =>
        login().then(
          (session) => {
            session.close();
            return true;
          },
          () => false,
        ),
      30_000,
    );
    expect(task.host.pids('obproxy')).toEqual([pid]);
  }, 90_000);
});
