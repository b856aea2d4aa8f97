/**
 * Which OBProxy this stand-in claims to be. The build writes `globalThis.__OBPROXY_STANDIN__ = {…}` in front of the
 * bundle, so that one bundle serves every version; behaviour that depends on the version asks here.
 */
export interface Identity {
  /** Dotted version, e.g. `4.3.1.0`. */
  readonly version: string;
  /** Release with or without its dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  /** A shared library that is found by LD_LIBRARY_PATH only; without it the program does not even begin. */
  readonly library?: string;
  /** What goes wrong in a process that a hot restart starts; see faults.ts. */
  readonly whenInherited?: string;
}

declare global {
  var __OBPROXY_STANDIN__: Identity | undefined;
}

export function identity(): Identity {
  return globalThis.__OBPROXY_STANDIN__ ?? { version: '4.3.1.0', release: '1' };
}

/** Whether the version is at least the given one; missing parts count as 0. */
export function atLeast(version: string, ...wanted: number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, want] of wanted.entries()) {
    const have = parts[index] ?? 0;
    if (have !== want) return have > want;
  }
  return true;
}

/** Differences between versions that the stand-in imitates. */
export interface Traits {
  /** `-l prometheus port` exists; 1.x and 2.x know it only as `-o prometheus_listen_port=…` (obd's start scripts). */
  readonly hasMetricsPortOption: boolean;
  /** `-s rpc port` and the rpc listener exist (4.0). */
  readonly hasRpcPort: boolean;
  /** Table proxy_config with levels exists (4.0). */
  readonly hasConfigTable: boolean;
  /** Configuration lives in etc/proxyconfig_v1.db rather than etc/obproxy_config.bin (4.1). */
  readonly storesInDatabase: boolean;
  /** A hot restart hands on the rpc port, too; a process before 4.3 leaves it to its child to open one anew (source). */
  readonly handsOnRpcPort: boolean;
  /** proxy_local_cmd knows 3 (offline) and 4 (online); 3.1 and 4.0 have the range [0,2] (source). */
  readonly goesOffline: boolean;
  /** The administrator may log in from any address unless told otherwise (before 4.0). */
  readonly skipsPrivateCheck: boolean;
  /** The built-in administrator password is not empty and nobody knows it (4.3). */
  readonly hasUnknownDefaultPassword: boolean;
}

export function traits(version: string): Traits {
  return {
    hasMetricsPortOption: atLeast(version, 3),
    hasRpcPort: atLeast(version, 4),
    hasConfigTable: atLeast(version, 4),
    storesInDatabase: atLeast(version, 4, 1),
    handsOnRpcPort: atLeast(version, 4, 3),
    goesOffline: atLeast(version, 4, 3),
    skipsPrivateCheck: !atLeast(version, 4),
    hasUnknownDefaultPassword: atLeast(version, 4, 3),
  };
}
