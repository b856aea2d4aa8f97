import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sha1Hex } from '../../oceanbase/passwords';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER, wholeStore } from '../../sandbox/stack/stack';
import { type ByHand, fingerprint, startByHand } from '../../sandbox/standins/startByHand';
import {
  createCluster,
  describeWithStack,
  hostIds,
  OBPROXY_1_9,
  OBPROXY_4_3,
  subtaskLog,
  subtaskOf,
} from './scene';

const PASSWORD = 'plantedOLD.55++';

interface Finding {
  readonly hostId: number;
  readonly level: string;
  readonly code?: string;
  readonly message: string;
}
type Answer = { contents: TaskJson[]; findings?: Finding[] };

describeWithStack('taking over running OBProxies', { hosts: 7, processes: 'one' }, (stack) => {
  let ids: number[];
  beforeAll(async () => {
    await stack().apply();
    ids = await hostIds(stack());
  }, 60_000);

  function byHand(index: number, more: Partial<ByHand> = {}) {
    const host = stack().fleet.hosts[index];
    if (host === undefined) throw new Error('seven hosts were asked for');
    const { fleet, observer } = stack();
    const started = startByHand(host, {
      rpm: OBPROXY_4_3,
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: 2885,
      password: PASSWORD,
      source: { cluster: OB_CLUSTER.name, rootServers: `${fleet.gateway}:${observer.port}` },
      ...more,
    });
    return started.then(async (proxy) => ({ host, proxy, before: await fingerprint(host, proxy) }));
  }

  const takeOver = (clusterId: number, hosts: unknown[], query = '') =>
    stack().api.call<Answer>('POST', `/api/v2/obproxy/clusters/${clusterId}/takeOver${query}`, { hosts });

  const cluster = (id: number) =>
    stack().api.call<{ obproxies: Record<string, unknown>[]; versions: unknown[] }>(
      'GET',
      `/api/v2/obproxy/clusters/${id}`,
    );

  it('one by config server, wrong password at first: the log says how to give the right one, and the retry succeeds; the process never noticed', async () => {
    const { api, env } = stack();
    const url = obproxyConfigUrl(String(env.OBFLOW_PUBLIC_URL), 'old');
    const clusterId = await createCluster(stack(), 'old', {
      startupParameters: [{ name: 'work_thread_num', value: '8' }],
      parameters: [{ name: 'proxy_mem_limited', value: '1G' }],
    });
    const { host, proxy, before } = await byHand(0, {
      rpm: OBPROXY_1_9,
      appName: 'old',
      source: { configUrl: url },
    });
    const { contents } = await takeOver(clusterId, [
      { hostId: ids[0], sqlPort: 2883, proxysysPasswd: 'plantedBAD.66++' },
    ]);
    const [task] = contents;
    if (!task) throw new Error('no task');
    const [failed] = await api.settled([task.id]);
    expect(failed?.status).toBe('FAILED');
    const log = await subtaskLog(stack(), task, 'Prepare create obproxy');
    const name = `proxysys@${host.ip}-2883`;
    expect(log).toMatch(/ODP10001/);
    expect(log).toContain(name);
    expect(await fingerprint(host, proxy)).toBe(before);
    expect((await cluster(clusterId)).obproxies).toEqual([expect.objectContaining({ status: 'TAKINGOVER' })]);

    env.STACK_RUNNING_PASSWORD = PASSWORD;
    const store = wholeStore(stack());
    await stack().apply({
      ...store,
      credentials: [
        ...(store.credentials as unknown[]),
        { name, kind: 'DATABASE', username: 'root@proxysys', passwordEnv: 'STACK_RUNNING_PASSWORD' },
      ],
    });
    delete env.STACK_RUNNING_PASSWORD;
    const subtask = subtaskOf(failed ?? task, 'Prepare create obproxy');
    await api.call('POST', `/api/v2/tasks/instances/${task.id}/subtasks/${subtask.id}/retry`);
    await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    expect(await fingerprint(host, proxy)).toBe(before);
    expect(await cluster(clusterId)).toMatchObject({
      versions: [{ version: '1.9.1.1-1919579', count: 1 }],
      obproxies: [
        {
          status: 'RUNNING',
          operateStatus: 'NORMAL',
          sqlPort: 2883,
          exporterPort: 2884,
          adopted: { home: proxy.home, user: 'admin' },
          // Its config server is ours and its name the cluster's: only the threads wait for a restart.
          parameterDrift: [{ name: 'work_thread_num', value: '128', expectedValue: '8' }],
        },
      ],
    });
    const kept = execFileSync(
      'sh',
      ['-c', 'grep -rlaE "planted(OLD|BAD)" "$1" || true', 'sh', stack().dataDir],
      {
        encoding: 'utf8',
      },
    );
    expect(kept).toBe('');
    expect(JSON.stringify(api.requests.filter(({ method }) => method === 'GET'))).not.toMatch(
      /planted(OLD|BAD)/,
    );
  }, 120_000);

  it('three at once; a root-owned one among them fails alone; a dry run has told it before, and changed nothing', async () => {
    const { api } = stack();
    const clusterId = await createCluster(stack(), 'trio', {
      workMode: 'RS_LIST',
      parameters: [{ name: 'client_max_connections', value: '4096' }],
    });
    const found = await Promise.all([byHand(1), byHand(2), byHand(3, { user: 'root' })]);
    const hosts = [1, 2, 3].map((index) => ({ hostId: ids[index], sqlPort: 2883, proxysysPasswd: PASSWORD }));
    const preview = await takeOver(clusterId, hosts, '?dryRun=true');
    expect(preview.contents.map(({ id }) => id)).toEqual([-1, -2, -3]);
    const errors = preview.findings?.filter(({ level }) => level === 'ERROR');
    expect(errors).toEqual([
      { hostId: ids[3], level: 'ERROR', code: 'ODP21016', message: expect.stringContaining('runs as root') },
    ]);
    const said = preview.findings?.map(({ message }) => message).join('\n');
    expect(said).toContain('Nobody starts this proxy again');
    expect(said).toContain("client_max_connections would be set from '8192' to '4096'");
    expect(said).toMatch(/Drift, .*app_name is 'by_hand', the cluster wants 'trio'/);
    expect(JSON.stringify(preview)).not.toContain(PASSWORD);
    expect((await cluster(clusterId)).obproxies).toEqual([]);

    const { contents } = await takeOver(clusterId, hosts);
    const settled = await api.settled(contents.map(({ id }) => id));
    expect(settled.map(({ status }) => status)).toEqual(['SUCCESSFUL', 'SUCCESSFUL', 'FAILED']);
    for (const { host, proxy, before } of found) expect(await fingerprint(host, proxy)).toBe(before);
    expect((await cluster(clusterId)).obproxies.map(({ status }) => status)).toEqual([
      'RUNNING',
      'RUNNING',
      'TAKINGOVER',
    ]);
    const { answer } = await api.send('GET', '/api/v2/prometheus/targets');
    expect((answer as { targets: string[] }[]).flatMap(({ targets }) => targets)).toEqual(
      expect.arrayContaining([1, 2].map((index) => `${stack().fleet.hosts[index]?.ip}:2884`)),
    );
    const again = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/takeOver`, { hosts });
    expect(again.status).toBe(409);
  }, 120_000);

  it('of two proxies on one host the named one; another cluster’s proxy is refused, all of it said by the dry run', async () => {
    const { api } = stack();
    const clusterId = await createCluster(stack(), 'pair', { workMode: 'RS_LIST' });
    const first = await byHand(4);
    const second = await byHand(4, {
      home: '/srv/second/obproxy',
      sqlPort: 3883,
      exporterPort: 3884,
      rpcPort: 3885,
    });
    const other = await byHand(5, { source: { cluster: 'elsewhere', rootServers: '10.9.9.9:2881' } });
    const hosts = [
      { hostId: ids[4], sqlPort: 3883, proxysysPasswd: PASSWORD },
      { hostId: ids[5], sqlPort: 2883, proxysysPasswd: 'plantedBAD.66++' },
    ];
    const preview = await takeOver(clusterId, hosts, '?dryRun=true');
    expect(preview.findings?.filter(({ level }) => level === 'ERROR').map(({ code }) => code)).toEqual([
      'ODP10001',
    ]);
    const right = [hosts[0], { ...hosts[1], proxysysPasswd: PASSWORD }];
    const second_ = await takeOver(clusterId, right, '?dryRun=true');
    expect(second_.findings?.filter(({ level }) => level === 'ERROR').map(({ code }) => code)).toEqual([
      'ODP21011',
    ]);

    const { contents } = await takeOver(clusterId, right);
    const [pair, foreign] = await api.settled(contents.map(({ id }) => id));
    expect([pair?.status, foreign?.status]).toEqual(['SUCCESSFUL', 'FAILED']);
    if (!foreign) throw new Error('no task');
    expect(await subtaskLog(stack(), foreign, 'Prepare create obproxy')).toMatch(
      /ODP21011.*serves elsewhere/,
    );
    for (const one of [second, other]) expect(await fingerprint(one.host, one.proxy)).toBe(one.before);
    const { obproxies } = await cluster(clusterId);
    expect(obproxies[0]).toMatchObject({
      sqlPort: 3883,
      adopted: { home: '/srv/second/obproxy', package: null },
    });
    expect(stack().fleet.hosts[4]?.pids('obproxy')).toContain(first.proxy.pid);
  }, 120_000);

  it('undone half-way, it gives back what it changed, and the process never noticed', async () => {
    const { api } = stack();
    const clusterId = await createCluster(stack(), 'undone', {
      workMode: 'RS_LIST',
      parameters: [{ name: 'client_max_connections', value: '4096' }],
    });
    const { host, proxy, before } = await byHand(6, {
      rpm: OBPROXY_1_9,
      // Both places for proxyro's password hold something: the task fails after it has set the parameter.
      options: [`observer_sys_password1=${sha1Hex('somebody.ELSE.99')}`],
    });
    const connections = async () => {
      const open = async () => connect({ host: host.ip, port: 2883 });
      const admin = await openObproxyAdmin({ where: host.ip, password: PASSWORD, open });
      const shown = await admin.showConfig('client_max_connections');
      admin.close();
      return shown?.value;
    };
    const { contents } = await takeOver(clusterId, [
      { hostId: ids[6], sqlPort: 2883, proxysysPasswd: PASSWORD },
    ]);
    const [failed] = await api.settled(contents.map(({ id }) => id));
    if (!failed) throw new Error('no task');
    expect(failed.status).toBe('FAILED');
    expect(subtaskOf(failed, 'Set obproxy user and password for connect').failureMessage).toMatch(/ODP21006/);
    expect(await connections()).toBe('4096');

    await api.call('POST', `/api/v2/tasks/instances/${failed.id}/rollback`);
    const [undone] = await api.settled([failed.id], { statuses: ['SUCCESSFUL'] });
    expect(undone).toMatchObject({ operation: 'ROLLBACK' });
    expect(new Set(undone?.subtasks.map(({ status }) => status))).toEqual(new Set(['PENDING']));
    expect(await connections()).toBe('8192');
    expect((await cluster(clusterId)).obproxies).toEqual([]);
    expect(await fingerprint(host, proxy)).toBe(before);
    // Nothing of it is left behind: it may be taken over again.
    const again = await takeOver(clusterId, [{ hostId: ids[6], sqlPort: 2883 }], '?dryRun=true');
    expect(again.contents).toHaveLength(1);
  }, 120_000);
});
