import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import type { Request } from 'express';
import { packageFileName, parsePackageName, splitRelease } from '../../oceanbase/packageName';
import { BadRpmError, type RpmHeader, readRpmHeader } from '../../oceanbase/rpmHeader';
import { packageLock } from '../../operations/locks';
import { refuseWhenHeld } from '../../operations/planTask';
import { Refusal } from '../../operations/refusal';
import type { RuntimeConfig } from '../../runtime/config';
import { type Said, say } from '../../runtime/messages/catalogue';
import { DuplicateError, type PackageRow, type Store } from '../../store/types';
import type { OnceScope } from '../http/idempotency';
import type { BodyProof } from '../login/signedBody';

/** Other parts than the file mean nothing here; a client may send a few all the same. */
const PARTS = { files: 1, fields: 10, parts: 11, fieldNameSize: 100, fieldSize: 16 * 1024, headerPairs: 20 };
/** What boundaries and headers of the parts may add to the file. */
const FORM_BYTES = 1024 ** 2;

/** Where packages lie: `<data folder>/packages/<sha256>.rpm`. */
export function packageFile(dataDir: string, sha256: string): string {
  return path.join(dataDir, 'packages', `${sha256}.rpm`);
}

/** Older than any upload can take: left by a server that was killed. */
const ABANDONED_MS = 24 * 3_600_000;

/** Removes what uploads to a killed server have left. */
export async function removeAbandonedUploads(dataDir: string): Promise<void> {
  const folder = path.join(dataDir, 'packages');
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith('incoming-'))) {
    const file = path.join(folder, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts !== undefined && Date.now() - facts.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}

interface Received {
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
}

/** A request whose body is a package, and what is left to prove of who sends it. */
export interface Upload {
  readonly request: Request;
  readonly proof: BodyProof | undefined;
  readonly stillPermitted: () => Promise<void>;
}

/**
 * Receives a package (multipart, part `file`) as a stream, checks that it is a whole RPM and stores file and row.
 * The same package sent again answers its row. Throws Refusal; whatever goes wrong, no file is left behind.
 *
 * @param accept decides whether the package with this SHA-256 is stored, and what is answered
 */
export async function receivePackage<T>(
  upload: Upload,
  store: Store,
  { dataDir, http: { maxPackageBytes } }: Pick<RuntimeConfig, 'dataDir' | 'http'>,
  accept: (sha256: string, keep: () => Promise<PackageRow>) => Promise<T>,
): Promise<T> {
  const folder = path.join(dataDir, 'packages');
  await mkdir(folder, { recursive: true });
  const incoming = path.join(folder, `incoming-${randomBytes(8).toString('hex')}`);
  try {
    const received = await receive(upload, incoming, maxPackageBytes);
    // Before anything looks into the file: a stranger's stays unread.
    await upload.proof?.settled();
    // It may have taken an hour to arrive.
    await upload.stillPermitted();
    const row = packageRow(await header(incoming), received);
    const file = packageFile(dataDir, received.sha256);
    return await accept(received.sha256, () => keepPackage(store, incoming, file, row));
  } finally {
    await rm(incoming, { force: true });
  }
}

function receive({ request, proof }: Upload, file: string, maxBytes: number): Promise<Received> {
  if (!request.is('multipart/form-data')) {
    throw new Refusal(415, 'COM10003', say('upload.multipart'));
  }
  const encoding = request.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new Refusal(415, 'COM10003', say('upload.encoding'));
  }
  // Before the first gigabyte is written.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + FORM_BYTES) throw tooLarge(maxBytes);
  let form: busboy.Busboy;
  try {
    form = busboy({ headers: request.headers, limits: { ...PARTS, fileSize: maxBytes } });
  } catch {
    throw unreadable(say('upload.noBoundary'));
  }
  return new Promise<Received>((resolve, reject) => {
    let part: Promise<Received> | undefined;
    form.on('file', (name, stream) => {
      if (name !== 'file' || part !== undefined) {
        stream.resume();
        return;
      }
      part = write(stream, file, maxBytes);
      part.catch(reject);
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      form.on(limit, () => {
        form.destroy();
        reject(unreadable(say('upload.moreParts')));
      });
    }
    form.on('error', (error) => reject(unreadable(error instanceof Error ? error.message : String(error))));
    form.on('close', () => {
      if (part === undefined) reject(unreadable(say('upload.noFile')));
      else part.then(resolve, reject);
    });
    request.on('error', () => form.destroy());
    request.on('close', () => {
      if (!request.complete) {
        form.destroy();
        reject(unreadable(say('upload.endedEarly')));
      }
    });
    proof?.watch();
    request.pipe(form);
  });
}

function unreadable(reason: Said): Refusal {
  return new Refusal(400, 'COM10003', say('upload.unreadable', { reason }));
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, 'COM10003', say('package.tooLarge', { size: maxBytes }), { target: 'file' });
}

