import { describeProxies } from '../../contact/askObproxies';
import type { Looked, RequestScope } from '../../operations/types';
import type { Store } from '../../store/types';
import type { ApiServices } from '../route';
import { refuseDeniedObjects } from './allowedAddresses';
import { contactKnownOffline } from './contactHosts';
import { contactNewHosts } from './contactNewHosts';
import { refreshCluster } from './lookAtCluster';
import { hostsToAdd, lookAtNewCluster } from './lookAtNewCluster';

/** The hosts behind the objects, each once. */
async function hostsBehind(store: Store, look: Looked): Promise<number[]> {
  const { hosts = [], obproxyServers = [], obproxyCluster, obServers = [], obServersOf } = look;
  const found = new Set(hosts);
  for (const id of obproxyServers) found.add((await store.obproxy.findServer(id))?.hostId ?? 0);
  if (obproxyCluster !== undefined) {
    for (const { hostId } of (await store.obproxy.findCluster(obproxyCluster))?.servers ?? [])
      found.add(hostId);
  }
  for (const id of obServers) found.add((await store.obServers.find(id))?.hostId ?? 0);
  if (obServersOf !== undefined)
    for (const { hostId } of await store.obServers.ofCluster(obServersOf)) found.add(hostId ?? 0);
  found.delete(0);
  return [...found];
}

/**
 * Looks at the objects of an operation before anything else is asked: hosts known to be offline are contacted, the
 * OceanBase cluster is asked for its servers, hosts that are to be added are logged in to, OBProxies are asked for their
 * parameters. Resolves to what these said.
 * Throws Refusal when obflow may not go there, CMP07004 when a host is away, CMP07026 when a new one is.
 */
export async function lookBefore(
  services: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  look: Looked,
): Promise<Required<Pick<RequestScope, 'contacted' | 'proxyParameters'>> & Pick<RequestScope, 'newCluster'>> {
  const hostIds = await hostsBehind(services.store, look);
  const { obCluster: obClusterId, newHosts = [], newCluster: wish, proxyParameters: proxyCluster } = look;
  await refuseDeniedObjects(services, { hostIds, obClusterId });
  const newCluster = wish === undefined ? undefined : await lookAtNewCluster(services, wish);
  const [contacted, proxyParameters] = await Promise.all([
    contactNewHosts(services, [...newHosts, ...hostsToAdd(newCluster, wish)]),
    parametersIn(services, proxyCluster),
    contactKnownOffline(services, hostIds),
    obClusterId === undefined ? undefined : refreshCluster(services, obClusterId),
  ]);
  return { contacted, proxyParameters, ...(newCluster === undefined ? {} : { newCluster }) };
}

/** Nothing of a cluster that does not exist: that is refused by the operation. */
async function parametersIn(
  { store, hosts, config }: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  id: number | undefined,
) {
  const cluster = id === undefined ? undefined : await store.obproxy.findCluster(id);
  if (cluster === undefined) return [];
  return describeProxies({ store, hosts, addresses: config.addresses }, cluster);
}
