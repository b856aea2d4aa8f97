import { askCluster, type ClusterState, openAsSys, recordState } from '../../contact/clusterState';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { saidOf } from '../../runtime/errors';
import type { Said } from '../../runtime/messages/catalogue';
import type { ObClusterStatus } from '../../store/statuses';
import type { ObClusterRow } from '../../store/types';
import type { ApiServices } from '../route';

/** A request waits so long for each server of a cluster that does not answer, and for each statement. */
const ANSWER_MS = 1_500;
/** Of these it is no surprise. */
const SILENT: ReadonlySet<ObClusterStatus> = new Set(['STOPPING', 'STOPPED']);

export type Looking = Pick<ApiServices, 'store' | 'config'>;

export interface ClusterLook extends ClusterState {
  /** Undefined when its version does not tell. */
  readonly tenantCount: number | undefined;
  /** By zone. */
  readonly compaction: ReadonlyMap<string, string>;
}

/**
 * Asks a cluster for its servers and zones and records them; it is RUNNING from then on. Of one that does not answer the
 * reason is answered, and it is UNAVAILABLE until it does; one that a task has stopped is to be silent, and stays STOPPED.
 */
export async function lookAtCluster(
  { store, config }: Looking,
  cluster: ObClusterRow,
): Promise<ClusterLook | { readonly reason: Said }> {
  let session: ClusterSession | undefined;
  try {
    session = await openAsSys(store, cluster, { addresses: config.addresses, timeoutMs: ANSWER_MS });
    const state = await askCluster(session);
    const tenantCount = await session.tenantCount();
    const compaction = await session.compaction();
    await recordState(store, cluster.id, state);
    await store.obClusters.recordStatus(cluster.id, 'RUNNING');
    return { ...state, tenantCount, compaction };
  } catch (error) {
    if (!SILENT.has(cluster.status)) await store.obClusters.recordStatus(cluster.id, 'UNAVAILABLE');
    return { reason: saidOf(error) };
  } finally {
    session?.close();
  }
}

/** The same by id; nothing happens when there is no such cluster. */
export async function refreshCluster(services: Looking, id: number): Promise<void> {
  const cluster = await services.store.obClusters.find(id);
  if (cluster !== undefined) await lookAtCluster(services, cluster);
}
