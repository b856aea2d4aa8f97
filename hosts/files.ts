import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SFTPWrapper } from 'ssh2';
import { unlessAborted } from '../runtime/deadline';
import { PermanentError, TransientError } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import { type Connection, SftpMissing } from './connection';
import { quote } from './quote';
import { refuseKilled, runScript } from './script';
import { userName } from './userName';

const READ_LIMIT = 1024 * 1024;
/** A transfer may take long, but one without any progress for so long is as good as lost. */
const STALL_MS = 60_000;
const DEFAULT_MODE = '0644';
/** Status codes of SFTP. */
const PERMISSION_DENIED = 3;
const OP_UNSUPPORTED = 8;
/** Exit codes of the scripts below, chosen outside of what the tools use. */
const DIFFERENT = 46;
/** What the C library says of a file that is not there (ENOENT, ENOTDIR); anything else is no answer to the question. */
const NO_SUCH_FILE = /: (No such file or directory|Not a directory)$/m;

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

/** `hash FILE` sets sum to the SHA-256 alone; empty when the file is absent or no regular file. */
const HASH = `hash() { sum=; [ ! -f "$1" ] || sum=$(sha256sum <"$1"); sum=\${sum%% *}; }`;

/**
 * Puts a local file at `path` of the host. When a file with this SHA-256 lies there, only mode and owner are set. Otherwise
 * it is uploaded under a temporary name (never `path` itself, so nobody sees half a file), hashed on the host, given
 * mode and owner, and renamed. A cut upload leaves only a temporary file, which the next upload of the same content
 * removes; of two at once the later one finds the work done.
 * A login that is not root uploads into a folder of its own and lets root copy from there. A host without SFTP gets the
 * bytes through a shell, with the same promises.
 */
export async function uploadFile(
  open: () => Promise<Connection>,
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
  const { mode = DEFAULT_MODE, signal: _, ...owner } = options;
  let connection = await unlessAborted(open(), options.signal);
  const asRoot = connection.address.username === 'root';
  const prepare = `${HASH}
t=${quote(target)}
hash "$t"; [ "$sum" = ${sha256} ] && {
${placing(options, '"$t"')}
echo there; exit; }
[ -d ${quote(folder)} ] || mkdir -p ${quote(folder)} || exit
for part in ${quote(folder)}/${stem}-*.part; do
  [ ! -e "$part" ] || exec find ${quote(folder)} -maxdepth 1 -name '${stem}-*.part' ! -newermt '20 seconds ago' -exec rm -f {} +
done
exit 0`;
  const prepared = await must(connection, prepare, say('file.prepareUpload', { target }), signal);
  if (prepared.stdout.toString().trim() === 'there') return { uploaded: false };

  // Of the login; the next upload of the same content removes what a cut one has left.
  const staging = `/var/tmp/obflow-${sha256.slice(0, 16)}-`;
  let staged = temporary;
  if (!asRoot) {
    const make = `mktemp -d ${staging}XXXXXXXX`;
    const made = await must(connection, make, say('file.makeFolder'), {
      asLogin: true,
      ...signal,
    });
    staged = `${made.stdout.toString().trim()}/upload`;
  }
  const clean = asRoot
    ? `rm -f ${quote(temporary)}`
    : `rm -rf ${quote(posix.dirname(staged))} ${quote(temporary)}`;
  try {
    const sftp = await sftpOf(connection, options.signal);
    // A connection whose SFTP did not speak keeps a channel that nobody can close.
    if (sftp === undefined && connection.retired) connection = await unlessAborted(open(), options.signal);
    let moded = false;
    if (sftp === undefined) await putThroughShell(connection, localPath, staged, options.signal);
    else {
      try {
        moded = await put(connection, sftp, localPath, staged, asRoot ? mode : undefined, options.signal);
      } catch (error) {
        if (!(error instanceof TransferRefused)) throw error;
        // Where a shell may not write either (a full disk), it says so in more words than SFTP's "Failure".
        if (error.forGood) connection.memory.noSftp = error.message;
        await putThroughShell(connection, localPath, staged, options.signal);
      }
    }
    const finish = `${HASH}
n=${quote(temporary)}
trap ${quote(clean)} EXIT
${asRoot ? ':' : `( umask 077; cat ${quote(staged)} >"$n" ) || exit`}
hash "$n"
[ "$sum" = ${sha256} ] || {
  came=$sum; hash ${quote(target)}; [ "$sum" != ${sha256} ] || exit 0
  echo "its SHA-256 on the host is '$came', not ${sha256}" >&2; exit ${DIFFERENT}
}
${placing(moded ? owner : { ...owner, mode }, '"$n"')}
mv -fT "$n" ${quote(target)}; moved=$?
[ "$moved" != 0 ] || { trap - EXIT; for part in ${quote(folder)}/${stem}-*.part; do [ ! -e "$part" ] || rm -f "$part"; done; }
${asRoot ? '' : `rm -rf ${staging}*\n`}exit "$moved"`;
    await must(connection, finish, say('file.place', { target }), { timeoutMs: 120_000, ...signal });
  } catch (error) {
    if (connection.alive) await runScript(connection, clean).catch(() => undefined);
    throw error;
  }
  return { uploaded: true };
}

