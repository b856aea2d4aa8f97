import { type ClusterSession, openCluster } from '../../oceanbase/clusterSession';
import { type ClusterServer, type ClusterZone, serverStatus } from '../../oceanbase/clusterSql';
import type { ObClusterRow } from '../../store/types';
import type { ApiServices } from '../route';

/** A request waits so long for each server of a cluster that does not answer, and for each statement. */
const ANSWER_MS = 1_500;

export type Looking = Pick<ApiServices, 'store' | 'config'>;

export interface ClusterLook {
  readonly servers: readonly ClusterServer[];
  readonly zones: readonly ClusterZone[];
  /** Undefined when its version does not tell. */
  readonly tenantCount: number | undefined;
  /** By zone. */
  readonly compaction: ReadonlyMap<string, string>;
}

/**
 * Asks a cluster for its servers and zones and records them; it is RUNNING from then on. A cluster that does not answer
 * answers the reason, and is UNAVAILABLE when it was known before (a declared one may simply never have been reached).
 */
export async function lookAtCluster(
  { store, config }: Looking,
  cluster: ObClusterRow,
): Promise<ClusterLook | { readonly reason: string }> {
  let session: ClusterSession | undefined;
  try {
    const sys = await store.credentials.open(cluster.sysCredentialId);
    session = await openCluster({
      servers: cluster.rootServers,
      addresses: config.addresses,
      user: sys.username,
      password: sys.secret,
      timeoutMs: ANSWER_MS,
    });
    const servers = await session.servers();
    const zones = await session.zones();
    const tenantCount = await session.tenantCount();
    const compaction = await session.compaction();
    await store.obServers.record(cluster.id, {
      servers: servers.map((server) => ({ ...server, status: serverStatus(server) })),
      zones,
    });
    await store.obClusters.recordStatus(cluster.id, 'RUNNING');
    return { servers, zones, tenantCount, compaction };
  } catch (error) {
    const known = await store.obServers.zones(cluster.id);
    if (known.length > 0) await store.obClusters.recordStatus(cluster.id, 'UNAVAILABLE');
    return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    session?.close();
  }
}

/** The same by id; nothing happens when there is no such cluster. */
export async function refreshCluster(services: Looking, id: number): Promise<void> {
  const cluster = await services.store.obClusters.find(id);
  if (cluster !== undefined) await lookAtCluster(services, cluster);
}
