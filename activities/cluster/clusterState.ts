/** What the cluster says of itself, written to the inventory. */
import { askCluster, type ClusterState, recordState } from '../../contact/clusterState';
import { isServing, rootServersOf } from '../../oceanbase/clusterSql';
import { addressText } from '../../runtime/addressText';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { withCluster } from './cluster';

export function readCluster(scope: SubtaskScope, cluster: ObClusterRow): Promise<ClusterState> {
  return withCluster(scope, cluster, say('cluster.askServers'), askCluster);
}

/** Records servers and zones, and the root servers that proxies and later observers are told: one a zone. */
export async function recordCluster(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  { servers, zones }: ClusterState,
): Promise<void> {
  await recordState(scope.store, cluster.id, { servers, zones });
  const serving = servers.filter(isServing).length;
  scope.log.info(
    say('cluster.seen', { cluster: cluster.name, zones: zones.length, serving, total: servers.length }),
  );
  const { addresses } = scope.config;
  const reachable = servers.filter(({ ip }) => {
    const fault = addresses.faultText(ip);
    if (fault !== undefined) scope.log.warn(say('cluster.leftOut', { cluster: cluster.name, ip, fault }));
    return fault === undefined;
  });
  const rootServers = rootServersOf(reachable, cluster.rootServers);
  const text = (list: readonly { ip: string; rpcPort: number; sqlPort: number }[]) =>
    list.map(({ ip, rpcPort, sqlPort }) => addressText(ip, rpcPort, sqlPort)).join(', ');
  if (rootServers.length === 0 || text(rootServers) === text(cluster.rootServers)) return;
  await scope.store.obClusters.recordRootServers(cluster.id, rootServers);
  scope.log.info(say('cluster.rootServersTold', { rootServers: text(rootServers) }));
}

/** For undos: the inventory follows what the cluster says now; one that cannot be asked is no reason to fail. */
export async function recordUndone(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  try {
    await recordCluster(scope, cluster, await readCluster(scope, cluster));
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof TransientError || error instanceof PermanentError)) throw error;
    scope.log.warn(error.said);
  }
}
