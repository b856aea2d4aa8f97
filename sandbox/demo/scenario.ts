import { table } from '../../cli/table';
import { addressText } from '../../runtime/addressText';
import type { TaskJson } from '../stack/apiClient';
import { throughProxy } from '../stack/client';
import { OB_CLUSTER, type Stack } from '../stack/stack';
import { buildObproxyRpm } from '../standins/rpm';
import { endOfLife } from './endOfLife';
import { upgradeHot } from './hotUpgrade';
import { indent } from './indent';
import { lifeOfCluster, OB_HOSTS } from './lifeOfCluster';
import { logInThrough } from './logIn';
import { DEMO_OBPROXY } from './obproxy';
import type { TaskProgress } from './progress';
import { takeOverByHand } from './takeOver';

export interface HostJson {
  readonly id: number;
  readonly innerIpAddress: string;
}

interface ProxyJson {
  readonly ip: string;
  readonly sqlPort: number;
  readonly exporterPort: number;
  readonly version: string;
  readonly status: string;
}

export interface ScenarioUi {
  readonly progress: TaskProgress;
  /** Host address by task id, filled by the scenario. */
  readonly addresses: Map<number, string>;
  readonly say: (text: string) => void;
}

/**
 * What the demo shows: hosts and cluster declared, package uploaded, cluster created, OBProxies added on all hosts but
 * the last, the one that runs there already taken over, a login through each of them, a hot upgrade
 * under an open session, the end of one OBProxy and of its host, and the life of an OceanBase cluster.
 *
 * @param broken address of a host whose task waits for a person: nothing of the rest needs it
 */
export async function runScenario(
  stack: Stack,
  ui: ScenarioUi,
  broken?: string,
): Promise<{ tasks: TaskJson[]; failed: boolean }> {
  const { api } = stack;
  ui.say('\nDeclare hosts and the OceanBase cluster (a stand-in): obflow apply inventory.yaml');
  ui.say(indent(await stack.apply()));

  const rpm = await buildObproxyRpm(DEMO_OBPROXY);
  const uploaded = await api.uploadPackage(rpm);
  ui.say(`Upload the package (OBProxy stand-in): POST /api/v2/software-packages -> ${uploaded.fileName}`);

  const created = await api.call<TaskJson & { obproxyClusterId: number }>(
    'POST',
    '/api/v2/obproxy/clusters',
    {
      obproxyInstallParam: { hostIds: [] },
      obLinks: [{ clusterName: OB_CLUSTER.name, username: 'proxyro', obClusterId: OB_CLUSTER.obClusterId }],
      name: 'OBProxy001',
      address: 'foo.bar',
      port: 2883,
      workMode: 'CONFIG_URL',
    },
  );
  ui.say(`Create the OBProxy cluster: POST /api/v2/obproxy/clusters -> task ${created.id}`);
  const [creation] = await api.settled([created.id]);
  if (creation?.status !== 'SUCCESSFUL') return report(stack, [created.id]);

  const all = await api.call<{ contents: HostJson[] }>('GET', '/api/v2/compute/hosts?size=100&sort=id,asc');
  // The last ones are for OceanBase.
  const hosts = all.contents.slice(0, -OB_HOSTS);
  const added = await api.call<{ contents: TaskJson[] }>(
    'POST',
    `/api/v2/obproxy/clusters/${created.obproxyClusterId}/obproxies/batchAdd`,
    {
      hostIds: hosts.slice(0, -1).map((host) => host.id),
      sqlPort: 2883,
      exporterPort: 2884,
      version: uploaded.fileName,
    },
  );
  const ids = added.contents.map((task) => task.id);
  for (const { id, hostId } of added.contents)
    ui.addresses.set(id, hosts.find((host) => host.id === hostId)?.innerIpAddress ?? '');
  ui.say(`Add OBProxies on ${ids.length} hosts: POST …/obproxies/batchAdd -> tasks ${ids.join(', ')}`);
  await api.settled(ids, { deadlineMs: 600_000, onDocument: (task) => ui.progress.show(task) });

  ui.progress.stop();

  const last = hosts.at(-1);
  if (last === undefined) throw new Error('the demo needs hosts');
  const taken = await takeOverByHand(
    stack,
    ui,
    { id: created.obproxyClusterId, name: 'OBProxy001' },
    { id: last.id, ip: last.innerIpAddress },
  );
  ui.progress.stop();

  const cluster = await api.call<{ obproxies: ProxyJson[] }>(
    'GET',
    `/api/v2/obproxy/clusters/${created.obproxyClusterId}`,
  );
  ui.say(`\n${proxyTable(cluster.obproxies)}`);
  ui.say(`\nLog in through each of them, as users do: mysql -u ${throughProxy(OB_CLUSTER.name)}`);
  for (const proxy of cluster.obproxies.filter(({ ip }) => ip !== broken)) {
    const version = await logInThrough(stack, proxy);
    ui.say(`  ${addressText(proxy.ip, proxy.sqlPort)}: OceanBase ${version} (a stand-in) answers`);
  }
  const [first] = hosts;
  const upgradable = hosts.at(-2);
  if (first === undefined || upgradable === undefined) throw new Error('the demo needs hosts');
  const upgraded = await upgradeHot(stack, ui, created.obproxyClusterId, upgradable);
  const ended = await endOfLife(stack, ui, created.obproxyClusterId, first);
  const obCluster = await lifeOfCluster(stack, ui, created.obproxyClusterId, broken);
  const expected = ids.filter((id) => broken === undefined || ui.addresses.get(id) !== broken);
  return report(stack, [created.id, ...expected, ...taken, upgraded, ...ended, ...obCluster]);
}

/** Reads every task once more, for the record. */
export async function report(
  stack: Stack,
  ids: readonly number[],
): Promise<{ tasks: TaskJson[]; failed: boolean }> {
  const tasks: TaskJson[] = [];
  for (const id of ids) tasks.push(await stack.api.call<TaskJson>('GET', `/api/v2/tasks/instances/${id}`));
  return { tasks, failed: tasks.some((task) => task.status !== 'SUCCESSFUL') };
}

function proxyTable(proxies: readonly ProxyJson[]): string {
  const heading = ['OBProxy', 'SQL port', 'exporter port', 'version', 'status'];
  const rows = proxies.map((proxy) => [
    proxy.ip,
    String(proxy.sqlPort),
    String(proxy.exporterPort),
    proxy.version,
    proxy.status,
  ]);
  return indent(table(heading, rows));
}