/** Undefined when the host serves no SFTP. */
async function sftpOf(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<SFTPWrapper | undefined> {
  try {
    return await connection.sftp(signal);
  } catch (error) {
    if (error instanceof SftpMissing) return undefined;
    throw error;
  }
}

/**
 * Runs a transfer, which tells its progress by `step` and gives up when the signal aborts: on the caller's abort, with its
 * reason, and when nothing has moved for a minute.
 */
async function transfer(
  connection: Connection,
  to: string,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal, step: () => void) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const step = () => {
    clearTimeout(timer);
    if (ended.signal.aborted) return;
    const stalled = () =>
      stop.abort(
        uploadFailed(connection, say('file.upload', { to }), say('file.noProgress', { ms: STALL_MS })),
      );
    timer = setTimeout(stalled, STALL_MS);
  };
  const follow = () => stop.abort(outer?.reason);
  outer?.addEventListener('abort', follow, { signal: ended.signal });
  if (outer?.aborted === true) follow();
  step();
  try {
    await work(stop.signal, step);
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (!connection.alive) throw connection.lostError();
    throw error;
  } finally {
    ended.abort();
    clearTimeout(timer);
  }
}

/** Thrown when an SFTP server answers, and lets nobody write: `internal-sftp -R`, a list of allowed requests, a full disk. */
class TransferRefused extends Error {
  /** The server will not take the next file either. */
  readonly forGood: boolean;
  constructor(refusal: Error & { code?: unknown }) {
    super(refusal.message);
    this.forGood = refusal.code === PERMISSION_DENIED || refusal.code === OP_UNSUPPORTED;
  }
}

/**
 * SFTP upload to a new file, which gets its mode when it is whole; a stalled or aborted one is ended by closing its channel.
 * Resolves to whether it has its mode: a server may forbid that, and its umask has a say when a file is made.
 */
async function put(
  connection: Connection,
  sftp: SFTPWrapper,
  from: string,
  to: string,
  mode: string | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  let moded = false;
  try {
    await transfer(connection, to, signal, async (stop, step) => {
      const done = new Promise<void>((resolve, reject) => {
        sftp.once('close', () => reject(connection.lostError()));
        sftp.fastPut(from, to, { concurrency: 64, mode: 0o600, step }, (error?: Error | null) => {
          if (error) reject(new TransferRefused(error));
          else if (mode === undefined) resolve();
          else
            sftp.chmod(to, Number.parseInt(mode, 8), (refused?: Error | null) => {
              moded = !refused;
              resolve();
            });
        });
      });
      await unlessAborted(done, stop);
    });
    return moded;
  } finally {
    sftp.end();
  }
}

/** Upload to a new file through stdin of `cat`; whatever a login script prints is thrown away. */
async function putThroughShell(
  connection: Connection,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  const channel = await connection.exec(`sh -c 'umask 077; exec cat >"$1"' sh ${quote(to)}`, signal);
  try {
    await transfer(connection, to, signal, async (stop, step) => {
      let said = '';
      channel.on('data', () => {});
      channel.stderr.on('data', (text: Buffer) => {
        said = `${said}${text}`.slice(-500);
      });
      const closed = new Promise<number | undefined>((resolve) => {
        channel.once('close', (code: number | undefined) => resolve(code));
      });
      const source = createReadStream(from, { highWaterMark: 256 * 1024 });
      source.on('data', step);
      // A `cat` that ended early (a full disk) breaks the pipe; its own words say more.
      const sent = pipeline(source, channel, { signal: stop }).catch((error: unknown) => error);
      const broken = await Promise.race([sent, closed.then(() => undefined)]);
      stop.throwIfAborted();
      const code = await unlessAborted(closed, stop);
      if (code !== 0 || broken !== undefined) {
        source.destroy();
        const why =
          said.trim() ||
          (broken instanceof Error ? broken.message : say('host.exitCode', { code: code ?? '?' }));
        throw uploadFailed(connection, say('file.upload', { to }), why);
      }
    });
  } finally {
    channel.close();
  }
}

