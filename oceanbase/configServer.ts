/**
 * What obflow answers to OBProxies in CONFIG_URL mode. A real OBProxy rejects the whole answer when one key is
 * missing or of another type (OBProxy 4.3.1, observed), so these documents hold exactly the keys it insists on.
 */
import { createHash } from 'node:crypto';
import { addressText } from '../runtime/addressText';
import { say, type Text } from '../runtime/messages/catalogue';

export interface ConfigServerCluster {
  readonly name: string;
  readonly obClusterId: number;
  readonly type: 'PRIMARY' | 'STANDBY';
  readonly rootServers: readonly {
    readonly ip: string;
    readonly sqlPort: number;
    readonly rpcPort: number;
  }[];
}

/** The envelope around every answer; accepted only with exactly this Message and a 2xx Code. */
export interface ConfigServerAnswer<T> {
  readonly Code: 200;
  readonly Message: 'successful';
  readonly Success: true;
  readonly Data: T;
  readonly Trace: string;
  readonly Server: string;
  readonly Cost: number;
}

export interface ObproxyConfigData {
  readonly ObProxyBinUrl: string;
  readonly ObProxyDatabaseInfo: {
    readonly DataBase: string;
    readonly MetaDataBase: string;
    readonly User: string;
    readonly Password: string;
  };
  readonly ObRootServiceInfoUrlList: readonly {
    readonly ObRegion: string;
    readonly ObRootServiceInfoUrl: string;
  }[];
  readonly Version: string;
}

export interface RootServiceInfoData {
  readonly ObClusterId: number;
  readonly ObRegionId: number;
  readonly ObCluster: string;
  readonly ObRegion: string;
  readonly Type: 'PRIMARY' | 'STANDBY';
  readonly timestamp: number;
  readonly RsList: readonly { readonly address: string; readonly role: string; readonly sql_port: number }[];
  readonly ReadonlyRsList: readonly [];
}

export interface IdcRegionData {
  readonly ObRegion: string;
  readonly ObRegionId: number;
  readonly IDCList: readonly { readonly idc: string; readonly region: string }[];
  readonly ReadonlyRsList: readonly [];
}

/** `costMs` is for people only; trace and server help to find the request in our log. */
export function configServerAnswer<T>(
  data: T,
  about: { trace: string; server: string; costMs: number },
): ConfigServerAnswer<T> {
  return {
    Code: 200,
    Message: 'successful',
    Success: true,
    Data: data,
    Trace: about.trace,
    Server: about.server,
    Cost: about.costMs,
  };
}

/** The same without a cluster of proxies: everything that is declared. A proxy of a cluster that is still to be made asks for no more. */
export function anyConfigUrl(publicUrl: string): string {
  return `${publicUrl}/services?Action=GetObProxyConfig&User_ID=alibaba&UID=admin`;
}

/** What OBProxy appends, literally, when it only wants to know whether something has changed (4.3.1, observed). */
export function versionOnlyUrl(configUrl: string): string {
  return `${configUrl}&VersionOnly=true`;
}

/**
 * URL for `obproxy_config_server_url` of a proxy cluster. It must hold a `?` already: OBProxy appends
 * `&VersionOnly=true` as plain text. `publicUrl` has no trailing slash.
 */
