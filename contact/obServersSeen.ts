/** What a look at an OceanBase cluster says of the cluster and of each of its servers. */
import type { ObClusterRow, Observation, Seen, Store } from '../store/types';
import type { ObServersLook } from './lookAtObServers';
import type { PlacedLook, StatusChange } from './recordLooks';

/** Of a cluster that could not be asked, and of one that has answered. */
export function clusterSeen(look: ObServersLook): Seen {
  return 'reason' in look
    ? { state: 'UNKNOWN', by: null, reason: `its cluster could not be asked: ${look.reason}` }
    : { state: 'ALIVE', by: 'SQL', reason: null };
}

/**
 * Records the status that the cluster gets by the look: RUNNING and UNAVAILABLE follow what is seen, every other one is what
 * a task or a person has made of it.
 *
 * @returns what was seen of each server, beside what was known of it, and the changes of status that are made
 */
export async function recordClusterLook(
  store: Store,
  cluster: ObClusterRow,
  look: ObServersLook,
  time: string,
): Promise<{
  readonly servers: readonly { readonly look: PlacedLook; readonly before: Observation | undefined }[];
  readonly changed: readonly StatusChange[];
}> {
  const away = 'reason' in look;
  const path = `/api/v2/ob/clusters/${cluster.id}`;
  const to = away ? 'UNAVAILABLE' : 'RUNNING';
  const changed: StatusChange[] = [];
  if (cluster.status !== to && (cluster.status === 'RUNNING' || cluster.status === 'UNAVAILABLE')) {
    await store.obClusters.recordStatus(cluster.id, to);
    const why = away ? look.reason : 'it answers (SQL)';
    changed.push({ kind: 'obCluster', id: cluster.id, path, time, from: cluster.status, to, why });
  }
  const rows = away
    ? (await store.obServers.ofCluster(cluster.id))
        .filter(({ work }) => work === null)
        .map((row) => ({ row, seen: clusterSeen(look), formerStatus: row.status }))
    : look.servers;
  const observed = await store.observations.of(
    'obServer',
    rows.map(({ row }) => row.id),
  );
  const servers = rows.map(({ row, seen, formerStatus }) => {
    const placed: PlacedLook = {
      ...seen,
      kind: 'obServer',
      id: row.id,
      time,
      path: `${path}/servers/${row.id}`,
    };
    if (row.status !== formerStatus) {
      const why = seen.reason ?? 'its cluster says so';
      changed.push({ ...placed, from: formerStatus, to: row.status, why });
    }
    return { look: placed, before: observed.get(row.id) };
  });
  return { servers, changed };
}
