import { createHash, randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { PermanentError, TransientError } from '../runtime/errors';
import type { Connection } from './connection';
import { quote } from './quote';
import { refuseKilled, runScript } from './script';
import { userName } from './userName';

const READ_LIMIT = 1024 * 1024;
/** A transfer may take long, but one without any progress for so long is as good as lost. */
const STALL_MS = 60_000;
const DEFAULT_MODE = '0644';
/** Exit codes of the scripts below, chosen outside of what the tools use. */
const ABSENT = 44;
const DIFFERENT = 46;

export interface Placement {
  readonly mode?: string;
  /** `user` or `user:group`. */
  readonly owner?: string;
}

function absolute(path: string): string {
  if (!path.startsWith('/') || path.endsWith('/')) throw new RangeError(`Not an absolute file path: ${path}`);
  return posix.normalize(path);
}

/** Lines that give the file `$1` its mode and owner; empty values leave them. */
function placing({ mode, owner }: Placement, file: string): string {
  if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode)) throw new RangeError(`Not a file mode: ${mode}`);
  const account = owner?.split(':').map(userName).join(':');
  return [
    mode === undefined ? ':' : `chmod ${mode} ${file} || exit`,
    account === undefined ? ':' : `chown ${account} ${file} || exit`,
  ].join('\n');
}

/** `hash FILE` prints the SHA-256 alone; empty when the file is absent or no regular file. */
const HASH = 'hash() { [ ! -f "$1" ] || { set -- $(sha256sum <"$1"); echo "$1"; }; }';

/**
 * Puts a local file at `path` of the host. When a file with this SHA-256 lies there, only mode and owner are set. Otherwise
 * it is uploaded under a temporary name (never `path` itself, so nobody sees half a file), hashed on the host, given
 * mode and owner, and renamed. A cut upload leaves only a temporary file, which the next upload of the same content
 * removes; of two at once the later one finds the work done.
 * A login that is not root uploads into a folder of its own and lets root copy from there.
 */
export async function uploadFile(
  connection: Connection,
  localPath: string,
  sha256: string,
  path: string,
  options: Placement & { signal?: AbortSignal } = {},
): Promise<{ uploaded: boolean }> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`Not a SHA-256 in lower case: ${sha256}`);
  const target = absolute(path);
  const folder = posix.dirname(target);
  const stem = `.obflow-${sha256.slice(0, 16)}`;
  const temporary = `${folder}/${stem}-${randomBytes(6).toString('hex')}.part`;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const asRoot = connection.address.username === 'root';
  const prepare = `${HASH}
t=${quote(target)}
[ "$(hash "$t")" = ${sha256} ] && {
${placing(options, '"$t"')}
echo there; exit; }
mkdir -p ${quote(folder)} || exit
find ${quote(folder)} -maxdepth 1 -name '${stem}-*.part' ! -newermt '20 seconds ago' -exec rm -f {} +
exit 0`;
  const prepared = await must(connection, prepare, `prepare the upload of ${target}`, signal);
  if (prepared.stdout.toString().trim() === 'there') return { uploaded: false };

  // Of the login; the next upload of the same content removes what a cut one has left.
  const staging = `/var/tmp/obflow-${sha256.slice(0, 16)}-`;
  let staged = temporary;
  if (!asRoot) {
    const make = `mktemp -d ${staging}XXXXXXXX`;
    const made = await must(connection, make, 'make a folder to upload to', {
      asLogin: true,
      ...signal,
    });
    staged = `${made.stdout.toString().trim()}/upload`;
  }
  const clean = asRoot
    ? `rm -f ${quote(temporary)}`
    : `rm -rf ${quote(posix.dirname(staged))} ${quote(temporary)}`;
  try {
    await put(connection, localPath, staged, options.signal);
    const finish = `${HASH}
n=${quote(temporary)}
trap ${quote(clean)} EXIT
${asRoot ? ':' : `( umask 077; cat ${quote(staged)} >"$n" ) || exit`}
sum=$(hash "$n")
[ "$sum" = ${sha256} ] || [ "$(hash ${quote(target)})" != ${sha256} ] || exit 0
[ "$sum" = ${sha256} ] || { echo "its SHA-256 on the host is '$sum', not ${sha256}" >&2; exit ${DIFFERENT}; }
${placing({ ...options, mode: options.mode ?? DEFAULT_MODE }, '"$n"')}
mv -fT "$n" ${quote(target)} && rm -f ${quote(folder)}/${stem}-*.part
moved=$?
${asRoot ? '' : `rm -rf ${staging}*\n`}exit "$moved"`;
    await must(connection, finish, `place ${target}`, { timeoutMs: 120_000, ...signal });
  } catch (error) {
    if (connection.alive) await runScript(connection, clean).catch(() => undefined);
    throw error;
  }
  return { uploaded: true };
}

