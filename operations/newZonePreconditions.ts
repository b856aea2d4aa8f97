/** Preconditions of adding a zone. Each throws Refusal with the documented code and what to do. */
import { say } from '../runtime/messages/catalogue';
import type { HostRow, Idc, ObClusterRow, Store } from '../store/types';
import { Refusal } from './refusal';

/** OCP's own rule, which is narrower than OceanBase's: names of zones stand in localities and primary zones. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{1,63}$/;

/** OceanBase's MAX_REGION_LENGTH (oceanbase:deps/oblib/src/lib/ob_define.h), in bytes. */
const PLACE_BYTES = 128;

/** OceanBase's MAX_ZONE_NUM (oceanbase:deps/oblib/src/lib/ob_define.h): ADD ZONE beyond it is error 4632. */
const MOST_ZONES = 64;

/**
 * The name, which the cluster does not have, in whatever case: two zones that differ by it alone are a trap for whoever
 * writes a locality. Throws Refusal OBE18001, OBE18003, OBE11007 for a cluster that can have no more zones.
 */
export async function newZoneName(store: Store, cluster: ObClusterRow, name: string): Promise<string> {
  const about = { target: 'name' };
  if (!NAME.test(name)) {
    const message = say('zone.badName', { name });
    const subErrors = [{ field: 'name', rejectedValue: name, message }];
    throw new Refusal(400, 'OBE18001', message, { ...about, subErrors });
  }
  const zones = await store.obServers.zones(cluster.id);
  const same = zones.find((zone) => zone.name.toLowerCase() === name.toLowerCase());
  if (same === undefined && zones.length >= MOST_ZONES) {
    const said = say('zone.tooMany', { cluster: cluster.name, count: zones.length, limit: MOST_ZONES });
    throw new Refusal(409, 'OBE11007', said, { target: `obCluster:${cluster.id}` });
  }
  if (same === undefined) return name;
  throw new Refusal(409, 'OBE18003', say('zone.exists', { cluster: cluster.name, name: same.name }), about);
}

async function allIdcs(store: Store): Promise<Idc[]> {
  const found: Idc[] = [];
  const size = 200;
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await store.places.idcs.list({ page, size });
    found.push(...contents);
    if (contents.length === 0 || found.length >= totalElements) return found;
  }
}

/**
 * The IDC of that name in which all hosts lie; names are unique within a region only. Throws Refusal OBE11037 (there is
 * none), CMP07007 (a host lies elsewhere), COM10001 (OceanBase cannot store the names).
 */
export async function idcOfHosts(
  store: Store,
  { name, idcName }: { readonly name: string; readonly idcName: string },
  hosts: readonly HostRow[],
): Promise<Idc> {
  const all = await allIdcs(store);
  const named = all.filter((idc) => idc.name === idcName);
  const [first] = named;
  if (first === undefined) {
    const message = say('zone.noIdc', { name: idcName, known: all.map((idc) => idc.name).join(', ') });
    const subErrors = [{ field: 'idcName', rejectedValue: idcName, message }];
    throw new Refusal(404, 'OBE11037', message, { target: 'idcName', subErrors });
  }
  const wanted = named.find(({ id }) => id === hosts[0]?.idc.id) ?? first;
  const other = hosts.find(({ idc }) => idc.id !== wanted.id);
  if (other !== undefined) {
    const { ip, idc } = other;
    const where = { ip, idc: idc.name, region: idc.region.name, zone: name, zoneIdc: idcName };
    throw new Refusal(400, 'CMP07007', say('host.otherIdc', where), { target: `host:${other.id}` });
  }
  if ([wanted.name, wanted.region.name].some((text) => Buffer.byteLength(text) > PLACE_BYTES)) {
    const place = { idc: wanted.name, region: wanted.region.name, limit: PLACE_BYTES };
    throw new Refusal(400, 'COM10001', say('zone.longPlace', place), { target: 'idcName' });
  }
  return wanted;
}

/** Throws Refusal OBE11023 when a host is known to be of another architecture than the one asked for. */
export function hostsOfArchitecture(
  hosts: readonly HostRow[],
  wanted: string | undefined,
  target: string,
): void {
  const other = hosts.find(
    ({ architecture }) => wanted !== undefined && architecture !== null && architecture !== wanted,
  );
  if (other === undefined) return;
  const { ip, architecture } = other;
  const said = say('hosts.otherArchitecture', { ip, architecture: architecture ?? '', wanted: wanted ?? '' });
  throw new Refusal(400, 'OBE11023', said, { target });
}
