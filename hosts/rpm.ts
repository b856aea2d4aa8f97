import { PermanentError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
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
/** Every Enterprise Linux has it, and it is found by the same index as any other: a database that finds it can be read. */
const PROOF = 'glibc';
const NO_PROOF = `package ${PROOF} is not installed`;
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
  const found = await ask(connection, say('rpm.ask', { name }), {
    query: `-q --queryformat ${FORMAT} -- ${quote(name)} ${PROOF}`,
    none: `package ${name} is not installed`,
    proof: true,
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
  const [first] = await ask(connection, say('rpm.whose', { file }), {
    unless: `[ -e ${quote(file)} ] || [ -L ${quote(file)} ] || exit ${NOT_INSTALLED}`,
    query: `-qf --queryformat ${FORMAT} -- ${quote(file)}`,
    none: `file ${file} is not owned by any package`,
  });
  return first;
}

/** What rpm lists; [] when it says `none` and its database proves to be readable. */
async function ask(
  connection: Connection,
  tried: Text,
  {
    unless = '',
    query,
    none,
    proof = false,
  }: {
    unless?: string;
    query: string;
    none: string;
    /** The query asks for PROOF as well, which spares another call of rpm. */
    proof?: boolean;
  },
): Promise<RpmPackage[]> {
  const asked = proof
    ? `printf '%s\\n' "$said"
case "$code:$said" in
1:*${quote(NO_PROOF)}*) exit 0 ;;
1:*${quote(none)}*) exit ${NOT_INSTALLED} ;;
2:*${quote(none)}*) ;;
*) exit "$code" ;;
esac`
    : `[ "$code" = 1 ] && [ "$said" = ${quote(none)} ] || { printf '%s\\n' "$said"; exit "$code"; }
rpm -q ${PROOF} >/dev/null 2>&1 && exit ${NOT_INSTALLED}`;
  const script = `${unless}
said=$(LC_ALL=C rpm ${query}); code=$?
${asked}
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

function rpmFailed(where: string, tried: Text, result: { exitCode: number; stdout: Buffer; stderr: Buffer }) {
  const missing = result.exitCode === 127;
  return new PermanentError({
    type: missing ? 'RpmMissing' : 'RpmQueryFailed',
    ...(missing ? { code: 'CMP07036' } : {}),
    tried,
    where,
    cameBack:
      result.exitCode === EMPTY
        ? say('rpm.listsNothing')
        : `${result.stderr}\n${result.stdout}`.trim().slice(0, 1_000) ||
          say('host.exitCode', { code: result.exitCode }),
    next: missing ? say('next.installRpmThenRetry') : say('next.rebuildRpmDatabase'),
  });
}
