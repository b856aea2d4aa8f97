/** Writing files so that a kill at any moment leaves the old or the new content. */
import { chmodSync, chownSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Replaces a file at once. SQLite writes in place, so mode and owner of the file that was there are kept;
 * a new file gets its mode from the umask. Only root meets a file of somebody else here. Throws the system's error
 * and leaves the old file.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    writeFileSync(temporary, content);
    if (old !== undefined) {
      chmodSync(temporary, old.mode & 0o7777);
      if (process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
