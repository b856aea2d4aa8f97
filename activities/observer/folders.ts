/** The folders of a server on its disks, and the marks in them by which obflow knows its own. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import type { ObserverLayout } from '../../oceanbase/observerLayout';
import { say } from '../../runtime/messages/catalogue';
import { readJson, removeBy } from '../places';
import type { SubtaskScope } from '../types';
import { FOLDERS_FILE, OBSERVER_DIR } from './mark';

/** Lies in the cluster's folder on each disk; the observer's own folders below must be empty and hold nothing of ours. */
export interface FolderMark {
  readonly serverId: number;
  readonly taskId: number;
}

/** Folders above the cluster's that were missing, the outermost first; written before they are made. */
export interface MadeFolders extends FolderMark {
  readonly above: readonly string[];
}

export const MADE_FOLDERS = `${OBSERVER_DIR}/${FOLDERS_FILE}`;

/** `root` is the cluster's folder on a disk. */
export function markFile(root: string): string {
  return `${root}/.obflow.json`;
}

type IsOurs = (mark: Partial<FolderMark> | undefined) => boolean;

/**
 * Removes what lies in the folders that carry our mark, and the links to them. The mark goes last, and with it the cluster's
 * folder, which stays when somebody else put something there. Resolves to how many disks had a mark.
 */
export async function removeFolders(
  scope: SubtaskScope,
  host: Host,
  layout: ObserverLayout,
  isOurs: IsOurs,
): Promise<number> {
  let ours = 0;
  for (const root of layout.roots) {
    if (!isOurs(await readJson<FolderMark>(host, markFile(root)))) continue;
    ours += 1;
    const folders = layout.folders.filter((path) => path.startsWith(`${root}/`));
    await removeBy(
      host,
      `rm -rf -- ${folders.map(quote).join(' ')} && rm -f -- ${quote(markFile(root))} || exit 1\nrmdir -- ${quote(root)} 2>/dev/null\nexit 0`,
      say('observer.foldersIn', { root }),
    );
    scope.log.info(say('observer.rootRemoved', { root }));
  }
  return ours;
}

/** Links of the store that lead to the folders, and the store itself when it is empty then. */
export async function removeLinks(host: Host, { links, store }: ObserverLayout): Promise<void> {
  const lines = links.map(({ path }) => `[ ! -L ${quote(path)} ] || rm -f -- ${quote(path)}`);
  await host.sh(`${lines.join('\n')}\nrmdir -- ${quote(store)} 2>/dev/null`);
}

/** Only folders that are empty go: a disk may have been mounted there, or others may use them by now. */
export async function removeMadeFolders(host: Host, isOurs: IsOurs): Promise<void> {
  const made = await readJson<MadeFolders>(host, MADE_FOLDERS);
  if (made === undefined || !isOurs(made)) return;
  const folders = [...(made.above ?? [])].reverse();
  await host.sh(
    `${folders.map((path) => `rmdir -- ${quote(path)} 2>/dev/null`).join('\n')}
    rm -f -- ${MADE_FOLDERS}; rmdir -- ${OBSERVER_DIR} 2>/dev/null`,
  );
}
