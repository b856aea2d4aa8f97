/** Uploaded packages. */
import type { Page, PageRequest } from './paging';

export interface PackageRow {
  readonly id: number;
  /** name-version-release.arch.rpm as built from the header. */
  readonly fileName: string;
  readonly name: string;
  readonly version: string;
  /** With dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  readonly architecture: string;
  /** Dist tag of the release, e.g. `el7`; null without one. */
  readonly operatingSystem: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly type: string;
  /** Directory that holds bin/obproxy or bin/observer in the package; null for other packages. */
  readonly home: string | null;
  readonly createTime: string;
}

/** A cluster with servers made from a package, and how many these are. */
export interface PackageUse {
  readonly packageId: number;
  readonly kind: 'OBPROXY_CLUSTER' | 'OB_CLUSTER';
  readonly id: number;
  readonly name: string;
  readonly servers: number;
}

export interface Packages {
  /** Adds; throws DuplicateError when the file name exists with other content; returns the row when it exists with the same. */
  add(row: Omit<PackageRow, 'id' | 'createTime'>): Promise<PackageRow>;
  find(id: number): Promise<PackageRow | undefined>;
  findByFileName(fileName: string): Promise<PackageRow | undefined>;
  list(
    filter: {
      keyword?: string;
      type?: readonly string[];
      version?: readonly string[];
      operatingSystem?: readonly string[];
      architecture?: readonly string[];
    },
    page: PageRequest,
  ): Promise<Page<PackageRow>>;
  /** Ids of OBProxy servers made from it (running or being installed). */
  users(id: number): Promise<number[]>;
  /** Ids of observers made from it. */
  observers(id: number): Promise<number[]>;
  /** Which clusters have OBProxies or observers made from the packages, by name. */
  usedBy(ids: readonly number[]): Promise<PackageUse[]>;
  delete(id: number): Promise<void>;
}
