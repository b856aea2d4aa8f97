/** Names of RPM packages: `name-version-release.arch.rpm`, where the name itself may hold hyphens. */
import { compareVersions } from './versions';

export interface PackageName {
  /** `obproxy` or `obproxy-ce`. */
  readonly name: string;
  readonly version: string;
  /** With dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  /** Dist tag of the release, e.g. `el7`; undefined without one. */
  readonly dist: string | undefined;
  readonly arch: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._+~^]*$/;
const ARCH = /^[A-Za-z0-9][A-Za-z0-9_]*$/;
const DIST = /^(.+?)\.([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z][A-Za-z0-9_]*)*)$/;

/** `1919579.el7` → number `1919579`, dist `el7`. A release without a dist tag is all number. */
export function splitRelease(release: string): { number: string; dist: string | undefined } {
  const match = DIST.exec(release);
  if (match?.[1] === undefined) return { number: release, dist: undefined };
  return { number: match[1], dist: match[2] };
}

/**
 * Parses a package's file name from the right: `.rpm`, arch after the last dot, release after the last hyphen,
 * version after the one before. Undefined for anything else (a path, a missing part, odd characters).
 */
export function parsePackageName(fileName: string): PackageName | undefined {
  if (fileName.length > 255 || !fileName.endsWith('.rpm')) return undefined;
  const stem = fileName.slice(0, -'.rpm'.length);
  const dot = stem.lastIndexOf('.');
  const arch = stem.slice(dot + 1);
  const rest = stem.slice(0, Math.max(dot, 0));
  const releaseAt = rest.lastIndexOf('-');
  const versionAt = rest.lastIndexOf('-', releaseAt - 1);
  if (dot < 1 || releaseAt < 1 || versionAt < 1) return undefined;
  const name = rest.slice(0, versionAt);
  const version = rest.slice(versionAt + 1, releaseAt);
  const release = rest.slice(releaseAt + 1);
  if (!NAME.test(name) || !WORD.test(version) || !WORD.test(release) || !ARCH.test(arch)) return undefined;
  return { name, version, release, dist: splitRelease(release).dist, arch };
}

/** The file name of a package as its header says: `name-version-release.arch.rpm`. */
export function packageFileName(part: {
  name: string;
  version: string;
  release: string;
  arch: string;
}): string {
  return `${part.name}-${part.version}-${part.release}.${part.arch}.rpm`;
}

/** What OCP calls a version: without dist tag, e.g. `1.9.1.1-1919579`. */
export function versionRelease(part: { version: string; release: string }): string {
  return `${part.version}-${splitRelease(part.release).number}`;
}

/** Order of two packages of one name by version, then by the release's number. */
export function comparePackages(
  a: { version: string; release: string },
  b: { version: string; release: string },
): number {
  return compareVersions(versionRelease(a), versionRelease(b));
}
