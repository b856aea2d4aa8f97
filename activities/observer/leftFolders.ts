/**
 * What stays on a host of a server that obflow has not made: nobody knows whose else its folders are, so they are named, with
 * the command that removes them.
 */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ObServerRow } from '../../store/types';

/** Whether obflow has made the server, so that its files go with it: their marks say so once more before anything goes. */
export function isMadeByObflow({ adopted, taskId }: Pick<ObServerRow, 'adopted' | 'taskId'>): boolean {
  return adopted === null && taskId !== null;
}

/** What an observer writes into its home, or its data directory. */
const WRITTEN = 'store sstable clog ilog slog log run audit wallet etc2 etc3';

/**
 * Prints the package of the program, and every folder that is there: home, data, and where the links of the data lead; those
 * of a home may lead to a program that others share. A folder of two names may be more than the server's (/home/admin, /data/1): of
 * such a one only what an observer writes into it.
 */
function lookScript(home: string | null, data: readonly string[]): string {
  return `
    show() { case "$1" in /*/*/?*) echo "folder $1";; /*/?*) for part in ${WRITTEN}; do [ ! -d "$1/$part" ] || echo "folder $1/$part"; done;; esac; }
    ${home === null ? '' : `rpm -qf --qf 'package %{name}\\n' ${quote(`${home}/bin/observer`)} 2>/dev/null | grep '^package '`}
    ${home === null ? '' : `[ ! -d ${quote(home)} ] || show "$(readlink -f ${quote(home)})"`}
    for folder in ${data.map(quote).join(' ')}; do
      [ -d "$folder" ] || continue
      show "$(readlink -f "$folder")"
      for link in "$folder"/*; do
        [ -L "$link" ] && [ -d "$link" ] && show "$(readlink -f "$link")"
      done
    done
    exit 0`;
}

/** The folders of the server, as they are on its host now, and what removes them and its package by hand. */
async function leftOf(
  host: Host,
  { home, adopted }: Pick<ObServerRow, 'home' | 'adopted'>,
  clusterName: string,
): Promise<{ readonly folders: readonly string[]; readonly command: string }> {
  const data = [adopted?.dataDir, home === null ? undefined : `${home}/store/${clusterName}`];
  const known = data.flatMap((path) => path ?? []);
  const { stdout } = await host.sh(lookScript(home, known));
  const lines = stdout.split('\n').map((line) => line.trim());
  const named = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? line.slice(kind.length + 1) : []));
  const found = [...new Set(named('folder'))].sort();
  const folders = found.filter((folder) => !found.some((other) => folder.startsWith(`${other}/`)));
  const [name] = named('package');
  const remove = `rm -rf --one-file-system -- ${folders.map(quote).join(' ')}`;
  return { folders, command: name === undefined ? remove : `rpm -e ${quote(name)}; ${remove}` };
}

/** The same in words. */
export async function leftText(
  host: Host,
  server: Pick<ObServerRow, 'home' | 'adopted'>,
  { address, clusterName }: { readonly address: string; readonly clusterName: string },
): Promise<Text> {
  const { folders, command } = await leftOf(host, server, clusterName);
  if (folders.length === 0) return say('clean.nothingKnown', { address });
  return say('clean.notOurs', { address, paths: folders.join(', '), command });
}
