/**
 * Versions of OBProxy and OceanBase: dotted numbers, compared number by number (`4.10` is newer than `4.9`).
 * A release may follow after a hyphen (`1.9.1.1-1919579`); only its leading number counts.
 */

/** How a proxy is configured before its first start; see proxyConfigDb.ts and commandLine.ts. */
export type ObproxyFamily = 'before-4.0' | '4.0' | '4.1+';

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. Missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [versionA = '', releaseA = ''] = a.split('-', 2);
  const [versionB = '', releaseB = ''] = b.split('-', 2);
  const left = numbers(versionA);
  const right = numbers(versionB);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (releaseA === '' || releaseB === '') return 0;
  return (Number.parseInt(releaseA, 10) || 0) - (Number.parseInt(releaseB, 10) || 0);
}

export function isAtLeast(version: string, minimum: string): boolean {
  return compareVersions(version, minimum) >= 0;
}

/**
 * `4.1+` reads etc/proxyconfig_v1.db before its first start; `4.0` and older take their first configuration from
 * options; from 4.0 on passwords of proxyro are kept per cluster (OBProxy source and 4.3.1, observed).
 */
export function obproxyFamily(version: string): ObproxyFamily {
  if (isAtLeast(version, '4.1')) return '4.1+';
  return isAtLeast(version, '4.0') ? '4.0' : 'before-4.0';
}

/** Two proxies of one cluster are both before 4.0 or both from it on (OCP documentation, "Take over an OBProxy"). */
export function sameFamily(a: string, b: string): boolean {
  return isAtLeast(a, '4.0') === isAtLeast(b, '4.0');
}

/** Whether the proxy opens an RPC port (2885 unless told otherwise): from 4.3.0 on. */
export function hasRpcPort(version: string): boolean {
  return isAtLeast(version, '4.3');
}
