/** An OBProxy that works by RS_LIST asks nobody for root servers: obflow tells it when servers of its cluster come and go. */
import { openSqlSession } from '../../oceanbase/sqlSession';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { ANY_ADDRESS } from '../support/addresses';
import { until } from '../support/until';
import { clusterOnHosts, type ObserverScene, serversOf } from './observerScene';
import { batchAdd, createCluster, describeWithStack, hostIds, OBPROXY_4_3, uploaded } from './scene';

interface Proxies {
  readonly obproxies: {
    readonly id: number;
    readonly parameterDrift?: readonly { name: string; value: string; expectedValue: string }[];
  }[];
}

/** Three zones, hosts for another server and another zone, and one with an OBProxy that knows the first server alone. */
describeWithStack('an OBProxy that works by RS_LIST', { hosts: 6, processes: 'one' }, (stack) => {
  let scene: ObserverScene;
  let proxies: number;
  beforeAll(async () => {
    scene = await clusterOnHosts(stack(), 3, '4.2.1.2');
    // It was declared with one root server, and nobody has asked it for the others yet.
    proxies = await createCluster(stack(), 'listed', {
      workMode: 'RS_LIST',
      obLinks: [{ clusterName: 'obgrows', obClusterId: 22, username: 'proxyro' }],
    });
    const last = (await hostIds(stack()))[5] ?? 0;
    await ended(...(await batchAdd(stack(), proxies, [last], await uploaded(stack(), OBPROXY_4_3))));
  }, 240_000);

  const host = (index: number) => {
    const found = stack().fleet.hosts[index];
    if (found === undefined) throw new Error('six hosts were asked for');
    return found;
  };
  async function ended(...tasks: readonly TaskJson[]): Promise<TaskJson[]> {
    const settled = await stack().api.settled(
      tasks.map(({ id }) => id),
      { deadlineMs: 150_000 },
    );
    for (const task of settled) {
      expect(task.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(task.status).toBe('SUCCESSFUL');
    }
    return settled;
  }
  async function proxy() {
    const [found] = (await stack().api.call<Proxies>('GET', `/api/v2/obproxy/clusters/${proxies}`)).obproxies;
    if (found === undefined) throw new Error('there is one');
    return found;
  }
  async function throughTheProxy(): Promise<boolean> {
    try {
      const session = await openSqlSession({
        ...{ to: { ip: host(5).ip, port: 2883, addresses: ANY_ADDRESS } },
        ...{ user: 'root@sys#obgrows', password: stack().secrets.sys, timeoutMs: 10_000 },
      });
      await session.query('SELECT 1 AS one');
      session.close();
      return true;
    } catch {
      return false;
    }
  }
  async function serverAt(ip: string): Promise<number> {
    const found = (await serversOf(stack(), scene.clusterId)).find((one) => one.ip === ip);
    if (found === undefined) throw new Error(`no server on ${ip}`);
    return found.id;
  }
  const servers = () => `/api/v2/ob/clusters/${scene.clusterId}/servers`;

  it('is given another list before the only server that it knows goes, and lets clients in all the time', async () => {
    await until('clients are let in', throughTheProxy);
    const path = `${servers()}/${await serverAt(host(0).ip)}/replace`;
    const body = { hostId: scene.free[0]?.id };
    const dry = await stack().api.call<{ findings: { message: string }[] }>(
      'POST',
      `${path}?dryRun=true`,
      body,
    );
    expect(JSON.stringify(dry.findings)).toContain(`knows only servers that go (${host(0).ip}:2881)`);
    expect((await proxy()).parameterDrift).toBeUndefined();

    const [task] = await ended(await stack().api.call<TaskJson>('POST', path, body));
    expect(await throughTheProxy()).toBe(true);
    const warned = JSON.stringify((await stack().api.task(task?.id ?? 0)) as object);
    expect(warned).toContain('restart it before, so that it works with');
    const { parameterDrift: [drift] = [] } = await proxy();
    expect(drift).toMatchObject({ name: 'rootservice_list', value: `${host(0).ip}:2881` });
    expect(drift?.expectedValue.split(';').sort()).toEqual(
      [1, 2, 3].map((at) => `${host(at).ip}:2881`).sort(),
    );
  }, 300_000);

  it('that dies then and is started again by its keeper reaches the servers of now', async () => {
    const [former] = host(5).pids('obproxy');
    await host(5).sh(`kill -9 ${former}`);
    await until('another process runs', async () =>
      host(5)
        .pids('obproxy')
        .some((pid) => pid !== former),
    );
    await until('clients are let in', throughTheProxy);
    const path = `/api/v2/obproxy/clusters/${proxies}/servers/restart`;
    const { id } = await proxy();
    await ended(
      await stack().api.call<TaskJson>('POST', path, { obproxyServerIds: [id], hotRestart: false }),
    );
    expect((await proxy()).parameterDrift).toBeUndefined();
    expect(await throughTheProxy()).toBe(true);
  }, 180_000);

  it('is told of a server that goes with its zone, and of one that comes', async () => {
    // The tenant keeps its majority in two zones; nothing of it lies in a zone that is new.
    const zone = { name: 'zone4', idcName: 'idc2', servers: [scene.free[1]?.id] };
    await ended(
      await stack().api.call<TaskJson>('POST', `/api/v2/ob/clusters/${scene.clusterId}/zones`, zone),
    );
    const expected = async () => (await proxy()).parameterDrift?.[0]?.expectedValue.split(';') ?? [];
    expect(await expected()).toContain(`${host(4).ip}:2881`);
    await ended(
      await stack().api.call<TaskJson>('DELETE', `/api/v2/ob/clusters/${scene.clusterId}/zones/zone4`),
    );
    // What it was started with is right again, so that nothing waits for a restart.
    expect(await expected()).toEqual([]);
    expect(await throughTheProxy()).toBe(true);
  }, 300_000);
});
