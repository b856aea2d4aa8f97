/** Options of the first start of an OBProxy < 4.1, which takes its first configuration from nothing else. */
import type { ParameterValue } from './parameters';
import { type ObproxySource, rootServiceList } from './proxyConfigDb';
import { obproxyFamily } from './versions';

export interface FirstStart {
  readonly version: string;
  readonly appName: string;
  readonly sqlPort: number;
  readonly exporterPort: number;
  readonly rpcPort: number | null;
  readonly source: ObproxySource;
  /**
   * SHA-1 of a password that is replaced right after the start: options stay readable in ps for the life of the
   * process, so the lasting password never stands there. -o takes the hash, a plain one would never match.
   */
  readonly oneTimePasswordSha1: string;
  readonly parameters: readonly ParameterValue[];
}

/**
 * Why a value cannot stand in -o: a comma always separates, a single quote kills the start (pasted unescaped into SQL),
 * other quotes and backslashes do not survive. Undefined when it can. `;`, `=`, `&` and `?` are fine.
 */
export function optionFault(value: string): string | undefined {
  if (value.includes(',')) return 'holds a comma, which separates options of OBProxy before 4.1';
  if (/['"`\\\s]/.test(value)) return 'holds a quote, a backslash or a blank';
  return undefined;
}

/**
 * Parameters that cannot be given at the first start of this version (commas): they are set by SQL afterwards where
 * that takes effect at once. None for ≥ 4.1.
 */
export function notForOptions(version: string, parameters: readonly ParameterValue[]): ParameterValue[] {
  if (obproxyFamily(version) === '4.1+') return [];
  return parameters.filter(({ value }) => optionFault(value) !== undefined);
}

/**
 * The arguments of the first start, without the program; [] for ≥ 4.1, which reads its prepared configuration. Ports other
 * than the SQL port go by -o: versions 1.x and 2.x have neither -l nor -s.
 * @throws RangeError when a value of the source cannot be expressed (see optionFault).
 */
export function firstStartArguments(start: FirstStart): string[] {
  if (obproxyFamily(start.version) === '4.1+') return [];
  const items = new Map<string, string>();
  if (start.source.mode === 'CONFIG_URL') items.set('obproxy_config_server_url', start.source.url);
  items.set('enable_metadb_used', 'False');
  for (const { name, value } of start.parameters) {
    if (optionFault(value) === undefined) items.set(name.toLowerCase(), value);
  }
  items.set('prometheus_listen_port', String(start.exporterPort));
  if (start.rpcPort !== null) items.set('rpc_listen_port', String(start.rpcPort));
  items.set('obproxy_sys_password', start.oneTimePasswordSha1);
  const source =
    start.source.mode === 'RS_LIST'
      ? ['-r', rootServiceList(start.source.rootServers), '-c', start.source.clusterName]
      : [];
  const options = [...items].map(([name, value]) => `${name}=${value}`);
  const bad = [...items.values(), start.appName].find((value) => optionFault(value) !== undefined);
  if (bad !== undefined) throw new RangeError(`a value ${optionFault(bad)}`);
  return ['-p', String(start.sqlPort), '-n', start.appName, ...source, '-o', options.join(',')];
}