function uploadFailed(connection: Connection, tried: Text, cameBack: Said): TransientError {
  return new TransientError({
    type: 'UploadFailed',
    tried,
    where: connection.address.ip,
    cameBack,
    next: say('next.checkSpaceForUpload'),
  });
}

/**
 * Writes a small file atomically and durably: new file with mode and owner, compared, synced, renamed over `path`. A folder that
 * is missing is made, for root alone (0700) when the file is root's alone (0600).
 */
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
  const written = quotable(bytes);
  // One line that the shell reads back itself; anything else is compared by its SHA-256.
  const compared = written?.indexOf('\n') === bytes.length - 1;
  const script = `${HASH}
n=${quote(temporary)}
[ -d ${folder} ] || ${mode === '0600' && owner.owner === undefined ? `( umask 077; exec mkdir -p ${folder} )` : `mkdir -p ${folder}`} || exit
for old in ${folder}/${stem}-*.part; do [ ! -e "$old" ] || rm -f "$old"; done
trap '[ ! -e "$n" ] || rm -f "$n"' EXIT
umask 077
${written === undefined ? `base64 -d <<'END_OF_BASE64' | dd of="$n" conv=fsync 2>/dev/null` : `dd of="$n" conv=fsync 2>/dev/null <<'${END_OF_TEXT}'`}
${written === undefined ? `${bytes.toString('base64').replace(/.{76}/g, '$&\n')}\nEND_OF_BASE64` : `${written}${END_OF_TEXT}`}
umask 022
${
  compared
    ? `{ IFS= read -r back <"$n"; } 2>/dev/null && [ "$back" = ${quote(written?.slice(0, -1) ?? '')} ]`
    : `hash "$n"; [ "$sum" = ${sha256} ]`
} || { ls -ld "$n" >&2 || exit ${DIFFERENT}; df -P ${folder} >&2; exit 1; }
${placing(placement, '"$n"')}
mv -fT "$n" ${quote(target)} || { [ -e "$n" ] || exit ${DIFFERENT}; exit 1; }`;
  await must(connection, script, say('file.write', { target }));
}

/** A line that ends no content of ours. */
const END_OF_TEXT = 'END_OF_TEXT_OF_OBFLOW';

/** The content as lines of a here-document; undefined when it is not that: other than printable ASCII, no last line break. */
function quotable(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  return /^(?:[\t\x20-\x7e]*\n)+$/.test(text) && !text.includes(END_OF_TEXT) ? text : undefined;
}

/** Content of a file as UTF-8; undefined when there is none (not: when it cannot be reached). PermanentError FileTooLarge beyond 1 MiB. */
export async function readFile(connection: Connection, path: string): Promise<string | undefined> {
  const target = absolute(path);
  const script = `exec head -c ${READ_LIMIT + 1} -- ${quote(target)}`;
  const result = await runScript(connection, script, { maxOutput: 2 * READ_LIMIT });
  const tooLarge = result.stdout.length > READ_LIMIT;
  if (result.exitCode === 1 && NO_SUCH_FILE.test(result.stderr.toString().trim())) return undefined;
  if (result.exitCode === 0 && !tooLarge) return result.stdout.toString();
  // What is too large was stopped here, and looks killed.
  if (!tooLarge) refuseKilled(connection.address.ip, say('file.read', { target }), result);
  throw new PermanentError({
    type: tooLarge ? 'FileTooLarge' : 'FileUnreadable',
    tried: say('file.read', { target }),
    where: connection.address.ip,
    cameBack: tooLarge
      ? say('file.tooLarge', { limit: READ_LIMIT })
      : result.stderr.toString().trim().slice(0, 500),
    next: say('next.lookAtFile'),
  });
}

/**
 * Runs a script that has to exit 0. What fails here is a full disk, a missing folder, a permission: PermanentError
 * FileOperationFailed; or was killed: TransientError.
 */
async function must(
  connection: Connection,
  script: string,
  tried: Text,
  options: { signal?: AbortSignal; timeoutMs?: number; asLogin?: boolean } = {},
) {
  const result = await runScript(connection, script, options);
  if (result.exitCode === 0) return result;
  refuseKilled(connection.address.ip, tried, result);
  const cameBack =
    result.stderr.toString().trim().slice(0, 500) || say('host.exitCode', { code: result.exitCode });
  // Also of a file that another write to the same place took away: it may be tried again.
  if (result.exitCode === DIFFERENT) throw uploadFailed(connection, tried, cameBack);
  throw new PermanentError({
    type: 'FileOperationFailed',
    tried,
    where: connection.address.ip,
    cameBack,
    next: say('next.checkSpaceAndOwner'),
  });
}
