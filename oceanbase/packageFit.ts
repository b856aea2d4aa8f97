/** Whether a package fits a host: architecture, and the dist tag against the host's own family of systems. */

export interface HostSystem {
  /** `uname -m`; null when not known yet. */
  readonly architecture: string | null;
  /** ID of /etc/os-release. */
  readonly osId: string | null;
  /** ID_LIKE words, separated by blanks. */
  readonly osLike: string | null;
  readonly osMajor: string | null;
}

/** `refuse`: the package cannot run there. `note`: worth a line in the log, nothing more. */
export interface PackageFit {
  readonly verdict: 'refuse' | 'note';
  readonly text: string;
}

const ENTERPRISE_LINUX: ReadonlySet<string> = new Set([
  'rhel',
  'centos',
  'rocky',
  'almalinux',
  'ol',
  'scientific',
]);
const SAME_ARCHITECTURE: ReadonlyMap<string, string> = new Map([
  ['amd64', 'x86_64'],
  ['arm64', 'aarch64'],
]);

function architecture(name: string): string {
  return SAME_ARCHITECTURE.get(name) ?? name;
}

function isEnterpriseLinux(host: HostSystem): boolean {
  if (host.osId !== null && ENTERPRISE_LINUX.has(host.osId)) return true;
  return (host.osLike ?? '').split(/\s+/).some((word) => word === 'rhel' || word === 'centos');
}

/**
 * Undefined when the package fits, or nothing is known of the host yet. An el7 package on an el8 host is refused; a
 * host of another family (its libraries may fit all the same) is only noted.
 */
export function packageFit(
  part: { readonly architecture: string; readonly operatingSystem: string | null },
  host: HostSystem,
): PackageFit | undefined {
  if (host.architecture !== null && part.architecture !== 'noarch') {
    if (architecture(part.architecture) !== architecture(host.architecture)) {
      return {
        verdict: 'refuse',
        text: `the package is for ${part.architecture}, the host is ${host.architecture}`,
      };
    }
  }
  const dist = /^el(\d+)/.exec(part.operatingSystem ?? '')?.[1];
  if (dist === undefined || host.osId === null || host.osId === '') return undefined;
  const system = `${host.osId} ${host.osMajor ?? ''}`.trim();
  if (!isEnterpriseLinux(host)) {
    return { verdict: 'note', text: `the package is built for el${dist}, the host runs ${system}` };
  }
  if (host.osMajor !== null && host.osMajor !== '' && host.osMajor !== dist) {
    return { verdict: 'refuse', text: `the package is built for el${dist}, the host runs ${system}` };
  }
  return undefined;
}
