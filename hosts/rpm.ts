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
const FORMAT = quote('%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n');
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
  const found = await ask(connection, `ask rpm for the package ${name}`, {
    query: `-q --queryformat ${FORMAT} -- ${quote(name)}`,
    none: `package ${name} is not installed`,
  });
  // `rpm -q` also takes name-version for a name.
  return found.filter((part) => part.name === name);
}

/**
 * The package that a file of the host came with; undefined only when rpm could look and it is of none, or when the file is
 * not there. Throws as `rpmQuery` does.
 */
export async function rpmOwner(connection: Connection, file: string): Promise<RpmPackage | undefined> {
  if (!file.startsWith('/')) throw new RangeError(`Not an absolute path: ${JSON.stringify(file)}`);
  const [first] = await ask(connection, `ask rpm whose ${file} is`, {
    unless: `[ -e ${quote(file)} ] || [ -L ${quote(file)} ] || exit ${NOT_INSTALLED}`,
    query: `-qf --queryformat ${FORMAT} -- ${quote(file)}`,
    none: `file ${file} is not owned by any package`,
  });
  return first;
}

/** What rpm lists; [] when it says `none` and its database proves to be readable. */
async function ask(
  connection: Connection,
  tried: string,
  { unless = '', query, none }: { unless?: string; query: string; none: string },
): Promise<RpmPackage[]> {
  const script = `${unless}
said=$(LC_ALL=C rpm ${query}); code=$?
[ "$code" = 1 ] && [ "$said" = ${quote(none)} ] || { printf '%s\\n' "$said"; exit "$code"; }
# Every Enterprise Linux has a glibc in it, and it is found by the index that was asked above.
rpm -q glibc >/dev/null 2>&1 && exit ${NOT_INSTALLED}
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
        const [name, version, release, arch] = line.split('\t');
        if (!name || version === undefined || release === undefined || arch === undefined) return [];
        return [{ name, version, release, arch }];
      });
  }
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
