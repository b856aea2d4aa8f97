/**
 * What a running OBProxy says of itself, against the cluster it is to belong to: which clusters it serves, how it learnt
 * of them, and what only a restart could change. Pure.
 */
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import type { ObproxyAdmin, ProxyParameter } from './obproxyAdmin';
import type { ParameterValue } from './parameters';
import { rootServiceList } from './proxyConfigDb';
import { proxyListOf, sameProxyList } from './rootServiceList';
import { isAtLeast, sameFamily } from './versions';

/** Oldest OBProxy that can be taken over (OCP documentation, "Take over an OBProxy"). */
const OLDEST = '1.8';

/** One thing found out about a proxy. ERROR: it cannot be taken over as it is. */
export interface Finding {
  readonly level: 'ERROR' | 'WARN' | 'INFO';
  /** Stable name of the situation; for errors. */
  readonly type?: string;
  /** Documented OCP code, for errors. */
  readonly code?: string;
  readonly text: Said;
  /** What to do, one sentence; for errors. */
  readonly next?: Said;
}

/** The cluster a proxy is to belong to, as far as the proxy can agree or differ. */
export interface ObproxyHome {
  readonly name: string;
  readonly workMode: 'CONFIG_URL' | 'RS_LIST';
  readonly configUrl: string;
  readonly linkedClusters: readonly string[];
  /** Root servers of the linked cluster; RS_LIST. */
  readonly rootServers: readonly { readonly ip: string; readonly sqlPort: number }[];
  /** Of the cluster's other proxies, as far as known. */
  readonly versions: readonly string[];
}

export interface RunningObproxy {
  /** Dotted. */
  readonly version: string;
  /** With dist tag; undefined when the proxy does not tell. */
  readonly release: string | undefined;
  /** By lower-case name. */
  readonly shown: ReadonlyMap<string, ProxyParameter>;
  readonly clusterNames: readonly string[];
}

/** Version and release in the text of SHOW PROXYINFO BINARY, e.g. `ObProxy-OceanBase 4.3.1.0-4.el7`. */
export function runningVersion(binaryInfo: string): Pick<RunningObproxy, 'version' | 'release'> | undefined {
  const match = /(\d+(?:\.\d+){2,})(?:-([A-Za-z0-9][A-Za-z0-9._+~^]*))?/.exec(binaryInfo);
  return match?.[1] === undefined ? undefined : { version: match[1], release: match[2] };
}

/** Asks the proxy; throws what the connection throws. Undefined when it does not tell its version. */
export async function readRunning(admin: ObproxyAdmin): Promise<RunningObproxy | undefined> {
  const version = runningVersion(await admin.binaryInfo());
  if (version === undefined) return undefined;
  const parameters = await admin.showAll();
  return {
    ...version,
    shown: new Map(parameters.map((parameter) => [parameter.name.toLowerCase(), parameter])),
    clusterNames: await admin.clusterNames(),
  };
}

export function shownValue(proxy: RunningObproxy, name: string): string {
  return proxy.shown.get(name)?.value ?? '';
}

function error(type: string, code: string, text: Text, next: Text): Finding {
  return { level: 'ERROR', type, code, text, next };
}

/** Version at least 1.8, and of the family of the cluster's other proxies. */
export function versionFindings(version: string, others: readonly string[]): Finding[] {
  if (!isAtLeast(version, OLDEST)) {
    const next = say('next.upgradeFirst', { oldest: OLDEST });
    return [error('ObproxyTooOld', 'ODP21018', say('proxy.tooOld', { version, oldest: OLDEST }), next)];
  }
  const unlike = others.find((other) => !sameFamily(version, other));
  if (unlike === undefined) return [{ level: 'INFO', text: say('proxy.runs', { version }) }];
  const text = say('proxy.otherFamily', { version, unlike });
  const next = say('next.ownFamily');
  return [error('ObproxyFamilyDiffers', 'ODP21110', text, next)];
}

