/** Whether a cluster, as it describes itself, can be taken over. Pure; what the inventory says against it is said elsewhere. */
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import { type ClusterServer, type ClusterZone, isServing, isZoneName } from './clusterSql';
import type { Finding } from './obproxyRunning';
import { isAtLeast } from './versions';

/** The dialects that obflow speaks: 2.2, 3.x and 4.x. */
export function isKnownVersion(version: string): boolean {
  return isAtLeast(version, '2.2') && !isAtLeast(version, '5');
}

/** As OCP takes it at creation; a folder, a label and a part of a URL are called so. */
const CLUSTER_NAME = /^[A-Za-z][A-Za-z0-9_.@-]{0,127}$/;
const TENANT_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

export interface DescribedCluster {
  readonly name: string;
  readonly obClusterId: number;
  readonly servers: readonly ClusterServer[];
  readonly zones: readonly ClusterZone[];
  readonly dataDirs: readonly string[];
  readonly tenantNames: readonly string[];
}

function error(code: string, text: Finding['text'], next: Finding['text']): Finding {
  return { level: 'ERROR', code, text, next };
}

/** What is against a cluster as a whole. */
export function clusterFindings(
  cluster: DescribedCluster,
  wished: { readonly clusterName?: string | undefined; readonly obClusterId?: number | undefined },
): Finding[] {
  const { name, obClusterId, servers, zones, tenantNames } = cluster;
  const found: Finding[] = [];
  if (wished.clusterName !== undefined && wished.clusterName !== name) {
    const text = say('obTakeOver.otherName', { name, wished: wished.clusterName });
    found.push(error('OBE11404', text, say('obTakeOver.nextEntrance')));
  }
  if (wished.obClusterId !== undefined && wished.obClusterId !== obClusterId) {
    const text = say('obTakeOver.otherId', { id: obClusterId, wished: wished.obClusterId });
    found.push(error('OBE11404', text, say('obTakeOver.nextEntrance')));
  }
  if (!CLUSTER_NAME.test(name) || !Number.isSafeInteger(obClusterId) || obClusterId < 1) {
    const text = say('obTakeOver.oddName', { name, id: String(obClusterId) });
    found.push(error('OBE11038', text, say('obTakeOver.nextName')));
  }
  const oddTenants = tenantNames.filter((tenant) => !TENANT_NAME.test(tenant));
  if (oddTenants.length > 0) {
    const text = say('obTakeOver.oddTenants', { tenants: oddTenants.join(', ') });
    found.push(error('OBE11039', text, say('obTakeOver.nextTenants')));
  }
  for (const zone of zones.filter((one) => !isZoneName(one.name))) {
    const text = say('obTakeOver.oddZone', { zone: zone.name });
    found.push(error('OBE18001', text, say('obTakeOver.nextZone')));
  }
  const builds = [...new Set(servers.map(({ buildVersion }) => /^[^_(\s]+/.exec(buildVersion)?.[0] ?? ''))];
  if (builds.length > 1) {
    const text = say('obTakeOver.mixedVersions', { versions: builds.join(', ') });
    found.push(error('OBE11007', text, say('obTakeOver.nextUpgrade')));
  }
  const folders = [...new Set(cluster.dataDirs.filter((folder) => folder !== ''))];
  if (folders.length > 1) {
    const text = say('obTakeOver.dataDirs', { folders: folders.join(', ') });
    found.push(error('OBE11049', text, say('obTakeOver.nextDataDirs')));
  }
  if (servers.length === 0)
    found.push(error('OBE11030', say('obTakeOver.noServers'), say('obTakeOver.nextRoot')));
  return found;
}

/** What is against one server. */
export function serverFindings(server: ClusterServer): Finding[] {
  if (isServing(server)) return [];
  const text = say('obTakeOver.notServing', {
    address: addressText(server.ip, server.rpcPort),
    status: server.innerStatus,
  });
  return [error('OBE11403', text, say('obTakeOver.nextServing'))];
}
