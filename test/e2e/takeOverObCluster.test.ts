import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER, wholeStore } from '../../sandbox/stack/stack';
import { type ObserverCluster, startObserverCluster } from '../../sandbox/standins/observer/cluster';
import { until } from '../support/until';
import { observerEffects, type ServerJson, serversOf } from './observerScene';
import { describeWithStack, subtaskLog } from './scene';

interface ClusterJson {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly rootServers: { address: string }[];
}
interface PreCheck {
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly obVersion: string;
  readonly result: { readonly valid: boolean; readonly messages: readonly string[] };
  readonly servers: readonly {
    ip: string;
    pid: number | null;
    host: unknown;
    result: { messages: readonly string[] };
  }[];
}
type TakeOver = TaskJson & { clusterId: number };

const PATH = '/api/v2/ob/clusters';

describeWithStack('taking over OceanBase clusters', { hosts: 4, processes: 'split' }, (stack) => {
  let cluster: ObserverCluster;
  let clusterId = 0;

  const hosts = () => stack().fleet.hosts.slice(0, 3);
  const entrance = (more: object = {}) => ({
    ...{ connectionMode: 'direct', address: hosts()[0]?.ip, port: 2881 },
    ...{ rootSysPassword: stack().secrets.sys, proxyroPassword: stack().secrets.proxyro, ...more },
  });
  const post = <T>(path: string, body: unknown) => stack().api.call<T>('POST', path, body);
  const named = async (name: string) =>
    (await stack().api.call<{ contents: ClusterJson[] }>('GET', `${PATH}?size=100`)).contents.find(
      (one) => one.name === name,
    );
  const ended = async (task: TaskJson) => {
    const [settled] = await stack().api.settled([task.id], { deadlineMs: 120_000 });
    expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
    expect(settled?.status).toBe('SUCCESSFUL');
    return settled;
  };
  const urls = async () =>
    (
      await cluster.sql("SELECT VALUE AS value FROM oceanbase.GV$OB_PARAMETERS WHERE NAME = 'obconfig_url'")
    ).map(({ value }) => value);
  const effects = () => Promise.all(hosts().map((host) => observerEffects(host)));

  beforeAll(async () => {
    // One host of the cluster is not in the inventory: the take-over adds it.
    const store = wholeStore(stack());
    const known = (store.hosts as { ip: string }[]).filter(({ ip }) => ip !== stack().fleet.hosts[2]?.ip);
    await stack().apply({ ...store, hosts: known });
    cluster = await startObserverCluster(hosts(), {
      ...{ version: '4.2.1.2', name: 'obtaken', obClusterId: 33 },
      rootPassword: stack().secrets.sys,
      proxyroPassword: stack().secrets.proxyro,
    });
    for (const zone of ['zone1', 'zone2', 'zone3'])
      await cluster.sql(`ALTER SYSTEM MODIFY ZONE '${zone}' SET IDC = 'idc1', REGION = 'region1'`);
  }, 120_000);

  it("obd's client takes a cluster over by its calls in their order, and nothing of the cluster is touched", async () => {
    const before = await effects();
    const pids = hosts().map((host) => host.pids('observer'));
    const { api } = stack();
    expect((await api.send('GET', '/api/v2/time')).status).toBe(200);
    const { answer: info } = await api.send('GET', '/api/v2/info');
    expect(info).toMatchObject({ buildVersion: expect.stringMatching(/^4\.2\.\d/) });
    const checked = await post<PreCheck>(`${PATH}/takeOverPreCheck`, entrance());
    expect(checked).toMatchObject({ clusterName: 'obtaken', obClusterId: 33, obVersion: '4.2.1.2' });
    expect(checked.result).toMatchObject({ valid: true, messages: [] });
    expect(checked.servers.map(({ pid }) => pid)).toEqual([pids[0]?.[0], pids[1]?.[0], null]);

    const types = await api.call<{ contents: { id: number; name: string }[] }>(
      'GET',
      '/api/v2/compute/hostTypes',
    );
    const type =
      types.contents.find(({ name }) => name === 'obd') ??
      (await post<{ id: number }>('/api/v2/compute/hostTypes', { name: 'obd' }));
    await api.call('GET', '/api/v2/profiles/me/credentials');
    const credential = await post<{ id: number }>('/api/v2/profiles/me/credentials', {
      ...{ targetType: 'HOST', name: 'obd_export' },
      sshCredentialProperty: { type: 'PRIVATE_KEY', username: 'root', passphrase: stack().fleet.privateKey },
    });
    const task = await post<TakeOver>(`${PATH}/takeOver`, {
      ...entrance({ switchConfigUrl: true }),
      hostInfo: {
        ...{ kind: 'DEDICATED_PHYSICAL_MACHINE', hostTypeId: type.id, credentialId: credential.id },
        sshPort: hosts()[2]?.sshPort,
      },
    });
    expect(task.id).toEqual(expect.any(Number));
    clusterId = task.clusterId;
    const settled = await ended(task);
    expect(settled?.subtasks).toHaveLength(26 + 2 * 6);

    expect(await effects()).toEqual(before);
    expect(hosts().map((host) => host.pids('observer'))).toEqual(pids);
    expect(await named('obtaken')).toMatchObject({ id: clusterId, status: 'RUNNING' });
    const servers = await serversOf(stack(), clusterId);
    expect(servers.map(({ ip, zoneName, status }: ServerJson) => [ip, zoneName, status])).toEqual(
      hosts().map(({ ip }, index) => [ip, `zone${index + 1}`, 'RUNNING']),
    );
    const rows = await api.call<{ contents: { innerIpAddress: string; status: string }[] }>(
      'GET',
      '/api/v2/compute/hosts?size=100',
    );
    expect(rows.contents.find(({ innerIpAddress }) => innerIpAddress === hosts()[2]?.ip)).toBeDefined();
    expect((await urls()).every((url) => url?.includes('Action=ObRootServiceInfo') === true)).toBe(true);
    // What proxies are told from now on.
    const { answer } = await api.send('GET', '/services?Action=ObRootServiceInfo&ObRegion=obtaken');
    const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
    expect(RsList.map(({ address }) => address)).toEqual(hosts().map(({ ip }) => `${ip}:2882`));
    expect(await subtaskLog(stack(), task, 'Update server process info')).toContain('/home/admin/oceanbase');
  }, 240_000);

  it('a proxy can be linked to it, and then it is not moved out', async () => {
    const linked = await post<TaskJson & { obproxyClusterId: number }>('/api/v2/obproxy/clusters', {
      ...{ name: 'totaken', address: 'foo.bar', port: 2883, workMode: 'CONFIG_URL' },
      obLinks: [{ clusterName: 'obtaken', obClusterId: 33, username: 'proxyro' }],
      obproxyInstallParam: { hostIds: [] },
    });
    await ended(linked);
    const refused = await stack().api.send('POST', `${PATH}/${clusterId}/moveOut`, {});
    expect(JSON.stringify(refused.answer)).toContain('totaken');
    const proxies = `/api/v2/obproxy/clusters/${linked.obproxyClusterId}`;
    await stack().api.call('DELETE', `${proxies}/obLinks/obtaken`);
    await ended(await stack().api.call('DELETE', proxies));
  }, 120_000);

  it('moved out it is forgotten, credentials and all, and serves on', async () => {
    const before = await effects();
    await until('its lock is released', async () => {
      const { answer } = await stack().api.send('POST', `${PATH}/${clusterId}/moveOut?dryRun=true`, {});
      return (answer as { successful?: boolean }).successful === true;
    });
    await ended(await post<TaskJson>(`${PATH}/${clusterId}/moveOut`, {}));
    expect(await named('obtaken')).toBeUndefined();
    expect(await named(OB_CLUSTER.name)).toBeDefined();
    const credentials = await stack().api.call<{ contents: { name: string }[] }>(
      'GET',
      '/api/v2/profiles/me/credentials?size=100',
    );
    expect(credentials.contents.filter(({ name }) => name.includes('obtaken'))).toEqual([]);
    expect(await effects()).toEqual(before);
    expect((await urls()).every((url) => url?.includes('ObRootServiceInfo') === true)).toBe(true);
  }, 120_000);

  it('a take-over that fails late is rolled back to nothing, and one that is retried goes on', async () => {
    const formerUrl = 'http://10.9.9.9/services?Action=ObRootServiceInfo';
    await cluster.sql(`ALTER SYSTEM SET obconfig_url = '${formerUrl}'`);
    /** While no worker runs, somebody changes proxyro's password: the request has proven it, the task cannot. */
    const failing = async (): Promise<TakeOver> => {
      await stack().parts.worker?.stop();
      const task = await post<TakeOver>(`${PATH}/takeOver`, entrance());
      await cluster.sql("ALTER USER proxyro IDENTIFIED BY 'Another.99xx'");
      await stack().startWorker();
      const [failed] = await stack().api.settled([task.id], { deadlineMs: 120_000 });
      expect(failed?.status).toBe('FAILED');
      const broken = failed?.subtasks.filter(({ status }) => status === 'FAILED').map(({ name }) => name);
      expect(broken).toEqual(['Set proxyro password to sys tenant']);
      await cluster.sql(`ALTER USER proxyro IDENTIFIED BY '${stack().secrets.proxyro}'`);
      return task;
    };
    const first = await failing();
    expect((await urls()).every((url) => url === formerUrl)).toBe(false);
    await post(`/api/v2/tasks/instances/${first.id}/rollback`, {});
    await until('the cluster is forgotten', async () => (await named('obtaken')) === undefined);
    await stack().api.settled([first.id], { statuses: ['SUCCESSFUL'] });
    expect(await urls()).toEqual(hosts().map(() => formerUrl));
    const proxyro = await cluster.sql(
      "SELECT user_name FROM oceanbase.__all_user WHERE user_name = 'proxyro'",
    );
    expect(proxyro).toHaveLength(1);

    const second = await failing();
    await post(`/api/v2/tasks/instances/${second.id}/retry`, {});
    await stack().api.settled([second.id], { statuses: ['SUCCESSFUL'] });
    expect(await named('obtaken')).toMatchObject({ id: second.clusterId, status: 'RUNNING' });
  }, 300_000);
});