/** SFTP upload to a new file; a stalled or aborted one is ended by closing its channel. */
async function put(connection: Connection, from: string, to: string, signal?: AbortSignal): Promise<void> {
  const sftp = await connection.sftp(signal);
  const ended = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const stalled = () =>
        reject(uploadFailed(connection, `upload to ${to}`, `no progress within ${STALL_MS} ms`));
      let stall = setTimeout(stalled, STALL_MS);
      ended.signal.addEventListener('abort', () => clearTimeout(stall));
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal });
      sftp.once('close', () => reject(connection.lostError()));
      const step = () => {
        clearTimeout(stall);
        if (!ended.signal.aborted) stall = setTimeout(stalled, STALL_MS);
      };
      sftp.fastPut(from, to, { concurrency: 64, mode: 0o600, step }, (error?: Error | null) => {
        if (!error) resolve();
        else
          reject(
            connection.alive
              ? uploadFailed(connection, `upload to ${to}`, error.message)
              : connection.lostError(),
          );
      });
    });
  } finally {
    ended.abort();
    sftp.end();
  }
}

function uploadFailed(connection: Connection, tried: string, cameBack: string): TransientError {
  return new TransientError({
    type: 'UploadFailed',
    tried,
    where: connection.address.ip,
    cameBack,
    next: 'Check the free space on the host; the upload starts again at the next attempt.',
  });
}

/** Writes a small file atomically and durably: new file with mode and owner, compared, synced, renamed over `path`. */
export async function writeFile(
  connection: Connection,
  path: string,
  content: string | Buffer,
  options: Placement & { mode: string },
): Promise<void> {
  const target = absolute(path);
  const bytes = Buffer.from(content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // What a write to the same file left that was killed goes with the next one.
  const stem = `.obflow-${createHash('sha256').update(target).digest('hex').slice(0, 8)}`;
  const temporary = `${posix.dirname(target)}/${stem}-${randomBytes(8).toString('hex')}.part`;
  const folder = quote(posix.dirname(target));
  const { mode, ...owner } = options;
  // The temporary file is 0600 from the beginning.
  const placement = mode === '0600' ? owner : options;
  const script = `${HASH}
n=${quote(temporary)}
[ -d ${folder} ] || mkdir -p ${folder} || exit
for old in ${folder}/${stem}-*.part; do [ ! -e "$old" ] || rm -f "$old"; done
trap '[ ! -e "$n" ] || rm -f "$n"' EXIT
( umask 077; base64 -d <<'END_OF_BASE64' | dd of="$n" conv=fsync 2>/dev/null
${bytes.toString('base64').replace(/.{76}/g, '$&\n')}
END_OF_BASE64
)
[ "$(hash "$n")" = ${sha256} ] || { ls -ld "$n" >&2 || exit ${DIFFERENT}; df -P ${folder} >&2; exit 1; }
${placing(placement, '"$n"')}
mv -fT "$n" ${quote(target)} || { [ -e "$n" ] || exit ${DIFFERENT}; exit 1; }`;
  await must(connection, script, `write ${target}`);
}

/** Content of a file as UTF-8; undefined when there is none. PermanentError FileTooLarge beyond 1 MiB. */
export async function readFile(connection: Connection, path: string): Promise<string | undefined> {
  const target = absolute(path);
  const script = `f=${quote(target)}
[ -e "$f" ] || exit ${ABSENT}
head -c ${READ_LIMIT + 1} -- "$f"`;
  const result = await runScript(connection, script, { maxOutput: 2 * READ_LIMIT });
  const tooLarge = result.stdout.length > READ_LIMIT;
  if (result.exitCode === ABSENT) return undefined;
  if (result.exitCode === 0 && !tooLarge) return result.stdout.toString();
  // What is too large was stopped here, and looks killed.
  if (!tooLarge) refuseKilled(connection.address.ip, `read ${target}`, result);
  throw new PermanentError({
    type: tooLarge ? 'FileTooLarge' : 'FileUnreadable',
    tried: `read ${target}`,
    where: connection.address.ip,
    cameBack: tooLarge
      ? `it is larger than ${READ_LIMIT} bytes`
      : result.stderr.toString().trim().slice(0, 500),
    next: 'Look at this file on the host.',
  });
}

/**
 * Runs a script that has to exit 0. What fails here is a full disk, a missing folder, a permission: PermanentError
 * FileOperationFailed; or was killed: TransientError.
 */
async function must(
  connection: Connection,
  script: string,
  tried: string,
  options: { signal?: AbortSignal; timeoutMs?: number; asLogin?: boolean } = {},
) {
  const result = await runScript(connection, script, options);
  if (result.exitCode === 0) return result;
  refuseKilled(connection.address.ip, tried, result);
  const cameBack = result.stderr.toString().trim().slice(0, 500) || `exit code ${result.exitCode}`;
  // Also of a file that another write to the same place took away: it may be tried again.
  if (result.exitCode === DIFFERENT) throw uploadFailed(connection, tried, cameBack);
  throw new PermanentError({
    type: 'FileOperationFailed',
    tried,
    where: connection.address.ip,
    cameBack,
    next: 'Check free space, permissions and the owner’s account on the host, then retry.',
  });
}
