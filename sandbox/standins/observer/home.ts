/** What an observer finds and leaves on disk: configuration, pid file, data and log directories. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { addressText, parseAddress } from '../../../runtime/addressText';
import { replaceFile } from '../files';
import type { Log } from '../obproxy/log';
import { observerTraits } from './edition';

/** Thrown when the real one would end with a line in log/observer.log; the launcher has long said 0. */
export class Died extends Error {}

const CONFIG = 'etc/observer.config.bin';
/** In each folder of config_additional_dir (oceanbase:src/share/config/ob_config_manager). */
const CONFIG_COPY = 'observer.conf.bin';
const MAGIC = 'OBSERVER-STANDIN-CONFIG\0';

const DEFAULTS: Readonly<Record<string, string>> = {
  mysql_port: '2881',
  rpc_port: '2882',
  cluster: 'obcluster',
  data_dir: 'store',
  // The built-in device name; a host without it must be told by -i or -I.
  devname: 'bond0',
  config_additional_dir: 'etc2;etc3',
};

export type Config = ReadonlyMap<string, string>;

function readStored(home: string): Map<string, string> {
  const text = readFileSync(path.join(home, CONFIG), 'utf8');
  if (!text.startsWith(MAGIC)) throw new Died('invalid etc/observer.config.bin, ret=-4016');
  return new Map(Object.entries(JSON.parse(text.slice(MAGIC.length)) as Record<string, string>));
}

/**
 * The first start needs its options, later ones none: command line over stored values over defaults.
 * `first` is true when no configuration was stored. Throws Died.
 */
export function configure(home: string, given: Config): { config: Config; first: boolean } {
  const first = !existsSync(path.join(home, CONFIG));
  const config = new Map([...Object.entries(DEFAULTS), ...(first ? [] : readStored(home)), ...given]);
  const missing = ['zone', 'cluster_id', 'rootservice_list'].filter((name) => !config.has(name));
  if (config.has('obconfig_url') && missing.includes('rootservice_list'))
    throw new Died('obconfig_url is not imitated by this stand-in, give -r, ret=-4007');
  if (missing.length > 0) throw new Died(`invalid config, not set: ${missing.join(', ')}, ret=-4147`);
  rootServers(config);
  return { config, first };
}

/** `-r ip:rpc:sql;ip:rpc:sql` as `ip:rpc`. Throws Died when a part has another shape. */
export function rootServers(config: Config): string[] {
  return (config.get('rootservice_list') ?? '')
    .split(/[;,]/)
    .filter((part) => part !== '')
    .map((part) => {
      const address = parseAddress(part.trim());
      const [rpcPort, sqlPort] = address?.ports ?? [];
      if (address === undefined || isIP(address.host) === 0 || rpcPort === undefined || sqlPort === undefined)
        throw new Died(`invalid rootservice_list "${part}", wanted ip:rpc_port:sql_port, ret=-4147`);
      return addressText(address.host, rpcPort);
    });
}

/** Writes etc/observer.config.bin and its copies; a copy that cannot be written is only logged. */
export function storeConfig(home: string, config: Config, log: Log): void {
  const content = MAGIC + JSON.stringify(Object.fromEntries(config));
  try {
    replaceFile(path.join(home, CONFIG), content);
  } catch {
    throw new Died(`fail to write ${CONFIG}, ret=-4009`);
  }
  for (const folder of (config.get('config_additional_dir') ?? '').split(';').filter(Boolean)) {
    try {
      mkdirSync(path.resolve(home, folder), { recursive: true });
      replaceFile(path.resolve(home, folder, CONFIG_COPY), content);
    } catch {
      log.write('WARN', `cannot write a copy of the configuration to ${folder}`);
    }
  }
}

/** The address this server is known by: -I, else the IPv4 address of the device of -i. Throws Died. */
export function ownAddress(config: Config): string {
  const wanted = config.get('local_ip');
  const devices = networkInterfaces();
  const found = (names: readonly string[]): string[] =>
    names
      .flatMap((name) => (devices[name] ?? []).filter(({ family }) => family === 'IPv4'))
      .map(({ address }) => address);
  if (wanted !== undefined) {
    if (wanted.startsWith('127.') || found(Object.keys(devices)).includes(wanted)) return wanted;
    throw new Died(`local_ip ${wanted} is not an address of this machine, ret=-4147`);
  }
  const device = config.get('devname') ?? '';
  const address = found([device])[0];
  if (address === undefined)
    throw new Died(`get local address by devname failed, devname="${device}", ret=-4000`);
  return address;
}

export interface DataDirectories {
  /** Where the server keeps what must survive a restart. */
  readonly clusterFile: string;
  readonly memberFile: string;
}

/**
 * The folders of the data directory must be there, and empty at the first start (OceanBase documentation, "add a node":
 * clog and ilog empty; observed as a server that does not come up). Throws Died.
 */
export function openData(home: string, config: Config, first: boolean, version: string): DataDirectories {
  const root = path.resolve(home, config.get('data_dir') ?? 'store');
  for (const name of observerTraits(version).dataFolders) checkFolder(path.join(root, name), first);
  return {
    clusterFile: path.join(root, 'sstable/cluster.standin'),
    memberFile: path.join(root, 'sstable/member.standin'),
  };
}

function checkFolder(folder: string, mustBeEmpty: boolean): void {
  let entries: string[];
  try {
    if (!statSync(folder).isDirectory()) throw new Error('no directory');
    entries = readdirSync(folder);
  } catch {
    throw new Died(`data directory ${folder} does not exist or cannot be read, ret=-4027`);
  }
  if (mustBeEmpty && entries.length > 0)
    throw new Died(`data directory ${folder} is not empty, fail to start a new server, ret=-4016`);
  if (!mustBeEmpty) return;
  try {
    writeFileSync(path.join(folder, '.probe'), '', { flag: 'wx' });
    rmSync(path.join(folder, '.probe'));
  } catch {
    throw new Died(`no permission to write to data directory ${folder}, ret=-4009`);
  }
}

/** The files that make a data directory one of a server; where they lie differs by version as the folders do. */
export function fillData(home: string, config: Config, version: string): void {
  const root = path.resolve(home, config.get('data_dir') ?? 'store');
  for (const name of observerTraits(version).dataFolders) {
    const file = path.join(root, name, name === 'sstable' ? 'block_file' : '1');
    if (!existsSync(file)) writeFileSync(file, 'data of a stand-in, not of OceanBase\n');
  }
}
