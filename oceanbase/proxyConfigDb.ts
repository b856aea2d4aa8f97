/**
 * The configuration of an OBProxy ≥ 4.1 before its first start: etc/proxyconfig_v1.db. With it the proxy is started
 * without any option, so no secret ever stands in an argument list, an environment or its log (OBProxy 4.3.1,
 * observed: missing tables and defaults are filled in at start, the file's mode is kept).
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { addressText } from '../runtime/addressText';
import type { ParameterValue } from './parameters';
import { sha1Hex } from './passwords';
import { type StoredItem, WHOLE_PROXY } from './storedItems';

/** Where the proxy learns of OceanBase: the one cluster's root servers, or the config server's address. */
export type ObproxySource =
  | {
      readonly mode: 'RS_LIST';
      readonly clusterName: string;
      readonly rootServers: readonly { readonly ip: string; readonly sqlPort: number }[];
    }
  | { readonly mode: 'CONFIG_URL'; readonly url: string };

export interface FirstConfiguration {
  readonly appName: string;
  readonly sqlPort: number;
  readonly exporterPort: number;
  readonly rpcPort: number | null;
  readonly source: ObproxySource;
  /** Plain password of root@proxysys; only its SHA-1 is written. */
  readonly proxysysPassword: string;
  /** Startup and plain parameters of the cluster. */
  readonly parameters: readonly ParameterValue[];
}

const SCHEMA = `CREATE TABLE proxy_config(
  vid int NOT NULL default -1,
  vip varchar(100) NOT NULL default '',
  vport int NOT NULL default 0,
  tenant_name varchar(128) collate nocase NOT NULL default '',
  cluster_name varchar(260) collate nocase NOT NULL default '',
  name varchar(130) collate nocase NOT NULL,
  value varchar(4100) NOT NULL,
  info varchar(1024),
  range varchar(64),
  need_reboot bool,
  visible_level varchar(20),
  config_level varchar(20) NOT NULL,
  primary key(vid, vip, vport, tenant_name, cluster_name, name))`;

/** `ip:sqlPort;ip:sqlPort`, the form of -r and of rootservice_list. */
export function rootServiceList(
  servers: readonly { readonly ip: string; readonly sqlPort: number }[],
): string {
  return servers.map(({ ip, sqlPort }) => addressText(ip, sqlPort)).join(';');
}

/**
 * The items that tell a proxy where OceanBase is. enable_metadb_used is true by default and makes the proxy ask for
 * a meta database once a second, for ever; it needs a restart, so it is set from the first start on.
 */
function sourceItems(source: ObproxySource): ParameterValue[] {
  const place =
    source.mode === 'RS_LIST'
      ? [
          { name: 'rootservice_list', value: rootServiceList(source.rootServers) },
          { name: 'rootservice_cluster_name', value: source.clusterName },
        ]
      : [{ name: 'obproxy_config_server_url', value: source.url }];
  return [...place, { name: 'enable_metadb_used', value: 'False' }];
}

/** All rows of the first configuration; a wished parameter wins over the items of the source. */
function firstItems(configuration: FirstConfiguration): ParameterValue[] {
  const items = new Map<string, string>();
  for (const { name, value } of [...sourceItems(configuration.source), ...configuration.parameters]) {
    items.set(name.toLowerCase(), value);
  }
  items.set('listen_port', String(configuration.sqlPort));
  items.set('prometheus_listen_port', String(configuration.exporterPort));
  if (configuration.rpcPort !== null) items.set('rpc_listen_port', String(configuration.rpcPort));
  items.set('app_name', configuration.appName);
  items.set('obproxy_sys_password', sha1Hex(configuration.proxysysPassword));
  return [...items].map(([name, value]) => ({ name, value }));
}

/** The file etc/proxyconfig_v1.db for this configuration. */
export function proxyConfigDatabase(configuration: FirstConfiguration): Promise<Buffer> {
  return configDatabase(firstItems(configuration).map((item) => ({ ...item, ...WHOLE_PROXY })));
}

/** The same of what a proxy before 4.1 has stored elsewhere. */
export function storedConfigDatabase(items: readonly StoredItem[]): Promise<Buffer> {
  return configDatabase(items);
}

/** The file is made in a private temporary folder of this machine and removed again. */
async function configDatabase(items: readonly StoredItem[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'obflow-proxyconfig-'));
  try {
    await chmod(folder, 0o700);
    const path = join(folder, 'proxyconfig_v1.db');
    await writeFile(path, '', { mode: 0o600 });
    const database = new Database(path);
    try {
      // One plain file, no -wal beside it: only this file travels to the host.
      database.pragma('journal_mode = DELETE');
      database.exec(SCHEMA);
      const insert = database.prepare(
        `INSERT INTO proxy_config(name, value, config_level, cluster_name, tenant_name, vid, vip, vport)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const item of items) {
        const { name, value, level, clusterName, tenantName, vid, vip, vport } = item;
        insert.run(name, value, level, clusterName, tenantName, vid, vip, vport);
      }
    } finally {
      database.close();
    }
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
