/** Preconditions of adding an OBServer. Each throws Refusal with the documented code and what to do. */

import { packageFit } from '../oceanbase/packageFit';
import { comparePackages, versionRelease } from '../oceanbase/packageName';
import { compareVersions } from '../oceanbase/versions';
import type { HostRow, ObClusterRow, ObZoneRow, PackageRow, Store } from '../store/types';
import { allObClusters, fieldRefusal, OBSERVER_PACKAGES } from './preconditions';
import { Refusal } from './refusal';

export async function obClusterById(store: Store, id: number): Promise<ObClusterRow> {
  const cluster = await store.obClusters.find(id);
  if (cluster !== undefined) return cluster;
  throw new Refusal(
    404,
    'OBE11001',
    `There is no OceanBase cluster with id ${id}. GET /api/v2/ob/clusters lists those that exist; "obflow apply" adds one.`,
    { target: `obCluster:${id}` },
  );
}

/** Only a running cluster can take servers; of one that never answered activeZone says so. */
export function clusterRuns(cluster: ObClusterRow): void {
  if (cluster.status === 'RUNNING') return;
  throw new Refusal(
    409,
    'OBE11007',
    `OceanBase cluster "${cluster.name}" is ${cluster.status}: servers can be added when it is RUNNING. ` +
      `GET /api/v2/ob/clusters/${cluster.id} asks it again and says what is wrong.`,
    { target: `obCluster:${cluster.id}` },
  );
}

/** The zone as the cluster told at the last look. */
export async function activeZone(store: Store, cluster: ObClusterRow, name: string): Promise<ObZoneRow> {
  const zones = await store.obServers.zones(cluster.id);
  if (zones.length === 0) {
    throw new Refusal(
      409,
      'OBE11028',
      `The zones of OceanBase cluster "${cluster.name}" are not known, because it has never answered here. ` +
        'Check the root servers and the credential that are declared, and that this machine reaches their SQL ports.',
      { target: `obCluster:${cluster.id}` },
    );
  }
  const zone = zones.find((candidate) => candidate.name === name);
  if (zone === undefined) {
    throw new Refusal(
      404,
      'OBE18002',
      `OceanBase cluster "${cluster.name}" has no zone "${name}". It has ${zones.map((known) => known.name).join(', ')}.`,
      {
        target: 'zoneName',
        subErrors: [{ field: 'zoneName', rejectedValue: name, message: 'is no zone of the cluster' }],
      },
    );
  }
  if (zone.innerStatus !== 'ACTIVE') {
    throw new Refusal(
      409,
      'OBE18004',
      `Zone "${name}" is ${zone.innerStatus}: servers can be added when it is ACTIVE. Start the zone first.`,
      { target: 'zoneName' },
    );
  }
  return zone;
}

/** A zone lies in one region, and so do its servers. */
export async function hostsInRegion(
  store: Store,
  cluster: ObClusterRow,
  zone: ObZoneRow,
  hosts: readonly HostRow[],
): Promise<void> {
  const known = await store.obServers.ofCluster(cluster.id);
  const ids = known.filter((server) => server.zone === zone.name).flatMap(({ hostId }) => hostId ?? []);
  const [neighbour] = await store.hosts.findMany(ids);
  const first = neighbour ?? hosts[0];
  const other = hosts.find(({ idc }) => idc.region.name !== first?.idc.region.name);
  if (first === undefined || other === undefined) return;
  throw new Refusal(
    400,
    'CMP07009',
    `Host ${other.ip} lies in region ${other.idc.region.name}, zone "${zone.name}" in region ${first.idc.region.name} ` +
      `(host ${first.ip}). Choose hosts of that region.`,
    { target: `host:${other.id}` },
  );
}

/** No host is a server of any cluster, or reserved to become one. */
export async function hostsWithoutObserver(store: Store, hosts: readonly HostRow[]): Promise<void> {
  const clusters = await allObClusters(store);
  for (const host of hosts) {
    const [server] = await store.obServers.onHost(host.id);
    const declared = clusters.find(({ rootServers }) => rootServers.some(({ ip }) => ip === host.ip));
    const clusterId = server?.clusterId ?? declared?.id;
    if (clusterId !== undefined) {
      const name = clusters.find(({ id }) => id === clusterId)?.name ?? String(clusterId);
      const what =
        server === undefined ? 'a root server' : `server ${server.id} (${server.zone}, ${server.status})`;
      throw new Refusal(
        409,
        'OBE11021',
        `Host ${host.ip} (id ${host.id}) is already ${what} of OceanBase cluster "${name}". Choose another host.`,
        { target: `host:${host.id}` },
      );
    }
    const taskId = await store.obServers.reservedBy(host.id);
    if (taskId !== undefined) {
      throw new Refusal(
        409,
        'CMP07004',
        `Host ${host.ip} (id ${host.id}) is reserved by task ${taskId}. Wait until it has ended, or choose another host.`,
        { target: `host:${host.id}` },
      );
    }
  }
}

