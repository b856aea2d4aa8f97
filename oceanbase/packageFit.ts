import { say, type Text } from '../runtime/messages/catalogue';
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
  readonly text: Text;
}

/** The major of these is that of the Enterprise Linux they rebuild. */
const ENTERPRISE_LINUX: ReadonlySet<string> = new Set([
  'rhel',
  'redhat',
  'centos',
  'rocky',
  'almalinux',
  'ol',
  'oracle',
  'scientific',
  'eurolinux',
  'miraclelinux',
  'cloudlinux',
  'virtuozzo',
]);
/** Majors of Enterprise Linux that exist; a greater number is a version of something else. */
const EL_MAJORS: ReadonlySet<string> = new Set(['5', '6', '7', '8', '9', '10']);

/**
 * Which Enterprise Linux other systems are by their own major: their C library is its C library, so that packages of
 * another release do not run (OceanBase documentation, "Requirements for software and hardware"; obd's _mirror.py SUP_MAP
 * for alinux). A major that is missing here stands on no Enterprise Linux, as Amazon Linux 2023, Anolis 23 and
 * Alibaba Cloud Linux 4 do.
 */
const REBUILT_AS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(
  Object.entries({
    alinux: { '2': '7', '3': '8' },
    aliyun: { '2': '7', '3': '8' },
    alios: { '5': '5', '6': '6', '7': '7', '8': '8' },
    tencentos: { '2': '7', '3': '8' },
    tlinux: { '2': '7', '3': '8' },
    opencloudos: { '7': '7', '8': '8' },
    amzn: { '2': '7' },
    anolis: { '7': '7', '8': '8' },
    bclinux: { '7': '7', '8': '8' },
    ctyunos: {},
    kylin: {},
    openeuler: {},
    uos: {},
    uniontech: {},
  }),
);

/** PLATFORM_ID of os-release(5) where it is that of an Enterprise Linux, in osLike as facts put it there. */
const PLATFORM = /(?:^|\s)platform:el(\d+)(?:\s|$)/;

const SAME_ARCHITECTURE: ReadonlyMap<string, string> = new Map([
  ['amd64', 'x86_64'],
  ['arm64', 'aarch64'],
]);

function architecture(name: string): string {
  return SAME_ARCHITECTURE.get(name) ?? name;
}

/** The release of Enterprise Linux that a host is, or is rebuilt from; undefined when it is none, or which is not known. */
function enterpriseLinuxOf({ osId, osLike, osMajor }: HostSystem): string | undefined {
  const id = (osId ?? '').toLowerCase();
  const major = osMajor ?? '';
  const known = REBUILT_AS.get(id);
  const platform = PLATFORM.exec(osLike ?? '')?.[1];
  if (known !== undefined) return known[major] ?? platform;
  if (ENTERPRISE_LINUX.has(id)) return EL_MAJORS.has(major) ? major : undefined;
  // A stranger that says it is like them numbers itself as it likes.
  return platform;
}

/**
 * Undefined when the package fits, or nothing is known of the host yet. An el7 package on an el8 host is refused, also where
 * el8 goes by another name (Alibaba Cloud Linux 3, TencentOS 3, Anolis 8); a host of another family (Kylin, openEuler, UOS:
 * its libraries may fit all the same) is only noted.
 */
export function packageFit(
  part: { readonly architecture: string; readonly operatingSystem: string | null },
  host: HostSystem,
): PackageFit | undefined {
  if (host.architecture !== null && part.architecture !== 'noarch') {
    if (architecture(part.architecture) !== architecture(host.architecture)) {
      return {
        verdict: 'refuse',
        text: say('fit.architecture', { architecture: part.architecture, host: host.architecture }),
      };
    }
  }
  const dist = /^el(\d+)/.exec(part.operatingSystem ?? '')?.[1];
  if (dist === undefined || host.osId === null || host.osId === '') return undefined;
  const system = `${host.osId} ${host.osMajor ?? ''}`.trim();
  const release = enterpriseLinuxOf(host);
  if (release === dist) return undefined;
  const same =
    release === undefined || system.endsWith(` ${release}`) ? '' : say('fit.sameRelease', { release });
  const text = say('fit.release', { dist, system, same });
  if (release !== undefined) return { verdict: 'refuse', text };
  // An Enterprise Linux that does not say which.
  if (ENTERPRISE_LINUX.has(host.osId) && (host.osMajor ?? '') === '') return undefined;
  return { verdict: 'note', text };
}
