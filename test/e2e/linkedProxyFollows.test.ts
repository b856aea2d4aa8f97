import { openSqlSession } from '../../oceanbase/sqlSession';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { ANY_ADDRESS } from '../support/addresses';
import { until } from '../support/until';
import { clusterOnHosts, type ObserverScene, serversOf } from './observerScene';
import { batchAdd, createCluster, describeWithStack, hostIds, OBPROXY_4_3, uploaded } from './scene';

/** Three zones, and a host whose OBProxy is linked to the cluster by obflow's config URL. */
describeWithStack('an OBProxy that is linked to a cluster', { hosts: 4, processes: 'one' }, (stack) => {
  let scene: ObserverScene;

  beforeAll(async () => {
    scene = await clusterOnHosts(stack(), 3, '4.2.1.2');
    // It was declared with one root server; whatever asks it learns the others, and OBProxy asks for them once.
    const first = scene.cluster.servers[0]?.host.ip ?? '';
    for (const verb of ['stop', 'start'] as const) await onServer(first, verb);
    expect(await rootServers()).toHaveLength(3);
    const proxies = await createCluster(stack(), 'follows', {
      obLinks: [{ clusterName: 'obgrows', obClusterId: 22, username: 'proxyro' }],
    });
    const [, , , last = 0] = await hostIds(stack());
    await ended(await batchAdd(stack(), proxies, [last], await uploaded(stack(), OBPROXY_4_3)));
  }, 240_000);

  async function ended(tasks: readonly TaskJson[]): Promise<void> {
    const ids = tasks.map(({ id }) => id);
    for (const task of await stack().api.settled(ids)) {
      expect(task.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(task.status).toBe('SUCCESSFUL');
    }
  }

  async function onServer(ip: string, verb: 'stop' | 'start'): Promise<void> {
    const server = (await serversOf(stack(), scene.clusterId)).find((one) => one.ip === ip);
    const path = `/api/v2/ob/clusters/${scene.clusterId}/servers/${server?.id}/${verb}`;
    await ended([await stack().api.call<TaskJson>('POST', path)]);
  }

  /** Where the root service lives, as the first server that answers says. */
  async function rootService(): Promise<string> {
    const sql = "SELECT SVR_IP AS ip FROM oceanbase.DBA_OB_SERVERS WHERE WITH_ROOTSERVER = 'YES'";
    for (const [at] of scene.cluster.servers.entries()) {
      if (stack().fleet.hosts[at]?.pids('observer').length === 0) continue;
      return (await scene.cluster.sql(sql, at))[0]?.ip ?? '';
    }
    throw new Error('no server of the cluster runs');
  }

  /** As the config server tells them to proxies. */
  async function rootServers(): Promise<string[]> {
    const path = '/services?Action=ObRootServiceInfo&ObRegion=obgrows';
    const { answer } = await stack().api.send('GET', path);
    const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
    return RsList.map(({ address }) => address);
  }

  async function throughTheProxy(): Promise<boolean> {
    try {
      const session = await openSqlSession({
        ...{ to: { ip: stack().fleet.hosts[3]?.ip ?? '', port: 2883, addresses: ANY_ADDRESS } },
        ...{ user: 'root@sys#obgrows', password: stack().secrets.sys, timeoutMs: 10_000 },
      });
      await session.query('SELECT 1 AS one');
      session.close();
      return true;
    } catch {
      return false;
    }
  }

  it('follows its root service from server to server as each is stopped, and lets clients in all the time', async () => {
    await until('clients are let in', throughTheProxy);
    for (let moves = 0; moves < 2; moves += 1) {
      const former = await rootService();
      await onServer(former, 'stop');
      const present = await rootService();
      expect(present).not.toBe(former);
      const { answer } = await stack().api.send('GET', '/services?Action=ObRootServiceInfo&ObRegion=obgrows');
      const { RsList } = (answer as { Data: { RsList: { address: string; role?: string }[] } }).Data;
      expect(RsList.map(({ address }) => address)).toContain(`${present}:2882`);
      await until('clients are let in while it is stopped', throughTheProxy);
      await onServer(former, 'start');
      expect(await throughTheProxy()).toBe(true);
    }
  }, 240_000);
});
