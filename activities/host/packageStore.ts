/** Uploaded packages in the data folder, named by their SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAborted } from '../../runtime/deadline';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { PackageRow } from '../../store/types';
import type { SubtaskScope } from '../types';

/** Path of a package in the store of the data folder. */
export function storedPackage(dataDir: string, sha256: string): string {
  return join(dataDir, 'packages', `${sha256}.rpm`);
}

function refuse(where: string, type: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({ type, code: 'PKG10014', tried: say('package.read'), where, cameBack, next });
}

/** SHA-256 by path and what the file system says of the file: one package goes to many hosts, and is read once for all. */
const hashes = new Map<string, Promise<string>>();
const MOST_HASHES = 32;

/** The SHA-256 of a file, read again only when the file has changed since. Rejects with the error of the file system. */
async function hashOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const key = [path, dev, ino, size, mtimeNs, ctimeNs].join(' ');
  const known = hashes.get(key);
  if (known !== undefined) return known;
  const hashing = readHash(path);
  hashes.set(key, hashing);
  hashing.catch(() => hashes.delete(key));
  const [oldest] = hashes.keys();
  if (hashes.size > MOST_HASHES && oldest !== undefined) hashes.delete(oldest);
  return hashing;
}

async function readHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The stored file is there and whole. PermanentError PKG10014 otherwise. */
export async function checkStore(scope: SubtaskScope, part: PackageRow): Promise<void> {
  const path = storedPackage(scope.config.dataDir, part.sha256);
  const next = say('next.uploadAgain', { file: part.fileName });
  let found: string;
  try {
    // Others may wait for the same: the end of this subtask does not end the reading.
    found = await unlessAborted(hashOf(path), scope.signal);
  } catch (error) {
    scope.signal.throwIfAborted();
    const said = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw refuse(path, 'PackageFileMissing', say('package.unreadable', { said }), next);
  }
  if (found === part.sha256) return;
  throw refuse(path, 'PackageFileDamaged', say('package.otherDigest'), next);
}
