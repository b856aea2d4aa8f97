import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import {
  type GrowingCluster,
  startGrowingCluster,
  startGrowingClusters,
} from '../../sandbox/stack/growingCluster';
import { inventoryIds, type Stack } from '../../sandbox/stack/stack';
import type { ObserverCluster, ObserverServer } from '../../sandbox/standins/observer/cluster';
import type { Counted, ObserverCountsFile } from '../../sandbox/standins/observer/counters';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';

export interface ObserverScene extends GrowingCluster {
  /** Hosts that are in no cluster yet, with their ids. */
  readonly free: readonly Place[];
}

/** A stand-in that answers without the delays of a real one. */
const QUICK = {
  _standin_active_delay: 0,
  _standin_service_delay: 100,
  _standin_delete_delay: 300,
} as const;

/** A cluster on the first hosts, and the hosts it may grow to. */
export async function clusterOnHosts(stack: Stack, members: number, version: string): Promise<ObserverScene> {
  const grown = await startGrowingCluster(stack, stack.fleet.hosts.slice(0, members), {
    version,
    steering: QUICK,
  });
  return { ...grown, free: await placesOf(stack, stack.fleet.hosts.slice(members)) };
}

/** As many clusters of one server as there are members, with names of their own. */
export function clustersOfOne(
  stack: Stack,
  members: readonly TestHost[],
  version: string,
): Promise<GrowingCluster[]> {
  const wanted = members.map((member, index) => ({ name: `obgrows${index}`, hosts: [member] }));
  return startGrowingClusters(stack, wanted, { version, steering: QUICK });
}

/** A host that may join a cluster, and its id. */
export interface Place {
  readonly host: TestHost;
  readonly id: number;
}

export async function placesOf(stack: Stack, hosts: readonly TestHost[]): Promise<Place[]> {
  const ids = await inventoryIds(stack, hosts);
  return hosts.map((host, index) => ({ host, id: ids[index] ?? 0 }));
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
  readonly id: number;
  readonly ip: string;
  readonly zoneName: string;
  readonly status: string;
  readonly innerStatus: string;
}

export async function serversOf(stack: Stack, clusterId: number): Promise<ServerJson[]> {
  const path = `/api/v2/ob/clusters/${clusterId}/servers`;
  return (await stack.api.call<{ contents: ServerJson[] }>('GET', path)).contents;
}

/** What the server on a host has counted; nothing where none was. */
export async function countsOf(host: TestHost): Promise<Partial<ObserverCountsFile>> {
  const { stdout } = await host.sh(`cat ${OBSERVER_HOME}/.standin/counters.json 2>/dev/null || echo {}`);
  return JSON.parse(stdout) as Partial<ObserverCountsFile>;
}

/** Statements of a kind that the cluster obeyed, by `ip:rpcPort`. */
export async function obeyed(
  cluster: { readonly servers: readonly Pick<ObserverServer, 'host'>[] },
  what: Counted,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { host } of cluster.servers) {
    for (const [address, count] of Object.entries((await countsOf(host))[what] ?? {})) {
      found[address] = (found[address] ?? 0) + count;
    }
  }
  return found;
}

export const added = (cluster: ObserverCluster) => obeyed(cluster, 'addServer');

/** What was done to a host: packages installed, observers started, observers that run. */
export async function observerEffects(
  host: TestHost,
): Promise<{ installs: number; starts: number; processes: number }> {
  const installs = await host.sh('cat /var/lib/obflow-standin/installs.log 2>/dev/null | wc -l');
  const { starts = 0 } = await countsOf(host);
  return { installs: Number(installs.stdout), starts, processes: host.pids('observer').length };
}
