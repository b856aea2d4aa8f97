import { PermanentError } from '../runtime/errors';
import type { Connection } from './connection';
import { quote } from './quote';
import { refuseKilled, runScript } from './script';
import type { RpmPackage } from './types';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
/** Exit codes of the script, chosen outside of rpm's. */
const NOT_INSTALLED = 44;
const UNREADABLE = 46;
const EMPTY = 47;
/** rpm complains of its database in lines that begin so; what it advises (Debian) and warns of begins otherwise. */
const COMPLAINT = /^(error:|BDB\d|rpmdb:)/m;

/**
 * Installed packages of exactly this name; empty only when rpm could look and found none. A database that cannot be read
 * makes rpm print the same "is not installed" with the same exit code 1 (rpm 4.18 with sqlite, 4.11 with BDB0113), so
 * that answer counts only when rpm complains of nothing and can list what it has. PermanentError RpmMissing
 * (CMP07036) or RpmQueryFailed, TransientError CommandKilled.
 */
export async function rpmQuery(connection: Connection, name: string): Promise<RpmPackage[]> {
  if (!NAME.test(name)) throw new RangeError(`Not a package name: ${JSON.stringify(name)}`);
  const format = quote('%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n');
  const absent = `package ${name} is not installed`;
  // Every Enterprise Linux has a glibc in it, and it is found by the same index: one call of rpm tells both.
  const script = `said=$(rpm -q --queryformat ${format} -- ${quote(name)} glibc); code=$?
printf '%s\\n' "$said"
[ "$code" -le 2 ] || exit "$code"
case "
$said
" in
*"
${absent}
"*) ;;
*'package glibc is not installed'*) [ "$code" != 1 ] || exit 0; exit "$code" ;;
*) exit "$code" ;;
esac
case $said in *'package glibc is not installed'*) ;; *) exit ${NOT_INSTALLED} ;; esac
all=$(rpm -qa --queryformat x) || exit ${UNREADABLE}
[ -n "$all" ] || [ -e /var/lib/dpkg/status ] || exit ${EMPTY}
exit ${NOT_INSTALLED}`;
  const result = await runScript(connection, script, { timeoutMs: 60_000 });
  if (result.exitCode === NOT_INSTALLED && !COMPLAINT.test(result.stderr.toString())) return [];
  if (result.exitCode === 0) {
    return result.stdout
      .toString()
      .split('\n')
      .flatMap((line) => {
        const [found, version, release, arch] = line.split('\t');
        if (found !== name || version === undefined || release === undefined || arch === undefined) return [];
        return [{ name, version, release, arch }]; // `rpm -q` also takes name-version for a name
      });
  }
  const tried = `ask rpm for the package ${name}`;
  refuseKilled(connection.address.ip, tried, result);
  throw rpmFailed(connection.address.ip, tried, result);
}

function rpmFailed(
  where: string,
  tried: string,
  result: { exitCode: number; stdout: Buffer; stderr: Buffer },
) {
  const missing = result.exitCode === 127;
  return new PermanentError({
    type: missing ? 'RpmMissing' : 'RpmQueryFailed',
    ...(missing ? { code: 'CMP07036' } : {}),
    tried,
    where,
    cameBack:
      result.exitCode === EMPTY
        ? 'its rpm database lists not a single package'
        : `${result.stderr}\n${result.stdout}`.trim().slice(0, 1_000) || `exit code ${result.exitCode}`,
    next: missing
      ? 'Install rpm on the host, then retry.'
      : 'Repair the rpm database of the host (rpm --rebuilddb; rpm -qa must list its packages), then retry.',
  });
}
