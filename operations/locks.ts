/** Names of what operations lock. A lock is held by one task (or by the tasks of one request) until it closes. */

/** An OBProxy on a host: two installations on one host exclude each other. */
export function hostProxyLock(hostId: number): string {
  return `host:${hostId}:OB_PROXY`;
}

/** An OBProxy cluster: its proxies, links and parameters. */
export function obproxyClusterLock(clusterId: number): string {
  return `obproxy_cluster:${clusterId}`;
}

/** An observer on a host: two that would be made on one host exclude each other. */
export function hostObserverLock(hostId: number): string {
  return `host:${hostId}:OB_CLUSTER`;
}

/** An OceanBase cluster: its zones and servers. */
export function obClusterLock(clusterId: number): string {
  return `ob_cluster:${clusterId}`;
}

/**
 * A host as a whole: what prepares, changes or forgets it excludes everything that is done to a service on it, because it
 * takes the locks of all kinds of services.
 */
export function hostLocks(hostId: number): readonly string[] {
  return [hostProxyLock(hostId), hostObserverLock(hostId)];
}
