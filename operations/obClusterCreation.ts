/** Preconditions of making an OceanBase cluster. Each throws Refusal with the documented code and what to do. */
import { rootPasswordFault } from '../oceanbase/passwords';
import { primaryZones } from '../oceanbase/primaryZone';
import { isAtLeast } from '../oceanbase/versions';
import { say, type Text } from '../runtime/messages/catalogue';
import type { HostRow, PackageRow, Store } from '../store/types';
import type { CreateObClusterBody } from './createObClusterBody';
import { hostsOfArchitecture } from './newZonePreconditions';
import {
  allObClusters,
  fieldRefusal,
  hostsByIds,
  OBSERVER_PACKAGES,
  obproxyClusterById,
} from './preconditions';
import { Refusal } from './refusal';
import type { HostFinding } from './types';

/** A zone of the request with its hosts, those of the root server first. */
export interface PlacedZone {
  readonly name: string;
  readonly idcName: string;
  readonly region: string;
  readonly hosts: readonly HostRow[];
  readonly root: HostRow;
}

/** Named in subErrors without its value, which nobody may read. */
export function passwordFits(password: string): void {
  const fault = rootPasswordFault(password);
  if (fault === undefined) return;
  throw new Refusal(400, 'OBE11029', say('request.fault', { field: 'password', fault }), {
    target: 'password',
    subErrors: [{ field: 'password', rejectedValue: '***', message: fault }],
  });
}

/** Resolves to the id that the cluster gets: the one asked for, or the next free. */
export async function freeIdentity(
  store: Store,
  { name, obClusterId }: CreateObClusterBody,
): Promise<number> {
  const clusters = await allObClusters(store);
  const same = clusters.find((cluster) => cluster.name === name);
  if (same !== undefined) {
    throw new Refusal(409, 'OBE11014', say('obCluster.nameTaken', { name, id: same.id }), { target: 'name' });
  }
  const used = new Map(clusters.map((cluster) => [cluster.obClusterId, cluster.name]));
  if (obClusterId !== undefined) {
    const other = used.get(obClusterId);
    if (other === undefined) return obClusterId;
    const said = say('obCluster.idTaken', { obClusterId, name: other });
    throw new Refusal(409, 'OBE11014', said, { target: 'obClusterId' });
  }
  let next = 1;
  while (used.has(next)) next += 1;
  return next;
}

/** The package of the file name, which must hold an OBServer. */
export async function observerPackageNamed(
  store: Store,
  fileName: string,
): Promise<PackageRow & { readonly home: string }> {
  const row = await store.packages.findByFileName(fileName);
  if (row === undefined) {
    throw new Refusal(404, 'PKG10014', say('package.missing', { name: fileName }), { target: fileName });
  }
  if (row.home === null || !OBSERVER_PACKAGES.includes(row.name)) {
    throw new Refusal(400, 'OBE11013', say('package.noObserver', { name: fileName }), { target: 'rpmName' });
  }
  return { ...row, home: row.home };
}

/** Zones with the rows of their hosts. Names are distinct, and hosts lie in the IDC that their zone names. */
export async function placedZones(store: Store, { zones }: CreateObClusterBody): Promise<PlacedZone[]> {
  zones.forEach(({ name }, index) => {
    if (zones.findIndex((other) => other.name === name) === index) return;
    throw new Refusal(400, 'OBE18009', say('zone.twice', { name }), { target: `zones[${index}].name` });
  });
  const placed: PlacedZone[] = [];
  for (const [index, zone] of zones.entries()) {
    const hosts = await hostsByIds(store, zone.servers);
    const [first] = hosts;
    if (first === undefined) continue;
    for (const host of hosts) {
      const target = `zones[${index}].idcName`;
      const { idc } = host;
      const args = {
        ip: host.ip,
        idc: idc.name,
        region: idc.region.name,
        zone: zone.name,
        zoneIdc: zone.idcName,
      };
      if (idc.name !== zone.idcName)
        throw new Refusal(400, 'CMP07007', say('host.otherIdc', args), { target });
      if (host.idc.region.name !== first.idc.region.name) {
        const said = say('host.otherRegion', {
          ...{ ip: host.ip, region: host.idc.region.name, zone: zone.name },
          ...{ zoneRegion: first.idc.region.name, first: first.ip },
        });
        throw new Refusal(400, 'CMP07009', said, { target: `host:${host.id}` });
      }
    }
    hostsOfArchitecture(hosts, zone.architecture, `zones[${index}].architecture`);
    const root = hosts.find(({ id }) => id === zone.rootServer) ?? first;
    const others = hosts.filter((host) => host !== root);
    placed.push({
      ...{ name: zone.name, idcName: zone.idcName, region: first.idc.region.name },
      ...{ hosts: [root, ...others], root },
    });
  }
  return placed;
}

