/** Preconditions of adding an OBServer. Each throws Refusal with the documented code and what to do. */

import { packageFit } from '../oceanbase/packageFit';
import { comparePackages, versionRelease } from '../oceanbase/packageName';
import { compareVersions } from '../oceanbase/versions';
import { joined, say, type Text } from '../runtime/messages/catalogue';
import type { HostRow, ObClusterRow, ObZoneRow, PackageRow, Store } from '../store/types';
import { allObClusters, fieldRefusal, OBSERVER_PACKAGES } from './preconditions';
import { Refusal } from './refusal';

export async function obClusterById(store: Store, id: number): Promise<ObClusterRow> {
  const cluster = await store.obClusters.find(id);
  if (cluster !== undefined) return cluster;
  throw new Refusal(404, 'OBE11001', say('obCluster.unknown', { id }), { target: `obCluster:${id}` });
}

/** The standby cluster of a primary one, which has its name (2.x and 3.x; of 4.x tenants have standbys, not clusters). */
export async function standbyOf(
  store: Store,
  { id, name, type }: Pick<ObClusterRow, 'id' | 'name' | 'type'>,
): Promise<ObClusterRow | undefined> {
  if (type !== 'PRIMARY') return undefined;
  const same = await store.obClusters.findByName(name);
  return same.find((other) => other.id !== id && other.type === 'STANDBY');
}

/** Only a running cluster can take servers; of one that never answered activeZone says so. */
export function clusterRuns(cluster: ObClusterRow): void {
  if (cluster.status === 'RUNNING') return;
  throw new Refusal(
    409,
    'OBE11007',
    say('obCluster.notRunning', { name: cluster.name, status: cluster.status, id: cluster.id }),
    { target: `obCluster:${cluster.id}` },
  );
}

/** The zone as the cluster told at the last look. */
export async function activeZone(store: Store, cluster: ObClusterRow, name: string): Promise<ObZoneRow> {
  const zones = await store.obServers.zones(cluster.id);
  if (zones.length === 0) {
    throw new Refusal(409, 'OBE11028', say('obCluster.neverAnswered', { name: cluster.name }), {
      target: `obCluster:${cluster.id}`,
    });
  }
  const zone = zones.find((candidate) => candidate.name === name);
  if (zone === undefined) {
    throw new Refusal(
      404,
      'OBE18002',
      say('zone.unknown', {
        cluster: cluster.name,
        name,
        known: zones.map((known) => known.name).join(', '),
      }),
      {
        target: 'zoneName',
        subErrors: [{ field: 'zoneName', rejectedValue: name, message: say('is.noZone') }],
      },
    );
  }
  if (zone.innerStatus !== 'ACTIVE') {
    throw new Refusal(409, 'OBE18004', say('zone.notActive', { name, status: zone.innerStatus }), {
      target: 'zoneName',
    });
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
    say('host.otherRegion', {
      ip: other.ip,
      region: other.idc.region.name,
      zone: zone.name,
      zoneRegion: first.idc.region.name,
      first: first.ip,
    }),
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
        server === undefined
          ? say('thing.rootServer')
          : say('thing.observer', { id: server.id, zone: server.zone, status: server.status });
      throw new Refusal(
        409,
        'OBE11021',
        say('host.hasObserver', { ip: host.ip, id: host.id, what, cluster: name }),
        { target: `host:${host.id}` },
      );
    }
    const taskId = await store.obServers.reservedBy(host.id);
    if (taskId !== undefined) {
      throw new Refusal(409, 'CMP07004', say('host.reserved', { ip: host.ip, id: host.id, task: taskId }), {
        target: `host:${host.id}`,
      });
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
    say('hosts.differ', {
      ip: first.ip,
      architecture: first.architecture ?? '?',
      otherIp: other.ip,
      otherArchitecture: other.architecture ?? '?',
    }),
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
  const upload = say('package.upload', { version: cluster.version });
  if (ofVersion.length === 0) {
    throw new Refusal(
      404,
      'PKG10014',
      say('package.noOceanBase', { version: cluster.version, cluster: cluster.name, upload }),
      { target: `obCluster:${cluster.id}` },
    );
  }
  const asked = ofVersion.filter(
    (part) => operatingSystem === undefined || part.operatingSystem === operatingSystem,
  );
  if (asked.length === 0) {
    const field = 'packageOperatingSystem';
    const known = [...new Set(ofVersion.map((part) => part.operatingSystem ?? 'none'))].join(', ');
    throw fieldRefusal(field, operatingSystem, say('names.noSuchBuild', { version: cluster.version, known }));
  }
  const reasons: Text[] = [];
  const fitting = asked.filter((part) => {
    const unfit = hosts.flatMap((host) => {
      const fit = packageFit(part, host);
      return fit?.verdict === 'refuse' ? [say('text.of', { what: host.ip, text: fit.text })] : [];
    });
    if (unfit.length > 0) reasons.push(say('package.doesNotFit', { file: part.fileName, reasons: unfit }));
    return unfit.length === 0;
  });
  if (fitting.length === 0) {
    throw new Refusal(
      400,
      'CMP07018',
      say('package.noneFits', { version: cluster.version, reasons: joined(reasons, 'list.stop'), upload }),
      { target: 'servers' },
    );
  }
  const editions = new Set(fitting.map(({ name }) => name));
  if (editions.size > 1) {
    throw new Refusal(
      409,
      'PKG10014',
      say('package.bothEditions', {
        version: cluster.version,
        files: fitting.map(({ fileName }) => fileName).join(', '),
      }),
      { target: `obCluster:${cluster.id}` },
    );
  }
  const [newest] = [...fitting].sort((a, b) => comparePackages(b, a));
  if (newest === undefined || newest.home === null) throw new Error('a package that fits has a home');
  return { ...newest, home: newest.home };
}
