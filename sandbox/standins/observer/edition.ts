/**
 * Which OceanBase the stand-in claims to be. The build writes `globalThis.__OBSERVER_STANDIN__ = {…}` in front of the
 * bundle, so that one bundle serves every version; behaviour that depends on the version asks here.
 */
import { atLeast } from '../obproxy/identity';

export interface ObserverIdentity {
  /** Name of the package: `oceanbase` is the enterprise edition. */
  readonly name: 'oceanbase' | 'oceanbase-ce';
  /** Dotted version, e.g. `4.2.1.2` or `2.2.77`. */
  readonly version: string;
  /** Release with or without its dist tag, e.g. `102000042023120514.el7`. */
  readonly release: string;
}

declare global {
  var __OBSERVER_STANDIN__: ObserverIdentity | undefined;
}

export function identity(): ObserverIdentity {
  return globalThis.__OBSERVER_STANDIN__ ?? { name: 'oceanbase-ce', version: '4.2.1.2', release: '1' };
}

/** Differences between versions that the stand-in imitates. */
export interface ObserverTraits {
  /** Views DBA_OB_SERVERS … with NULL times instead of bigint times in __all_server alone. */
  readonly hasViews: boolean;
  /** `-I local ip` exists (4.2; oceanbase:src/observer/main.cpp). */
  readonly hasLocalIp: boolean;
  /** Folders of the data directory; ilog went away with 4.0 (OCP documentation of directories). */
  readonly dataFolders: readonly string[];
  /** How far the clocks of servers may differ. */
  readonly clockToleranceMs: number;
}

export function observerTraits(version: string): ObserverTraits {
  const hasViews = atLeast(version, 4);
  return {
    hasViews,
    hasLocalIp: atLeast(version, 4, 2),
    dataFolders: ['sstable', 'clog', 'slog', ...(hasViews ? [] : ['ilog'])],
    clockToleranceMs: hasViews ? 2_000 : 200,
  };
}

/** `OceanBase_CE` since 4.0, `OceanBase CE` in 3.1; the enterprise edition is plain `OceanBase`. */
function productName({ name, version }: ObserverIdentity): string {
  if (name === 'oceanbase') return 'OceanBase';
  return atLeast(version, 4) ? 'OceanBase_CE' : 'OceanBase CE';
}

const REVISION = '0000000000000000000000000000000000000000';
const BUILT = 'Jan  1 2025 00:00:00';

function bareRelease(release: string): string {
  return release.split('.')[0] ?? release;
}

/** SHOW VARIABLES LIKE 'version_comment', with the word stand-in behind what the real one says. */
export function versionComment(who: ObserverIdentity): string {
  return `${productName(who)} ${who.version} (r${bareRelease(who.release)}-${REVISION}) (Built ${BUILT}) (stand-in)`;
}

/** SELECT version() and the greeting. */
export function serverVersion(who: ObserverIdentity): string {
  return `5.7.25-${productName(who).replace(' ', '_')}-v${who.version}`;
}

/** build_version of the server tables; the part before the first `_` is the version. */
export function buildVersion(who: ObserverIdentity): string {
  return `${who.version}_${bareRelease(who.release)}-${REVISION}(${BUILT})`;
}

/** What `observer -V` prints, to stderr (oceanbase:src/observer/main.cpp). */
export function versionText(who: ObserverIdentity): string {
  return [
    `observer (${productName(who)} ${who.version})`,
    '',
    `REVISION: ${bareRelease(who.release)}-${REVISION}`,
    'BUILD_BRANCH: HEAD',
    `BUILD_TIME: ${BUILT}`,
    'BUILD_FLAGS: STAND-IN FOR TESTS (not OceanBase software)',
    'BUILD_INFO: ',
    '',
  ].join('\n');
}
