/**
 * A primary and its standby have one name, and each its own password of proxyro: the proxy keeps both, each in a slot of its
 * own, and a third, for which it has none, overwrites neither.
 *
 * Source: oceanbase/oceanbase#878; obproxy, ob_proxy_config.h: observer_sys_password1.
 */
import { sha1Hex } from '../../oceanbase/passwords';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import type { ObproxyRpm } from '../../sandbox/standins/rpm';
import { failureWithout } from '../activities/failure';
import { effects, OBPROXY_1_9, OBPROXY_4_3, PLANTED, startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';

const OTHERS = ['plantedTWIN.55@@', 'plantedTHIRD.66@@'];

describeIf(fleetUnavailable(), 'clusters of one name with different passwords of proxyro', () => {
  let world: World;
  const observers: Observer[] = [];
  /** The primary, and two standbys of its name. */
  const clusters: number[] = [];
  beforeAll(async () => {
    world = await startWorld({ hosts: 3 });
    clusters.push(world.obClusterId);
    const primary = (await world.store.obClusters.find(world.obClusterId))!;
    for (const [index, secret] of OTHERS.entries()) {
      const obClusterId = index + 2;
      const observer = await startObserver({
        ...{ host: world.fleet.gateway, port: 0, clusterName: 'obcluster', obClusterId },
        users: { 'root@sys': PLANTED.root, 'proxyro@sys': secret },
      });
      observers.push(observer);
      const proxyro = await world.store.credentials.put({
        ...{ name: `standby${index}`, kind: 'DATABASE', username: 'proxyro@sys', secret },
      });
      const { id } = await world.store.obClusters.put({
        ...{ name: 'obcluster', obClusterId, version: '4.2.1.0', type: 'STANDBY' },
        rootServers: [{ ip: world.fleet.gateway, sqlPort: observer.port, rpcPort: 2882 }],
        ...{ sysCredentialId: primary.sysCredentialId, proxyroCredentialId: proxyro.id },
      });
      clusters.push(id);
    }
  });
  afterAll(async () => {
    await Promise.all(observers.map((observer) => observer.stop()));
    await world?.stop();
  });

  const install = async (index: number, linked: readonly number[], rpm: ObproxyRpm) => {
    const clusterId = await world.store.obproxy.addCluster({
      ...{ name: `pair${index}`, address: null, port: null, workMode: 'RS_LIST', runUser: 'admin' },
      ...{ startupParameters: [], parameters: [], proxysysPassword: PLANTED.proxysys },
      creator: { id: 100, name: 'admin' },
      links: linked.map((id) => ({ clusterId: id, username: 'proxyro' })),
    });
    const task = await world.install(index, { rpm, clusterId });
    await task.chain('SyncObproxyParameter');
    return task;
  };

  test.each([
    [0, OBPROXY_4_3],
    [1, OBPROXY_1_9],
  ])('two take a slot of the proxy of host %i each, once', async (index, rpm) => {
    const task = await install(index, clusters.slice(0, 2), rpm);
    for (const run of [1, 2]) await task.run('SetObproxyUserPasswordForOb', { run });
    expect((await effects(task.host, task.home)).alters).toMatchObject({
      observer_sys_password: 1,
      observer_sys_password1: 1,
    });
    const { stdout } = await task.host.sh(`cat ${task.home}/etc/* | tr -c '[:print:]' ' '`);
    for (const password of [PLANTED.proxyro, OTHERS[0]!]) expect(stdout).toContain(sha1Hex(password));
    expect(await task.log('SetObproxyUserPasswordForOb')).not.toContain('planted');
  });

  test('a third is refused before the first is written', async () => {
    const task = await install(2, clusters, OBPROXY_4_3);
    const secrets = [...OTHERS, ...Object.values(PLANTED)];
    const error = await failureWithout(secrets, task.run('SetObproxyUserPasswordForOb'));
    expect(error.message).toMatch(/^ODP21006/);
    expect((await effects(task.host, task.home)).alters.observer_sys_password).toBeUndefined();
  });
});