/** Hosts of one request run one package. */
export function oneArchitecture(hosts: readonly HostRow[]): void {
  const known = hosts.filter(({ architecture }) => architecture !== null);
  const [first] = known;
  const other = known.find(({ architecture }) => architecture !== first?.architecture);
  if (first === undefined || other === undefined) return;
  throw new Refusal(
    400,
    'OBE11023',
    `Host ${first.ip} is ${first.architecture}, host ${other.ip} is ${other.architecture}. ` +
      'Send one request for each architecture.',
    { target: 'servers' },
  );
}

async function observerPackages(store: Store): Promise<PackageRow[]> {
  const found: PackageRow[] = [];
  const size = 200;
  for (let page = 1; ; page += 1) {
    const { contents } = await store.packages.list({ keyword: 'oceanbase' }, { page, size });
    found.push(...contents.filter(({ name, home }) => OBSERVER_PACKAGES.includes(name) && home !== null));
    if (contents.length < size) return found;
  }
}

/** Whether a package is of the cluster's version; a declared `4.2.1.0-100000` also fixes the release. */
function isOfVersion(part: PackageRow, version: string): boolean {
  return compareVersions(version.includes('-') ? versionRelease(part) : part.version, version) === 0;
}

/**
 * The newest uploaded package of the cluster's version that fits every host. `operatingSystem` (el7, el8, …) restricts
 * it, as packageOperatingSystem of the request does.
 */
export async function observerPackage(
  store: Store,
  cluster: ObClusterRow,
  hosts: readonly HostRow[],
  operatingSystem: string | undefined,
): Promise<PackageRow & { readonly home: string }> {
  const uploaded = await observerPackages(store);
  const ofVersion = uploaded.filter((part) => isOfVersion(part, cluster.version));
  const upload = `Upload the package of OceanBase ${cluster.version} with POST /api/v2/software-packages.`;
  if (ofVersion.length === 0) {
    throw new Refusal(
      404,
      'PKG10014',
      `There is no package oceanbase or oceanbase-ce of version ${cluster.version}, which cluster "${cluster.name}" runs. ${upload}`,
      { target: `obCluster:${cluster.id}` },
    );
  }
  const asked = ofVersion.filter(
    (part) => operatingSystem === undefined || part.operatingSystem === operatingSystem,
  );
  if (asked.length === 0) {
    const field = 'packageOperatingSystem';
    const known = [...new Set(ofVersion.map((part) => part.operatingSystem ?? 'none'))].join(', ');
    throw fieldRefusal(
      field,
      operatingSystem,
      `names no uploaded package of OceanBase ${cluster.version}; there are those for ${known}`,
    );
  }
  const reasons: string[] = [];
  const fitting = asked.filter((part) => {
    const unfit = hosts.flatMap((host) => {
      const fit = packageFit(part, host);
      return fit?.verdict === 'refuse' ? [`${host.ip}: ${fit.text}`] : [];
    });
    if (unfit.length > 0) reasons.push(`${part.fileName} does not fit (${unfit.join('; ')})`);
    return unfit.length === 0;
  });
  if (fitting.length === 0) {
    throw new Refusal(
      400,
      'CMP07018',
      `No package of OceanBase ${cluster.version} fits every host: ${reasons.join('. ')}. ${upload}`,
      { target: 'servers' },
    );
  }
  const editions = new Set(fitting.map(({ name }) => name));
  if (editions.size > 1) {
    throw new Refusal(
      409,
      'PKG10014',
      `Packages of both editions are uploaded for OceanBase ${cluster.version}: ${fitting.map(({ fileName }) => fileName).join(', ')}. ` +
        'Delete those of the edition that the cluster does not run.',
      { target: `obCluster:${cluster.id}` },
    );
  }
  const [newest] = [...fitting].sort((a, b) => comparePackages(b, a));
  if (newest === undefined || newest.home === null) throw new Error('a package that fits has a home');
  return { ...newest, home: newest.home };
}
