/**
 * OBProxies that work by RS_LIST: they ask nobody for root servers, so somebody has to tell them when servers come and go. The list
 * that is set is stored for the next start; the process goes by the servers that it sees in the cluster, and falls back to the
 * list it was started with when these stay silent, or when it has not used the cluster for a day (OceanBase documentation,
 * ODP, "RootService list"; obproxy:src/obproxy/obutils/ob_proxy_config.h: CFG_NEED_REBOOT).
 */
import { ALTER_VALUE_BYTES } from '../oceanbase/parameters';
import { rootServiceList } from '../oceanbase/proxyConfigDb';
import type { ObproxyClusterRow, ObproxyServerRow, Store } from '../store/types';
import { type Asked, type AskedOn, type AskWays, askObproxies } from './askObproxies';

export const RS_LIST_PARAMETER = 'rootservice_list';

/** For each, and for all: within the 30 s of "Sync cluster info", and of a request. */
const EACH_MS = 5_000;
const ALL_MS = 12_000;

/** Statuses of a proxy whose process may run. */
const LIVES: readonly ObproxyServerRow['status'][] = [
  'RUNNING',
  'UNAVAILABLE',
  'RESTARTING',
  'REFRESHING',
  'UPGRADING',
];

/** OBProxy clusters of this work mode that are linked to the OceanBase cluster. */
export async function rsListProxies(
  { obproxy }: Pick<Store, 'obproxy'>,
  obClusterId: number,
): Promise<ObproxyClusterRow[]> {
  const found: ObproxyClusterRow[] = [];
  for (const { id } of await obproxy.clustersLinkedTo(obClusterId)) {
    const cluster = await obproxy.findCluster(id);
    if (cluster?.workMode === 'RS_LIST') found.push(cluster);
  }
  return found;
}

/** Those of them whose processes may run. */
export function living(proxies: readonly ObproxyClusterRow[]): ObproxyServerRow[] {
  return proxies.flatMap(({ servers }) => servers.filter(({ status }) => LIVES.includes(status)));
}

/** Asks all of them at once, for a short time. */
export function askForLists<T>(
  ways: AskWays,
  servers: readonly ObproxyServerRow[],
  ask: (on: AskedOn) => Promise<T>,
): Promise<Asked<T>[]> {
  return askObproxies(ways, servers, ask, EACH_MS, ALL_MS);
}

/** The list that a proxy is told: as many root servers as an ALTER takes. */
export function listToTell(servers: readonly { readonly ip: string; readonly sqlPort: number }[]): string {
  for (let count = servers.length; count > 0; count -= 1) {
    const list = rootServiceList(servers.slice(0, count));
    if (Buffer.byteLength(list) <= ALTER_VALUE_BYTES) return list;
  }
  return '';
}