function primaryZoneRefusal(code: string, text: Text): Refusal {
  return new Refusal(400, code, text, { target: 'primaryZone' });
}

/**
 * Zones of the cluster, each once; of 2.x and 3.x one of the highest priority. With several regions those of the highest priority
 * lie in one, which has two zones, or the loss of a zone would move the sys tenant to another region (OCP user guide).
 */
export function primaryZoneFits(
  { primaryZone }: CreateObClusterBody,
  zones: readonly PlacedZone[],
  version: string,
): void {
  if (/^random$/i.test(primaryZone.trim())) throw primaryZoneRefusal('OBE23101', say('primaryZone.random'));
  const priorities = primaryZones(primaryZone);
  const names = priorities.flat();
  const odd = names.find(
    (name, index) => !zones.some((zone) => zone.name === name) || names.indexOf(name) !== index,
  );
  if (odd !== undefined) {
    const known = zones.map(({ name }) => name).join(', ');
    throw primaryZoneRefusal('OBE11022', say('primaryZone.odd', { name: odd, known }));
  }
  const [first = []] = priorities;
  if (first.length > 1 && !isAtLeast(version, '4.0'))
    throw primaryZoneRefusal('OBE23102', say('primaryZone.several', { zones: first.join(', '), version }));
  const regionOf = (name: string) => zones.find((zone) => zone.name === name)?.region;
  const regions = new Set(first.map(regionOf));
  if (regions.size > 1)
    throw primaryZoneRefusal('OBE23103', say('primaryZone.crosses', { zones: first.join(', ') }));
  const [region] = regions;
  const isSpread = new Set(zones.map((zone) => zone.region)).size > 1;
  if (region === undefined || !isSpread) return;
  if (zones.filter((zone) => zone.region === region).length < 2)
    throw primaryZoneRefusal('OBE11022', say('primaryZone.lonely', { region }));
}

/** Paths that are not chosen: the package's RPM is not relocatable. */
export function pathsFit(
  { attributes }: CreateObClusterBody,
  { home, fileName }: { home: string; fileName: string },
) {
  for (const field of ['installPath', 'runPath'] as const) {
    const wished = attributes[field];
    if (wished === undefined || wished.replace(/\/+$/, '') === home) continue;
    throw fieldRefusal(`attributes.${field}`, wished, say('cannot.chooseHome', { file: fileName, home }));
  }
}

/** OBProxy clusters of the request; the links of one that works by RS_LIST are fixed. */
export async function linkableProxies(store: Store, { obproxyClusterIds }: CreateObClusterBody) {
  for (const id of obproxyClusterIds) {
    const { workMode, name } = await obproxyClusterById(store, id);
    if (workMode !== 'RS_LIST') continue;
    throw new Refusal(400, 'ODP21107', say('link.fixed', { cluster: name }), {
      target: `obproxyCluster:${id}`,
    });
  }
}

/** What is allowed, and seldom wanted. */
export function creationWarnings(zones: readonly PlacedZone[]): HostFinding[] {
  const count = zones.length;
  if (count % 2 === 1 && count > 1) return [];
  const message = count === 1 ? say('creation.oneZone') : say('creation.evenZones', { count });
  return [{ level: 'WARN', message }];
}
