/** The package that each OBProxy of an upgrade gets: one name, and for each host the file that fits it. */
import { packageFit } from '../oceanbase/packageFit';
import { splitRelease, versionRelease } from '../oceanbase/packageName';
import { compareVersions, sameFamily } from '../oceanbase/versions';
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import type { HostRow, ObproxyServerRow, PackageRow, Store } from '../store/types';
import { hostsByIds, OBSERVER_PACKAGES, packageFitsHosts } from './preconditions';
import { Refusal } from './refusal';

export type ObproxyPackage = PackageRow & { readonly home: string };

export interface WantedPackage {
  /** `obproxy-ce-4.3.1.0-4`: name, version and release without dist tag. */
  readonly shortRpmName: string;
  /** `el8`. */
  readonly packageOperatingSystem?: string | undefined;
}

function shortName(row: PackageRow): string {
  return `${row.name}-${versionRelease(row)}`;
}

/** All uploaded files of this name, whatever they are for. Throws Refusal PKG10014, PKG10013. */
async function packagesNamed(store: Store, name: string): Promise<ObproxyPackage[]> {
  const found: PackageRow[] = [];
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await store.packages.list({ keyword: name }, { page, size: 100 });
    found.push(...contents);
    if (contents.length === 0 || found.length >= totalElements) break;
  }
  const named = found.filter((row) => shortName(row) === name);
  if (named.length === 0) {
    throw new Refusal(404, 'PKG10014', say('upgrade.noPackage', { name }), { target: name });
  }
  const proxies = named.flatMap((row) =>
    row.home === null || OBSERVER_PACKAGES.includes(row.name) ? [] : [{ ...row, home: row.home }],
  );
  if (proxies.length > 0) return proxies;
  const said = say('request.fault', { field: 'shortRpmName', fault: say('names.noObproxy') });
  throw new Refusal(400, 'PKG10013', said, { target: 'shortRpmName' });
}

const systemsOf = (rows: readonly PackageRow[]): string =>
  [...new Set(rows.map(({ operatingSystem }) => operatingSystem ?? '-'))].sort().join(', ');

/** The one of them for this host. Throws Refusal PKG10015 (architecture), PKG10014 (system), COM10001 when it is not clear. */
function packageFor(
  host: HostRow,
  named: readonly ObproxyPackage[],
  wanted: WantedPackage,
  current: PackageRow | undefined,
): ObproxyPackage {
  const { shortRpmName: name, packageOperatingSystem: system } = wanted;
  const ofSystem = system === undefined ? named : named.filter((row) => row.operatingSystem === system);
  if (ofSystem.length === 0) {
    const said = say('upgrade.noPackageOf', { name, system: system ?? '', there: systemsOf(named) });
    throw new Refusal(400, 'PKG10014', said, { target: 'packageOperatingSystem' });
  }
  const runs = ofSystem.filter(
    ({ architecture }) => packageFit({ architecture, operatingSystem: null }, host)?.verdict !== 'refuse',
  );
  if (runs.length === 0) {
    const there = ofSystem.map(({ architecture }) => architecture).join(', ');
    const said = say('upgrade.noArchitecture', { ip: host.ip, host: host.architecture ?? '?', name, there });
    throw new Refusal(400, 'PKG10015', said, { target: `host:${host.id}` });
  }
  // By default the system of the package that the proxy has, then what fits the host.
  const same = runs.filter(({ operatingSystem }) => operatingSystem === (current?.operatingSystem ?? null));
  const fitting = runs.filter((row) => packageFit(row, host) === undefined);
  const [choice, ...others] = [same, fitting, runs].find((rows) => rows.length > 0) ?? [];
  if (choice !== undefined && others.length === 0) return choice;
  const said = say('upgrade.several', { name, there: systemsOf(runs) });
  throw new Refusal(400, 'COM10001', said, { target: 'packageOperatingSystem' });
}

/** Throws Refusal ODP21113 for the same version, a lower one and another family, PKG10013 for another edition. */
function refuseVersions(
  { id, ip, sqlPort, version }: ObproxyServerRow,
  target: ObproxyPackage,
  current: PackageRow | undefined,
): void {
  const about = { id, address: addressText(ip, sqlPort), version };
  const wanted = shortName(target);
  const at = { target: `obproxyServer:${id}` };
  if (!sameFamily(version, target.version)) {
    throw new Refusal(400, 'ODP21113', say('upgrade.otherFamily', about), at);
  }
  if (compareVersions(versionRelease(target), version) <= 0) {
    throw new Refusal(400, 'ODP21113', say('upgrade.notHigher', { ...about, wanted }), at);
  }
  if (current !== undefined && current.name !== target.name) {
    const { name } = current;
    throw new Refusal(400, 'PKG10013', say('upgrade.otherEdition', { ...about, name, wanted }), at);
  }
}

/** What each OBProxy gets, by its id. */
export async function packagesFor(
  store: Store,
  servers: readonly ObproxyServerRow[],
  wanted: WantedPackage,
): Promise<Map<number, ObproxyPackage>> {
  const named = await packagesNamed(store, wanted.shortRpmName);
  const hosts = new Map(
    (
      await hostsByIds(
        store,
        servers.map(({ hostId }) => hostId),
      )
    ).map((host) => [host.id, host]),
  );
  const chosen = new Map<number, ObproxyPackage>();
  for (const server of servers) {
    const current = server.packageId === null ? undefined : await store.packages.find(server.packageId);
    const host = hosts.get(server.hostId);
    if (host === undefined) continue;
    const target = packageFor(host, named, wanted, current);
    refuseVersions(server, target, current);
    packageFitsHosts(target, [host]);
    chosen.set(server.id, target);
  }
  return chosen;
}

const SHORT = /^[A-Za-z][A-Za-z0-9_+]*(?:-[A-Za-z][A-Za-z0-9_+]*)*-\d+(?:\.\d+)+-[A-Za-z0-9_~^+]+$/;

/** Whether a text has the form `name-version-release`, without dist tag, architecture and `.rpm`. */
export function isShortRpmName(text: string): boolean {
  return (
    text.length <= 128 && SHORT.test(text) && splitRelease(text.split('-').at(-1) ?? '').dist === undefined
  );
}
