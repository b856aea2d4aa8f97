/** Links, parameters and password of OBProxies that run, through the whole of obflow. */
import { openSqlSession } from '../../oceanbase/sqlSession';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER, wholeStore } from '../../sandbox/stack/stack';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { ANY_ADDRESS } from '../support/addresses';
import { until } from '../support/until';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  hostIds,
  OBPROXY_4_3,
  subtaskLog,
  uploaded,
} from './scene';

const NEW = 'nnEE33..planted';

interface Cluster {
  readonly parameterVersion: number;
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
  readonly obLinks: readonly { readonly clusterName: string }[];
  readonly obproxies: readonly {
    readonly id: number;
    readonly status: string;
    readonly parameterVersion: number;
    readonly parameterDrift?: readonly { readonly name: string }[];
  }[];
}
interface Listed {
  readonly contents: readonly { readonly name: string; readonly valueString: string }[];
}

describeWithStack('the configuration of proxies that serve', { hosts: 2, processes: 'one' }, (stack) => {
  let path = '';
  let hooray: Observer | undefined;
  afterAll(() => hooray?.stop());

  const cluster = () => stack().api.call<Cluster>('GET', path);
  const listed = async (name: string) =>
    (await stack().api.call<Listed>('GET', `${path}/parameters`)).contents.find((one) => one.name === name)
      ?.valueString;
  async function done(method: string, where: string, body: unknown): Promise<TaskJson> {
    const task = await stack().api.call<TaskJson>(method, path + where, body);
    const [settled] = await stack().api.settled([task.id]);
    expect(settled?.subtasks.find(({ status }) => status === 'FAILED')?.failureMessage).toBeUndefined();
    expect(settled?.status).toBe('SUCCESSFUL');
    return task;
  }
  /** A user's login through every proxy. */
  async function logsIn(name: string): Promise<boolean> {
    for (const { ip } of stack().fleet.hosts) {
      try {
        const session = await openSqlSession({
          ...{ to: { ip, port: 2883, addresses: ANY_ADDRESS }, timeoutMs: 10_000 },
          ...{ user: `root@sys#${name}`, password: stack().secrets.sys },
        });
        await session.query('SELECT 1 AS one');
        session.close();
      } catch {
        return false;
      }
    }
    return true;
  }

  beforeAll(async () => {
    const { api, fleet, secrets } = stack();
    hooray = await startObserver({
      ...{ host: fleet.gateway, port: 0, clusterName: 'hooray', obClusterId: 7 },
      users: { 'root@sys': secrets.sys, 'proxyro@sys': secrets.proxyro },
    });
    const store = wholeStore(stack());
    const [first] = store.obClusters as Record<string, unknown>[];
    const rootServers = [{ ip: fleet.gateway, sqlPort: hooray.port, rpcPort: 2882 }];
    await stack().apply({
      ...store,
      obClusters: [first, { ...first, name: 'hooray', obClusterId: 7, rootServers }],
    });
    const clusterId = await createCluster(stack(), 'configured', {
      parameters: [{ name: 'config_server_refresh_interval', value: '10s' }],
    });
    path = `/api/v2/obproxy/clusters/${clusterId}`;
    const tasks = await batchAdd(
      stack(),
      clusterId,
      await hostIds(stack()),
      await uploaded(stack(), OBPROXY_4_3),
    );
    await api.settled(
      tasks.map(({ id }) => id),
      { statuses: ['SUCCESSFUL'] },
    );
  }, 180_000);

  it('a link is told to every proxy, users reach the cluster through them, and the same request then has nothing to tell', async () => {
    const { api } = stack();
    expect(await logsIn('hooray')).toBe(false);
    const link = [{ clusterName: 'hooray', obClusterId: 7, username: 'proxyro' }];
    const told = await api.call<{ contents: { outcome: string }[] } | undefined>(
      'POST',
      `${path}/obLinks/batchAdd`,
      link,
    );
    // They learn at their next poll, which may have been within the request.
    for (const { outcome } of told?.contents ?? []) expect(outcome).toBe('TOLD');
    await until('users of hooray get in', () => logsIn('hooray'), 40_000);
    expect(await api.call('POST', `${path}/obLinks/batchAdd`, link)).toBeUndefined();
    const { parameterVersion, obLinks, obproxies } = await cluster();
    expect(obLinks.map(({ clusterName }) => clusterName)).toEqual([OB_CLUSTER.name, 'hooray']);
    for (const proxy of obproxies) expect(proxy.parameterVersion).toBe(parameterVersion);
    await api.call('DELETE', `${path}/obLinks/hooray`);
    await until('users of hooray are sent away', async () => !(await logsIn('hooray')), 40_000);
    expect(await logsIn(OB_CLUSTER.name)).toBe(true);
  }, 120_000);

  it('parameters are changed, refreshed after somebody else has changed them, and restart the proxies when asked', async () => {
    await done('PUT', '/parameters', [
      { name: 'query_digest_time_threshold', value: '300ms' },
      { name: 'net_accept_threads', value: '4' },
    ]);
    expect([await listed('query_digest_time_threshold'), await listed('net_accept_threads')]).toEqual([
      '300ms',
      '4',
    ]);
    for (const { status, parameterDrift } of (await cluster()).obproxies) {
      expect([status, parameterDrift?.map(({ name }) => name)]).toEqual(['RUNNING', ['net_accept_threads']]);
    }
    const restart = { parameters: [{ name: 'net_accept_threads', value: '3' }], restart: true };
    const task = await done('PUT', '/parameters', restart);
    expect(await subtaskLog(stack(), task, 'Record obproxy parameters')).toContain('version');
    for (const { status, parameterDrift } of (await cluster()).obproxies) {
      expect([status, parameterDrift]).toEqual(['RUNNING', undefined]);
    }
    const ids = (await cluster()).obproxies.map(({ id }) => id);
    await done('POST', '/servers/refresh', { obproxyServerIds: ids });
    expect(await listed('net_accept_threads')).toBe('3');
    expect(await logsIn(OB_CLUSTER.name)).toBe(true);
  }, 180_000);

  it('the password is changed on every proxy, and obflow works with the new one', async () => {
    const task = await done('POST', '/password', { username: 'root@proxysys', password: NEW });
    expect(JSON.stringify(await stack().api.task(task.id))).not.toContain(NEW);
    // What logs in as root@proxysys afterwards does so with it.
    expect(await listed('syslog_level')).toBe('INFO');
    const again = await stack().api.send('POST', `${path}/password`, { password: 'short' });
    expect(again.status).toBe(400);
    expect(await logsIn(OB_CLUSTER.name)).toBe(true);
  }, 120_000);
});