/** A wished port must be the proxy's; the SQL port that it shows must be the one it listens on. */
export function portFindings(
  proxy: RunningObproxy,
  wished: { sqlPort: number; exporterPort?: number | undefined; rpcPort?: number | undefined },
): Finding[] {
  const found: Finding[] = [];
  const compare = (field: string, parameter: string, port: number | undefined, next: Text) => {
    const value = shownValue(proxy, parameter);
    if (port === undefined || value === String(port)) return;
    const says = value === '' ? say('proxy.hasNo', { parameter }) : say('proxy.shows', { parameter, value });
    found.push(
      error('ObproxyPortDiffers', 'ODP21016', say('proxy.portDiffers', { says, field, port }), next),
    );
  };
  const altered = say('next.portAltered');
  compare('sqlPort', 'listen_port', wished.sqlPort, altered);
  const given = say('next.givenPort');
  compare('exporterPort', 'prometheus_listen_port', wished.exporterPort, given);
  compare('rpcPort', 'rpc_listen_port', wished.rpcPort, given);
  return found;
}

/** A list of root servers wins over a config server's URL (OBProxy source). */
function workModeOf(proxy: RunningObproxy): 'CONFIG_URL' | 'RS_LIST' {
  return shownValue(proxy, 'rootservice_list') === '' ? 'CONFIG_URL' : 'RS_LIST';
}

/** Work mode as the cluster's; linked clusters a subset (CONFIG_URL) or the very one (RS_LIST), as OCP demands. */
export function linkFindings(proxy: RunningObproxy, home: ObproxyHome): Finding[] {
  const mode = workModeOf(proxy);
  if (mode !== home.workMode) {
    const text = say('proxy.otherMode', { mode, cluster: home.name, workMode: home.workMode });
    const next = say('next.sameMode', { mode });
    return [error('WorkModeDiffers', 'ODP21015', text, next)];
  }
  const next = say('next.sameLinks');
  if (mode === 'CONFIG_URL') {
    const foreign = proxy.clusterNames.filter((name) => !home.linkedClusters.includes(name));
    if (foreign.length > 0) {
      const links = home.linkedClusters.join(', ') || 'none';
      const text = say('proxy.servesOthers', { served: foreign.join(', '), cluster: home.name, links });
      return [error('LinksDiffer', 'ODP21011', text, next)];
    }
    const names = proxy.clusterNames.join(', ') || say('proxy.noClusterYet');
    return [{ level: 'INFO', text: say('proxy.byConfigServer', { names }) }];
  }
  const [link = ''] = home.linkedClusters;
  const name = shownValue(proxy, 'rootservice_cluster_name');
  if (name !== link) {
    const text = say('proxy.servesOthers', {
      served: name === '' || name === 'undefined' ? say('proxy.unnamedCluster') : name,
      cluster: home.name,
      links: link,
    });
    return [error('LinksDiffer', 'ODP21011', text, next)];
  }
  const list = proxyListOf(shownValue(proxy, 'rootservice_list'));
  const known = proxyListOf(rootServiceList(home.rootServers));
  if (![...list].some((server) => known.has(server))) {
    const text = say('proxy.otherRootServers', {
      list: [...list].join(', '),
      link,
      known: [...known].join(', '),
    });
    return [error('LinksDiffer', 'ODP21011', text, next)];
  }
  return [{ level: 'INFO', text: say('proxy.byList', { name }) }];
}

/** Parameters that the cluster itself implies, which only a restart could change. */
export function identityParameters(proxy: RunningObproxy, home: ObproxyHome): ParameterValue[] {
  const name = { name: 'app_name', value: home.name };
  if (home.workMode === 'CONFIG_URL') {
    return [name, { name: 'obproxy_config_server_url', value: home.configUrl }];
  }
  const list = shownValue(proxy, 'rootservice_list');
  const wished = rootServiceList(home.rootServers);
  // The same servers in another order are the same list.
  return [name, { name: 'rootservice_list', value: sameProxyList(list, wished) ? list : wished }];
}
