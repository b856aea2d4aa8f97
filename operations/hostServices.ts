import { say } from '../runtime/messages/catalogue';
import type { HostRow, ObproxyClusterRow, Store } from '../store/types';
import { hostLocks } from './locks';
import { refuseWhenHeld } from './planTask';
import { allObClusters } from './preconditions';
import { Refusal } from './refusal';

/** A service on a host, as OCP documents it for hosts. */
export interface HostServiceDocument {
  readonly name: string;
  readonly version: string;
  readonly type: 'OB_PROXY' | 'OB_CLUSTER';
  readonly softwarePackageId: number | null;
  /** Ours. */
  readonly clusterId: number;
}

async function allObproxyClusters(store: Store): Promise<readonly ObproxyClusterRow[]> {
  const clusters: ObproxyClusterRow[] = [];
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await store.obproxy.listClusters({ page, size: 500 });
    clusters.push(...contents);
    if (contents.length === 0 || clusters.length >= totalElements) return clusters;
  }
}

/** The services obflow knows on hosts, by host id. */
export async function servicesOn(
  store: Store,
  hosts: readonly HostRow[],
): Promise<Map<number, HostServiceDocument[]>> {
  const services = new Map<number, HostServiceDocument[]>(hosts.map((host) => [host.id, []]));
  for (const cluster of await allObproxyClusters(store)) {
    for (const server of cluster.servers) {
      services.get(server.hostId)?.push({
        name: cluster.name,
        version: server.version,
        type: 'OB_PROXY',
        softwarePackageId: server.packageId,
        clusterId: cluster.id,
      });
    }
  }
  const observers = await store.obServers.onHosts(hosts.map(({ id }) => id));
  for (const cluster of await allObClusters(store)) {
    const roots = new Set(cluster.rootServers.map(({ ip }) => ip));
    const own = observers.filter(({ clusterId }) => clusterId === cluster.id);
    for (const host of hosts) {
      // Its root servers are known from the declaration, before anybody has asked it for its servers.
      const server = own.find(({ hostId, ip }) => hostId === host.id || ip === host.ip);
      if (server === undefined && !roots.has(host.ip)) continue;
      services.get(host.id)?.push({
        name: `${cluster.name}:${cluster.obClusterId}`,
        version: cluster.version,
        type: 'OB_CLUSTER',
        softwarePackageId: server?.packageId ?? null,
        clusterId: cluster.id,
      });
    }
  }
  return services;
}

const WORDS = { OB_PROXY: 'OBProxy of', OB_CLUSTER: 'OBServer of' } as const;

/** Services in words: `OBProxy of proxies, OBServer of ob1:1`. */
export function servicesText(services: readonly HostServiceDocument[]): string {
  return services.map(({ type, name }) => `${WORDS[type]} ${name}`).join(', ');
}

/** Throws Refusal CMP07006 that names the first host with services, and each of them; its subErrors name all such hosts. */
export async function noServicesOn(store: Store, hosts: readonly HostRow[]): Promise<void> {
  const known = await servicesOn(store, hosts);
  const busy = hosts.flatMap((host) => {
    const services = known.get(host.id) ?? [];
    return services.length === 0 ? [] : [{ host, services: servicesText(services) }];
  });
  const [first] = busy;
  if (first === undefined) return;
  const { host, services } = first;
  throw new Refusal(409, 'CMP07006', say('host.hasServices', { ip: host.ip, id: host.id, services }), {
    target: `host:${host.id}`,
    ...(busy.length === 1
      ? {}
      : {
          subErrors: busy.map((one) => ({
            field: `host:${one.host.id}`,
            message: say('host.hasServices', { ip: one.host.ip, id: one.host.id, services: one.services }),
          })),
        }),
  });
}

/** Throws Refusal CMP07004 that names the task that works on one of the hosts, or may, or has it reserved. */
export async function nobodyWorksOn(store: Store, hosts: readonly HostRow[]): Promise<void> {
  await refuseWhenHeld(
    store,
    hosts.flatMap(({ id }) => hostLocks(id)),
  );
  for (const { id, ip } of hosts) {
    const task = await store.obServers.reservedBy(id);
    if (task === undefined) continue;
    throw new Refusal(409, 'CMP07004', say('host.reserved', { ip, id, task }), { target: `host:${id}` });
  }
}
