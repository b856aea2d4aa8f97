/** Options of an observer's first start (oceanbase source: src/observer/main.cpp; obd start.py). */
import { addressText } from '../runtime/addressText';
import { say } from '../runtime/messages/catalogue';
import type { Text } from '../workflows/text';
import type { ObserverLayout } from './observerLayout';
import type { ParameterValue } from './parameters';
import { isAtLeast } from './versions';

export interface ObserverStart {
  readonly version: string;
  readonly zone: string;
  readonly ip: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly layout: ObserverLayout;
  readonly rootServers: readonly {
    readonly ip: string;
    readonly rpcPort: number;
    readonly sqlPort: number;
  }[];
  /** The device that has the address; needed before 4.2, which has no -I. */
  readonly device?: string;
  readonly parameters: readonly ParameterValue[];
}

/** Parameters that have their own option or place, with that place. */
const OWNED: ReadonlyMap<string, string> = new Map([
  ['zone', 'zoneName'],
  ['cluster', 'the cluster'],
  ['cluster_id', 'the cluster'],
  ['mysql_port', 'sqlPort'],
  ['rpc_port', 'rpcPort'],
  ['devname', 'the host'],
  ['local_ip', 'the host'],
  ['data_dir', 'the directories of OCP'],
  ['config_additional_dir', 'the directories of OCP'],
  ['rootservice_list', 'the cluster'],
  ['obconfig_url', 'the cluster'],
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Why this cannot be a startup parameter of an observer, or undefined. */
export function observerNameFault(name: string): Text | undefined {
  if (!NAME.test(name)) return say('must.parameterName');
  const owner = OWNED.get(name.toLowerCase());
  return owner === undefined ? undefined : say('is.owned', { owner });
}

/** Why this value cannot stand in -o, where a comma separates parameters; undefined when it can. */
export function observerValueFault(value: string): Text | undefined {
  if (value === '') return say('must.notBeEmpty');
  if (value.includes(',')) return say('must.notHoldComma');
  if (/['"`\\\s\p{Cc}]/u.test(value)) return say('must.notHoldSpecials');
  if (Buffer.byteLength(value) > 1024) return say('must.bytesAtMost', { limit: 1024 });
  return undefined;
}

/** `ip:rpc:sql;ip:rpc:sql`, the value of -r; one server a zone is enough. */
export function rootServerOption(servers: ObserverStart['rootServers']): string {
  return servers.map(({ ip, rpcPort, sqlPort }) => addressText(ip, rpcPort, sqlPort)).join(';');
}

/** Whether the observer takes its address by -I; before, it takes the first address of the device given by -i. */
export function takesLocalIp(version: string): boolean {
  return isAtLeast(version, '4.2');
}

/**
 * The arguments of the first start, without the program. -r names the root servers with both ports: a new observer
 * finds its cluster by nothing else. Throws RangeError when a device is needed and not given, or no root server is known.
 */
export function observerArguments(start: ObserverStart): string[] {
  if (start.rootServers.length === 0) throw new RangeError('no root server is known');
  if (!takesLocalIp(start.version) && start.device === undefined) {
    throw new RangeError(`OceanBase ${start.version} needs the name of the network device`);
  }
  const place = takesLocalIp(start.version) ? ['-I', start.ip] : ['-i', start.device ?? ''];
  const options = [
    ...start.parameters.map(({ name, value }) => `${name}=${value}`),
    `config_additional_dir=${start.layout.configCopies.join(';')}`,
  ];
  return [
    ['-z', start.zone],
    ['-p', String(start.sqlPort)],
    ['-P', String(start.rpcPort)],
    ['-n', start.clusterName],
    ['-c', String(start.obClusterId)],
    ['-d', start.layout.store],
    place,
    ['-r', rootServerOption(start.rootServers)],
    ['-l', 'INFO'],
    ['-o', options.join(',')],
  ].flat();
}
