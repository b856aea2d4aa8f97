/** Where an observer keeps its things, by version (OCP's defaults: data disk /data/1, log disk /data/log1). */
import { isAtLeast } from './versions';

/** OCP's defaults (OCP documentation, "Create a cluster": obDataDiskPath, obLogDiskPath). */
export const DATA_DISK = '/data/1';
export const LOG_DISK = '/data/log1';
/** The user observers run as; OCP before 4.2 knows no other. */
export const RUN_USER = 'admin';

export interface ObserverLayout {
  /** Home of the package: bin, lib, and etc, log, run that the observer makes there. */
  readonly home: string;
  /** Value of -d: holds nothing but links. */
  readonly store: string;
  /** The cluster's folder on the data disk and on the log disk; they carry our mark. */
  readonly roots: readonly [string, string];
  /** Folders that must be empty before the first start, below the roots. */
  readonly folders: readonly string[];
  /** Links in the store: path and what it points to. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Copies of etc/observer.config.bin are kept there (config_additional_dir). */
  readonly configCopies: readonly [string, string];
}

const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/**
 * The folders of an observer. 4.x keeps slog on the data disk and has no ilog; 2.x and 3.x keep clog, ilog and slog on
 * the log disk. Throws RangeError for a cluster name that cannot be a folder.
 */
export function observerLayout(version: string, home: string, clusterName: string): ObserverLayout {
  if (!CLUSTER_NAME.test(clusterName))
    throw new RangeError('this cluster name cannot be the name of a folder');
  const data = `${DATA_DISK}/${clusterName}`;
  const log = `${LOG_DISK}/${clusterName}`;
  const store = `${home}/store/${clusterName}`;
  const is4 = isAtLeast(version, '4.0');
  const onData = is4 ? ['sstable', 'slog', 'etc3'] : ['sstable', 'etc3'];
  const onLog = is4 ? ['clog', 'etc2'] : ['clog', 'ilog', 'slog', 'etc2'];
  const all = [
    ...onData.map((name) => ({ name, path: `${data}/${name}` })),
    ...onLog.map((name) => ({ name, path: `${log}/${name}` })),
  ];
  return {
    home,
    store,
    roots: [data, log],
    folders: all.map(({ path }) => path),
    links: all.map(({ name, path }) => ({ path: `${store}/${name}`, target: path })),
    configCopies: [`${data}/etc3`, `${log}/etc2`],
  };
}
