/** What a host lets a login use: of files and memory, and of the file systems that obflow and rpm write to. */
import { say, type Text } from '../runtime/messages/catalogue';

export interface Shortage {
  readonly text: Text;
  readonly next: Text;
}

/** Below these a package is cut off, or a proxy does not start; blocks of 512 bytes, and KiB. */
const LIMITS = [
  { letter: 'f', least: 2 * 1024 * 1024, key: 'contact.fileLimit' },
  { letter: 'v', least: 2 * 1024 * 1024, key: 'contact.memoryLimit' },
] as const;

/** Shell text that prints a line for each of them: a number, or `unlimited`. */
export const LIMITS_LOOK = LIMITS.map(({ letter }) => `ulimit -${letter}`).join('; ');

/** What the login's shells, and everything that they start, are limited to. */
export function limited(lines: readonly string[]): Shortage[] {
  return LIMITS.flatMap(({ least, key }, index) => {
    const limit = lines[index] ?? '';
    if (!/^\d+$/.test(limit) || Number(limit) >= least) return [];
    return [{ text: say(key, { limit }), next: say('next.liftLimit') }];
  });
}

/** obflow's folder on a host, below which packages are uploaded. */
export const OWN = '/var/lib/obflow';
/** Where a login that is not root uploads to, and rpm keeps the scripts of a package while they run. */
export const TEMPORARY = '/var/tmp';
/** With less of it nothing worth speaking of can be written. */
const LEAST_MIB = 16;
const LEAST_FILES = 64;

/** Shell text that prints a line for each of their file systems. */
export const ROOM_LOOK = `own=${OWN}; [ -d "$own" ] || own=\${own%/*}
stat -f -c '%a %S %c %d %n' -- "$own" ${TEMPORARY} 2>/dev/null`;

/** The folders on whose file systems no byte, or no file, is left. */
export function crowded(lines: readonly string[]): Shortage[] {
  return lines.flatMap((line) => {
    const [blocks, size, files, freeFiles, folder] = line.split(' ');
    const free = (Number(blocks) * Number(size)) / 1024 ** 2;
    // Some file systems count no files.
    const left = Number(files) === 0 ? Number.POSITIVE_INFINITY : Number(freeFiles);
    if (folder === undefined) return [];
    const next = say('next.freeSpaceIn', { folder });
    if (free < LEAST_MIB) return [{ text: say('contact.noRoom', { folder, free: free.toFixed(1) }), next }];
    return left < LEAST_FILES ? [{ text: say('contact.noFiles', { folder, left }), next }] : [];
  });
}
