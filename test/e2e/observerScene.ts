import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { type GrowingCluster, startGrowingCluster } from '../../sandbox/stack/growingCluster';
import { inventoryIds, type Stack } from '../../sandbox/stack/stack';
import type { ObserverCluster, ObserverClusterOptions } from '../../sandbox/standins/observer/cluster';
import type { ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';

export interface ObserverScene extends GrowingCluster {
  /** Hosts that are in no cluster yet, with their ids. */
  readonly free: readonly { readonly host: TestHost; readonly id: number }[];
}

/** A cluster on the first hosts that answers without the delays of a real one, and the hosts it may grow to. */
export async function clusterOnHosts(
  stack: Stack,
  members: number,
  version: string,
  steering: NonNullable<ObserverClusterOptions['steering']> = {},
): Promise<ObserverScene> {
  const grown = await startGrowingCluster(stack, stack.fleet.hosts.slice(0, members), {
    version,
    steering: {
      _standin_active_delay: 0,
      _standin_service_delay: 100,
      _standin_delete_delay: 300,
      ...steering,
    },
  });
  const hosts = stack.fleet.hosts.slice(members);
  const ids = await inventoryIds(stack, hosts);
  return { ...grown, free: hosts.map((host, index) => ({ host, id: ids[index] ?? 0 })) };
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
