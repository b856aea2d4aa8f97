/** What the parameters of OBProxies are, and which values they have: asked of the proxies themselves, at the request. */
import { clusterParameters } from '../activities/obproxy/proxy';
import { type Asked, askObproxies, describeProxies } from '../contact/askObproxies';
import type { Hosts } from '../hosts/types';
import type { DescribedParameter } from '../oceanbase/obproxyAdmin';
import { type ParameterInfo, parameterInfo } from '../oceanbase/parameterInfo';
import { isSecretParameter } from '../oceanbase/parameters';
import { compareVersions } from '../oceanbase/versions';
import type { RuntimeConfig } from '../runtime/config';
import type { ObproxyClusterRow, ObproxyServerRow, Store } from '../store/types';

interface Asking {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly config: Pick<RuntimeConfig, 'addresses'>;
}

/** Clusters that are read together. */
const PAGE = 100;
/** Proxies of one version that are asked, one after the other, until one answers. */
const TRIED = 3;

const ways = ({ store, hosts, config }: Asking) => ({ store, hosts, addresses: config.addresses });
const dotted = ({ version }: ObproxyServerRow) => version.split('-')[0] ?? version;

async function runningByVersion(store: Store): Promise<Map<string, ObproxyServerRow[]>> {
  const found = new Map<string, ObproxyServerRow[]>();
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await store.obproxy.listClusters({ page, size: PAGE });
    for (const server of contents.flatMap(({ servers }) => servers)) {
      if (server.status !== 'RUNNING' || server.version === '') continue;
      found.set(dotted(server), [...(found.get(dotted(server)) ?? []), server]);
    }
    if (page * PAGE >= totalElements) return found;
  }
}

export interface VersionedInfo extends ParameterInfo {
  readonly version: string;
}

/**
 * Metadata of the parameters of every version that runs somewhere, or of one; `name` filters by the exact name. Nothing for a
 * version of which no proxy answers.
 */
export async function readParameterInfo(
  services: Asking,
  wished: { readonly name?: string | undefined; readonly version?: string | undefined },
): Promise<VersionedInfo[]> {
  const running = await runningByVersion(services.store);
  const versions = [...running.keys()]
    .filter((version) => wished.version === undefined || version === wished.version)
    .sort(compareVersions);
  const infos = await Promise.all(
    versions.map(async (version) => {
      for (const server of (running.get(version) ?? []).slice(0, TRIED)) {
        const [asked] = await askObproxies(ways(services), [server], async ({ admin }) => {
          const described = await admin.describeAll();
          const changed = await admin.changedNames();
          return described.map((one) => ({ ...parameterInfo(one, changed), version }));
        });
        if (asked !== undefined && 'answer' in asked) return asked.answer;
      }
      return [];
    }),
  );
  return infos.flat().filter(({ name }) => wished.name === undefined || name === wished.name);
}

/** One parameter of a cluster, with the values that its proxies have. */
export interface ListedParameter {
  readonly name: string;
  readonly description: string;
  readonly needReboot: boolean;
  /** The values, the first one first. */
  readonly values: readonly { readonly value: string; readonly obproxies: readonly string[] }[];
}

/** Parameters of a cluster by name, as those of its proxies that run show them. As recorded, of no proxy, when none answers. */
export async function listParameters(
  services: Asking,
  cluster: ObproxyClusterRow,
): Promise<{ parameters: ListedParameter[]; asked: readonly Asked<DescribedParameter[]>[] }> {
  const asked = await describeProxies(ways(services), cluster);
  const listed = new Map<string, ListedParameter>();
  for (const one of asked) {
    if (!('answer' in one)) continue;
    for (const parameter of one.answer) {
      const { name, info, needReboot } = parameter;
      const value = isSecretParameter(name) ? '***' : parameter.value;
      const known = listed.get(name) ?? { name, description: info, needReboot, values: [] };
      listed.set(name, { ...known, values: withValue(known.values, value, one.server.ip) });
    }
  }
  if (listed.size > 0) return { parameters: [...listed.values()].sort(byName), asked };
  const stored = clusterParameters(cluster).map(({ name, value }): ListedParameter => {
    const shown = isSecretParameter(name) ? '***' : value;
    return { name, description: '', needReboot: false, values: [{ value: shown, obproxies: [] }] };
  });
  return { parameters: stored.sort(byName), asked };
}

const byName = (one: ListedParameter, other: ListedParameter) => (one.name < other.name ? -1 : 1);

function withValue(values: ListedParameter['values'], value: string, ip: string): ListedParameter['values'] {
  const known = values.find((one) => one.value === value);
  if (known === undefined) return [...values, { value, obproxies: [ip] }];
  return values.map((one) => (one === known ? { value, obproxies: [...one.obproxies, ip] } : one));
}
