/** Uploaded packages in the data folder, named by their SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
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

/** The stored file is there and whole. PermanentError PKG10014 otherwise. */
export async function checkStore(scope: SubtaskScope, part: PackageRow): Promise<void> {
  const path = storedPackage(scope.config.dataDir, part.sha256);
  const next = say('next.uploadAgain', { file: part.fileName });
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { signal: scope.signal })) hash.update(chunk as Buffer);
  } catch (error) {
    scope.signal.throwIfAborted();
    const said = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw refuse(path, 'PackageFileMissing', say('package.unreadable', { said }), next);
  }
  if (hash.digest('hex') === part.sha256) return;
  throw refuse(path, 'PackageFileDamaged', say('package.otherDigest'), next);
}
