import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { type Stack, wholeInventory } from '../../sandbox/stack/stack';
import {
  type ObserverCluster,
  type ObserverClusterOptions,
  observerRpmOf,
  startObserverCluster,
} from '../../sandbox/standins/observer/cluster';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { buildObserverRpm, OBSERVER_HOME } from '../../sandbox/standins/rpm';

export interface ObserverScene {
  readonly cluster: ObserverCluster;
  /** Id in obflow. */
  readonly clusterId: number;
  /** Hosts that are in no cluster yet, with their ids. */
  readonly free: readonly { readonly host: TestHost; readonly id: number }[];
}

/** A cluster on the first hosts (a zone each), declared together with all hosts, its package uploaded. */
export async function clusterOnHosts(
  stack: Stack,
  members: number,
  version: string,
  steering: NonNullable<ObserverClusterOptions['steering']> = {},
): Promise<ObserverScene> {
  const name = 'obgrows';
  const cluster = await startObserverCluster(stack.fleet.hosts.slice(0, members), {
    version,
    name,
    obClusterId: 22,
    rootPassword: stack.secrets.sys,
    proxyroPassword: stack.secrets.proxyro,
    steering: {
      _standin_active_delay: 0,
      _standin_service_delay: 100,
      _standin_delete_delay: 300,
      ...steering,
    },
  });
  await stack.apply({
    ...wholeInventory(stack),
    obClusters: [
      {
        name,
        obClusterId: 22,
        version,
        rootServers: cluster.servers
          .slice(0, 1)
          .map(({ host, sqlPort, rpcPort }) => ({ ip: host.ip, sqlPort, rpcPort })),
        sysCredential: 'ob-sys',
        proxyroCredential: 'ob-proxyro',
      },
    ],
  });
  await stack.api.uploadPackage(await buildObserverRpm(observerRpmOf(version)));
  const clusters = await stack.api.call<{ contents: { id: number }[] }>('GET', '/api/v2/ob/clusters');
  const hosts = await stack.api.call<{ contents: { id: number; innerIpAddress: string }[] }>(
    'GET',
    '/api/v2/compute/hosts?size=100',
  );
  const free = stack.fleet.hosts.slice(members).map((host) => {
    const id = hosts.contents.find((row) => row.innerIpAddress === host.ip)?.id ?? 0;
    return { host, id };
  });
  return { cluster, clusterId: clusters.contents[0]?.id ?? 0, free };
}

export function addServers(
  stack: Stack,
  clusterId: number,
  zoneName: string,
  servers: readonly number[],
): Promise<TaskJson> {
  return stack.api.call<TaskJson>('POST', `/api/v2/ob/clusters/${clusterId}/servers`, { zoneName, servers });
}

export interface ServerJson {
  readonly ip: string;
  readonly zoneName: string;
  readonly status: string;
  readonly innerStatus: string;
}

export async function serversOf(stack: Stack, clusterId: number): Promise<ServerJson[]> {
  const path = `/api/v2/ob/clusters/${clusterId}/servers`;
  return (await stack.api.call<{ contents: ServerJson[] }>('GET', path)).contents;
}

async function counters(host: TestHost): Promise<Partial<ObserverCountsFile>> {
  const { stdout } = await host.sh(`cat ${OBSERVER_HOME}/.standin/counters.json 2>/dev/null || echo {}`);
  return JSON.parse(stdout) as Partial<ObserverCountsFile>;
}

/** ADD SERVER statements that the cluster obeyed, by `ip:rpcPort`. */
export async function added(cluster: ObserverCluster): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { host } of cluster.servers) {
    for (const [address, count] of Object.entries((await counters(host)).addServer ?? {})) {
      found[address] = (found[address] ?? 0) + count;
    }
  }
  return found;
}

/** What was done to a host: packages installed, observers started, observers that run. */
export async function observerEffects(
  host: TestHost,
): Promise<{ installs: number; starts: number; processes: number }> {
  const installs = await host.sh('cat /var/lib/obflow-standin/installs.log 2>/dev/null | wc -l');
  const { starts = 0 } = await counters(host);
  return { installs: Number(installs.stdout), starts, processes: host.pids('observer').length };
}
