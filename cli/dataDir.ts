import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../runtime/setting';

/**
 * Makes the data folder, readable by its owner only, unless it is there. Throws ConfigError when it cannot be made, is
 * no folder, or may not be written.
 */
export function makeDataDir(folder: string): void {
  try {
    // Not `recursive`: that never returns where a parent exists but takes no folders, as below /proc.
    const missing: string[] = [];
    for (let each = path.resolve(folder); !existsSync(each); each = path.dirname(each)) missing.unshift(each);
    for (const each of missing) makeOne(each);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = REASONS[code ?? ''] ?? code ?? String(error);
    throw new ConfigError([
      `Cannot use the data folder ${folder}: ${why}. Set OBFLOW_DATA_DIR to a folder that this user (id ${process.getuid?.()}) may write.`,
    ]);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the file system is full',
  ENOTDIR: 'a part of the path is a file',
  ENOENT: 'no folder can be made there',
};

/** Another process that starts at the same moment may have made it first. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