export function obproxyConfigUrl(publicUrl: string, obproxyClusterName: string): string {
  const name = encodeURIComponent(obproxyClusterName);
  return `${publicUrl}/services?Action=GetObProxyConfig&User_ID=alibaba&UID=admin&ObproxyClusterName=${name}`;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parsedJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Why a proxy could not work by these two answers of a config server, or undefined when it can: the whole document and the
 * one of VersionOnly. `clusterNames` are those that the proxy is linked to.
 */
export function configAnswerFault(
  heard: { readonly whole: string; readonly versionOnly: string },
  publicUrl: string,
  clusterNames: readonly string[],
): Text | undefined {
  const whole = parsedJson(heard.whole);
  const data = fieldsOf(whole?.Data);
  const version = fieldsOf(parsedJson(heard.versionOnly)?.Data).Version;
  const listed = data.ObRootServiceInfoUrlList;
  if (
    whole === undefined ||
    whole.Message !== 'successful' ||
    whole.Success !== true ||
    typeof data.Version !== 'string' ||
    !Array.isArray(listed)
  ) {
    const begins = heard.whole.trim().replace(/\s+/g, ' ').slice(0, 80);
    return say('url.otherServer', { begins });
  }
  // The whole contents are in the MD5.
  if (data.Version === obproxyConfig(publicUrl, clusterNames).Version && version === data.Version) {
    return undefined;
  }
  if (version !== data.Version) {
    return say('url.several', {
      versionOnly: String(version).slice(0, 40),
      whole: data.Version.slice(0, 40),
    });
  }
  const urls = new Map(
    listed.map(fieldsOf).map((item) => [String(item.ObRegion), String(item.ObRootServiceInfoUrl)]),
  );
  const unlisted = clusterNames.filter((name) => !urls.has(name));
  if (unlisted.length > 0) {
    return say('url.unlisted', { names: unlisted.join(', ') });
  }
  const elsewhere = clusterNames
    .map((name) => urls.get(name) ?? '')
    .find((url) => !url.startsWith(`${publicUrl}/services?`));
  if (elsewhere === undefined) return undefined;
  return say('url.elsewhere', { elsewhere: originOf(elsewhere), url: publicUrl });
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url.slice(0, 100);
}

/** URL under which a proxy asks for the root servers of one OceanBase cluster, and its observers tell them. */
export function rootServiceInfoUrl(publicUrl: string, clusterName: string): string {
  const name = encodeURIComponent(clusterName);
  return `${publicUrl}/services?Action=ObRootServiceInfo&User_ID=alibaba&UID=admin&ObRegion=${name}`;
}

/**
 * Answer of GetObProxyConfig for one proxy cluster. Version is the MD5 of the other contents, so it changes exactly
 * when they do; OBProxy reads the full answer again only then. `***` stands for a meta database we do not have:
 * the keys must be present and not empty. An empty list is refused by OBProxy, which then keeps its former one.
 */
export function obproxyConfig(publicUrl: string, clusterNames: readonly string[]): ObproxyConfigData {
  const contents = {
    ObProxyBinUrl: `${publicUrl}/services?Action=GetObProxy`,
    ObProxyDatabaseInfo: { DataBase: '***', MetaDataBase: '***', User: '***', Password: '***' },
    ObRootServiceInfoUrlList: [...clusterNames].sort().map((name) => ({
      ObRegion: name,
      ObRootServiceInfoUrl: rootServiceInfoUrl(publicUrl, name),
    })),
  };
  return { ...contents, Version: createHash('md5').update(JSON.stringify(contents)).digest('hex') };
}

/** Answer of GetObProxyConfig&VersionOnly=true. */
export function obproxyConfigVersion(
  publicUrl: string,
  clusterNames: readonly string[],
): { Version: string } {
  return { Version: obproxyConfig(publicUrl, clusterNames).Version };
}

/**
 * Answer of ObRootServiceInfo. Who leads is not known to the inventory; OBProxy finds it, a list of followers is
 * accepted. `now` is in milliseconds since 1970.
 */
export function rootServiceInfo(cluster: ConfigServerCluster, now: number): RootServiceInfoData {
  return {
    ObClusterId: cluster.obClusterId,
    ObRegionId: cluster.obClusterId,
    ObCluster: cluster.name,
    ObRegion: cluster.name,
    Type: cluster.type,
    timestamp: now * 1000,
    RsList: cluster.rootServers.map((server) => ({
      address: addressText(server.ip, server.rpcPort),
      role: 'FOLLOWER',
      sql_port: server.sqlPort,
    })),
    ReadonlyRsList: [],
  };
}

/** Answer of ObIDCRegionInfo: which IDC lies in which region. */
export function idcRegionInfo(
  cluster: { readonly name: string; readonly obClusterId: number },
  idcs: readonly { readonly idc: string; readonly region: string }[],
): IdcRegionData {
  return {
    ObRegion: cluster.name,
    ObRegionId: cluster.obClusterId,
    IDCList: idcs.map(({ idc, region }) => ({ idc, region })),
    ReadonlyRsList: [],
  };
}
