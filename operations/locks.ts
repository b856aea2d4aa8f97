/**
 * Names of what operations lock. A lock is held until its task closes, by that task alone (or by the tasks of one request), or
 * together with others that want it shared.
 */
import type { LockWish } from '../store/types';

/** An OBProxy on a host: two installations on one host exclude each other. */
export function hostProxyLock(hostId: number): string {
  return `host:${hostId}:OB_PROXY`;
}

/** An OBProxy cluster: its proxies, links and parameters. */
export function obproxyClusterLock(clusterId: number): string {
  return `obproxy_cluster:${clusterId}`;
}

/**
 * The same for what adds one proxy among others: two of these do not disturb each other, and a failed one must not keep other
 * hosts from the cluster. What changes or removes the cluster itself takes it alone.
 */
export function obproxyClusterMemberLock(clusterId: number): LockWish {
  return { shared: obproxyClusterLock(clusterId) };
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

/** A package that no row is made from yet, or from which one is no longer made: its deletion waits for the task. */
export function packageLock(packageId: number): string {
  return `package:${packageId}`;
}

/** What a lock is about. */
export interface LockedObject {
  readonly kind: 'HOST' | 'OBPROXY_CLUSTER' | 'OB_CLUSTER' | 'PACKAGE';
  readonly id: number;
  /** Of a host: services of this kind on it, OB_PROXY or OB_CLUSTER. */
  readonly service?: string;
}

const KINDS: Readonly<Record<string, LockedObject['kind']>> = {
  host: 'HOST',
  obproxy_cluster: 'OBPROXY_CLUSTER',
  ob_cluster: 'OB_CLUSTER',
  package: 'PACKAGE',
};

/** The object in the name of a lock; undefined of a name that another release has made. */
export function lockedObject(resource: string): LockedObject | undefined {
  const [word = '', id = '', service] = resource.split(':');
  const kind = KINDS[word];
  if (kind === undefined || !/^\d+$/.test(id)) return undefined;
  return { kind, id: Number(id), ...(service === undefined ? {} : { service }) };
}
