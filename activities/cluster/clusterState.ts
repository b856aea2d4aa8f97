/** What the cluster says of itself, written to the inventory. */
import { askCluster, type ClusterState, recordState } from '../../contact/clusterState';
import { isServing, rootServersOf } from '../../oceanbase/clusterSql';
import { addressText } from '../../runtime/addressText';
import type { ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { withCluster } from './cluster';

export function readCluster(scope: SubtaskScope, cluster: ObClusterRow): Promise<ClusterState> {
  return withCluster(scope, cluster, 'ask the cluster for its servers and zones', askCluster);
}

/** Records servers and zones, and the root servers that proxies and later observers are told: one a zone. */
export async function recordCluster(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  { servers, zones }: ClusterState,
): Promise<void> {
  await recordState(scope.store, cluster.id, { servers, zones });
  const serving = servers.filter(isServing).length;
  scope.log.info(`${cluster.name}: ${zones.length} zones, ${serving} of ${servers.length} servers serve`);
  const { addresses } = scope.config;
  const reachable = servers.filter(({ ip }) => addresses.fault(ip) === undefined);
  for (const { ip } of servers.filter((server) => !reachable.includes(server))) {
    scope.log.warn(`${cluster.name} lists the server ${ip}, which ${addresses.fault(ip)}: it is left out`);
  }
  const rootServers = rootServersOf(reachable, cluster.rootServers);
  const text = (list: readonly { ip: string; rpcPort: number; sqlPort: number }[]) =>
    list.map(({ ip, rpcPort, sqlPort }) => addressText(ip, rpcPort, sqlPort)).join(', ');
  if (rootServers.length === 0 || text(rootServers) === text(cluster.rootServers)) return;
  await scope.store.obClusters.recordRootServers(cluster.id, rootServers);
  scope.log.info(`Proxies and new observers are told the root servers ${text(rootServers)}`);
}
