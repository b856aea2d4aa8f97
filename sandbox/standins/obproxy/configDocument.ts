/** What OBProxy 4.3.1 accepts from a config server (observed): stricter than the answer looks. */
import { isIP } from 'node:net';
import { addressText, parseAddress } from '../../../runtime/addressText';
import type { Cluster } from './admin';

export interface ConfigDocument {
  readonly version: string;
  readonly clusters: readonly Cluster[];
  /** Address the meta database's root servers are asked at, once a second while enable_metadb_used is true. */
  readonly metaDataBase: string;
}

type Json = Record<string, unknown>;

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function filled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parse(body: string): Json | undefined {
  try {
    return object(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** Version of an answer to VersionOnly=true: only Data is looked at. A number, '' or 200 characters are no version. */
export function versionOf(body: string): string | undefined {
  const version = object(parse(body)?.Data)?.Version;
  return filled(version) && version.length < 200 ? version : undefined;
}

/** Data of an envelope: Message exactly `successful`, Success true, Code a number 2xx. */
function dataOf(body: string): unknown {
  const envelope = parse(body);
  const code = envelope?.Code;
  const good =
    envelope?.Message === 'successful' &&
    envelope.Success === true &&
    typeof code === 'number' &&
    Math.floor(code / 100) === 2;
  return good ? envelope.Data : undefined;
}

/**
 * Answer of Action=GetObProxyConfig. One missing field rejects the whole: ObProxyBinUrl, all of ObProxyDatabaseInfo
 * (`***` will do), at least one cluster with ObRegion (not ObCluster) and ObRootServiceInfoUrl.
 */
export function configDocument(body: string): ConfigDocument | undefined {
  const data = object(dataOf(body));
  const version = versionOf(body);
  const meta = object(data?.ObProxyDatabaseInfo);
  if (data === undefined || version === undefined || meta === undefined) return undefined;
  if (typeof data.ObProxyBinUrl !== 'string') return undefined;
  if (![meta.DataBase, meta.MetaDataBase, meta.User, meta.Password].every(filled)) return undefined;
  const list = templated(data) ?? data.ObRootServiceInfoUrlList;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const clusters: Cluster[] = [];
  for (const item of list) {
    const entry = object(item);
    if (!filled(entry?.ObRegion) || !filled(entry.ObRootServiceInfoUrl)) return undefined;
    clusters.push({ name: entry.ObRegion, rootServiceUrl: entry.ObRootServiceInfoUrl });
  }
  return { version, clusters, metaDataBase: String(meta.MetaDataBase) };
}

/** The other form, Action=GetObRootServiceInfoUrlTemplate: names and one address with `${ObRegion}`. */
function templated(data: Json): unknown[] | undefined {
  const template = data.ObRootServiceInfoUrlTemplate;
  if (!filled(template) || !Array.isArray(data.ObClusterList)) return undefined;
  return data.ObClusterList.map((name) => ({
    ObRegion: name,
    ObRootServiceInfoUrl: template.replace(/\$\{Ob(Region|Cluster)\}/g, () =>
      encodeURIComponent(String(name)),
    ),
  }));
}

export interface RootServer {
  /** `ip:sql_port`; the port inside `address` is not used for SQL. */
  readonly sqlAddress: string;
  readonly role: string;
}

/** Answer of Action=ObRootServiceInfo for one cluster; one bad item rejects the whole list. Undefined when refused. */
export function rootServers(body: string, cluster: string): RootServer[] | undefined {
  const data = dataOf(body);
  const info = object(Array.isArray(data) ? data[0] : data);
  if (info?.ObRegion !== cluster && info?.ObCluster !== cluster) return undefined;
  if (!Array.isArray(info.RsList) || info.RsList.length === 0) return undefined;
  const servers: RootServer[] = [];
  for (const item of info.RsList) {
    const server = object(item);
    const host = parseAddress(String(server?.address))?.host ?? '';
    if (isIP(host) === 0 || !filled(server?.role) || typeof server.sql_port !== 'number') return undefined;
    servers.push({ sqlAddress: addressText(host, server.sql_port), role: server.role });
  }
  return servers;
}