/** Streams to disk and makes it durable; both digests are taken on the way. */
async function write(
  stream: Readable & { truncated?: boolean },
  file: string,
  maxBytes: number,
): Promise<Received> {
  const sha256 = createHash('sha256');
  const sha1 = createHash('sha1');
  let size = 0;
  const digests = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      sha1.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(stream, digests, createWriteStream(file, { flags: 'wx', mode: 0o644 }));
  if (stream.truncated) throw tooLarge(maxBytes);
  await sync(file);
  return { file, size, sha256: sha256.digest('hex'), sha1: sha1.digest('hex') };
}

/** Makes a file's content, or a folder's entries, survive a power cut. */
async function sync(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function header(file: string): Promise<RpmHeader> {
  try {
    return await readRpmHeader(file);
  } catch (error) {
    if (!(error instanceof BadRpmError)) throw error;
    throw new Refusal(400, 'COM10001', say('upload.notStored', { reason: error.said }), {
      target: 'file',
      subErrors: [{ field: 'file', message: error.said }],
    });
  }
}

/** Of the kinds of packages that OCP documents; whatever else is uploaded is the last. */
export const PACKAGE_TYPES = [
  'OBPROXY_INSTALL_PACKAGE',
  'OB_SERVER_INSTALL_PACKAGE',
  'OCP_AGENT_INSTALL_PACKAGE',
  'OB_BACKUP_AGENT_INSTALL_PACKAGE',
  'OTHER_INSTALL_PACKAGE',
] as const;

const TYPES: Readonly<Record<string, (typeof PACKAGE_TYPES)[number]>> = {
  obproxy: 'OBPROXY_INSTALL_PACKAGE',
  'obproxy-ce': 'OBPROXY_INSTALL_PACKAGE',
  oceanbase: 'OB_SERVER_INSTALL_PACKAGE',
  'oceanbase-ce': 'OB_SERVER_INSTALL_PACKAGE',
  't-oceanbase-ocp-agent': 'OCP_AGENT_INSTALL_PACKAGE',
  't-oceanbase-ob-backup-agent': 'OB_BACKUP_AGENT_INSTALL_PACKAGE',
};

function packageRow(rpm: RpmHeader, received: Received): Omit<PackageRow, 'id' | 'createTime'> {
  const fileName = packageFileName(rpm);
  // Names travel into host paths and rpm queries: nothing but plain words may get in here.
  if (parsePackageName(fileName) === undefined) {
    throw new Refusal(400, 'COM10001', say('upload.oddName'), {
      target: 'file',
    });
  }
  return {
    fileName,
    name: rpm.name,
    version: rpm.version,
    release: rpm.release,
    architecture: rpm.arch,
    operatingSystem: splitRelease(rpm.release).dist ?? null,
    size: received.size,
    sha256: received.sha256,
    sha1: received.sha1,
    type: (Object.hasOwn(TYPES, rpm.name) ? TYPES[rpm.name] : undefined) ?? 'OTHER_INSTALL_PACKAGE',
    home: rpm.home ?? null,
  };
}

/**
 * Row and file together: the file moves inside the transaction, whose writers wait for each other, so that a
 * deletion of the same package can never leave a row without its file.
 */
async function keepPackage(
  store: Store,
  incoming: string,
  file: string,
  row: Omit<PackageRow, 'id' | 'createTime'>,
): Promise<PackageRow> {
  try {
    return await store.transaction(async (transaction) => {
      const stored = await transaction.packages.add(row);
      await rename(incoming, file);
      await sync(path.dirname(file));
      return stored;
    });
  } catch (error) {
    if (!(error instanceof DuplicateError)) throw error;
    throw new Refusal(409, 'PKG10012', say('upload.otherContent', { file: row.fileName }), {
      target: row.fileName,
    });
  }
}

/**
 * Deletes the row and then the file, and answers what the row was. Throws Refusal PKG10014 when there is none, PKG10007
 * while a proxy or an upgrade uses it. Who dies in between leaves a file that nothing names; the next upload of the same
 * package takes its place.
 */
export async function deletePackage(
  store: Store,
  dataDir: string,
  id: number,
  once: OnceScope,
): Promise<PackageRow> {
  const deleted = await store.transaction(async (transaction) => {
    const row = await transaction.packages.find(id);
    if (row === undefined) {
      throw new Refusal(404, 'PKG10014', say('package.unknownId', { id }), {
        target: `package:${id}`,
      });
    }
    const users = await transaction.packages.users(id);
    if (users.length > 0) {
      throw new Refusal(
        409,
        'PKG10007',
        say('upload.usedByProxies', { file: row.fileName, servers: users.join(', ') }),
        { target: `package:${id}` },
      );
    }
    const observers = await transaction.packages.observers(id);
    if (observers.length > 0) {
      throw new Refusal(
        409,
        'PKG10007',
        say('upload.usedByObservers', { file: row.fileName, servers: observers.join(', ') }),
        { target: `package:${id}` },
      );
    }
    await refuseWhenHeld(transaction, [packageLock(id)]);
    await transaction.packages.delete(id);
    await once.remember(transaction, undefined);
    return row;
  });
  // In a transaction of its own, whose writers wait for each other: the same package may have been uploaded again.
  await store.transaction(async ({ packages }) => {
    const again = await packages.findByFileName(deleted.fileName);
    if (again?.sha256 !== deleted.sha256) await rm(packageFile(dataDir, deleted.sha256), { force: true });
  });
  return deleted;
}
