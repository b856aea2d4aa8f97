/**
 * What stands at paths of a host, where a decision hangs on it. `[ -e … ]` and `ls` say "no" in the same way when there is
 * nothing and when they could not look: a mount that hangs or is broken, a folder that this account may not enter, a
 * circle of links, no such command. Here "absent" is only what the host says in so many words.
 */
import { PermanentError } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { quote } from './quote';
import { refuseKilled } from './script';
import type { Host } from './types';

export interface PathLook {
  /** Links are followed; `link` is one that leads nowhere. */
  readonly kind: 'absent' | 'file' | 'folder' | 'link' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Name of the owner, as the host calls the account. */
  readonly owner: string;
  /** The first names in a folder, when they were asked for. */
  readonly entries: readonly string[];
}

export interface PathLookOptions {
  /** Look as this user instead of root. */
  readonly user?: string;
  /** So many names of what is in folders; default 0. */
  readonly entries?: number;
}

/** What stat says of a path, after its name, when there is nothing. */
const ABSENT = /: (No such file or directory|Not a directory)$/;

/**
 * One stat for all of the paths, which takes the shell's place and says on stderr what it could not look at; a link that leads
 * nowhere is looked at by itself. A line before it, and its exit code, prove that nothing was cut off.
 */
function lookScript(paths: readonly string[], entries: number): string {
  const list = paths.map(quote).join(' ');
  return `LC_ALL=C; export LC_ALL
for path in ${list}; do
  if [ -L "$path" ] && [ ! -e "$path" ]; then stat -c 'obflow-link %F|%s|%U|%n' -- "$path"
  elif [ ${entries} -gt 0 ] && [ -d "$path" ]; then
    if names=$(ls -A -- "$path" 2>&1); then
      [ -z "$names" ] || printf '%s\\n' "$names" | head -n ${entries} | sed "s|^|obflow-entry $path |"
    else printf 'obflow-refused %s %s\\n' "$path" "$names"; fi
  fi
done
echo obflow-end
exec stat -L -c 'obflow-path %F|%s|%U|%n' -- ${list}`;
}

function kindOf(text: string): PathLook['kind'] {
  if (text === 'absent') return 'absent';
  if (text === 'directory') return 'folder';
  if (text === 'symbolic link') return 'link';
  return text.startsWith('regular') ? 'file' : 'other';
}

/**
 * Looks at all of the paths in one round trip; the answers stand in their order.
 *
 * @throws PermanentError PathUnreadable (CMP07050) with what the host said, when it could not look at one of them
 * @throws TransientError CommandKilled
 */
export async function lookAtPaths(
  host: Pick<Host, 'sh' | 'ip'>,
  paths: readonly string[],
  { user, entries = 0 }: PathLookOptions = {},
): Promise<PathLook[]> {
  const [first, ...more] = paths;
  const tried = say('path.look', {
    path: more.length === 0 && first !== undefined ? first : say('path.several'),
  });
  const result = await host.sh(lookScript(paths, entries), user === undefined ? {} : { user });
  refuseKilled(host.ip, tried, result);
  const lines = result.stdout.split('\n');
  const errors = result.stderr.split('\n');
  const after = (word: string, path: string) =>
    lines
      .filter((text) => text.startsWith(`${word} ${path} `))
      .map((text) => text.slice(word.length + path.length + 2));
  const looks = paths.map((path): PathLook => {
    const seen = (word: string) =>
      lines.find((text) => text.startsWith(`${word} `) && text.endsWith(`|${path}`))?.slice(word.length + 1);
    const [refused] = after('obflow-refused', path);
    if (refused !== undefined) throw unreadable(host.ip, path, refused, user);
    const found = seen('obflow-path');
    // Of a circle of links, a broken mount and the like stat says something else.
    const error = errors.find((text) => text.includes(`'${path}': `));
    if (found === undefined && (error === undefined || !ABSENT.test(error)))
      throw unreadable(host.ip, path, error ?? (result.stderr.trim() || say('url.noAnswer')), user);
    const [kind = '', size = '', owner = ''] = (found ?? seen('obflow-link') ?? 'absent|0|').split('|');
    const names = after('obflow-entry', path).filter((name) => name !== '');
    return { kind: kindOf(kind), size: Number(size), owner, entries: names };
  });
  // 1: it has said above what it could not look at.
  if (lines.includes('obflow-end') && result.exitCode <= 1) return looks;
  throw unreadable(
    host.ip,
    paths.join(', '),
    result.stderr.trim() || say('host.exitCode', { code: result.exitCode }),
    user,
  );
}

/** The same for one path. */
export async function lookAtPath(
  host: Pick<Host, 'sh' | 'ip'>,
  path: string,
  options: PathLookOptions = {},
): Promise<PathLook> {
  const [look] = await lookAtPaths(host, [path], options);
  if (look === undefined) throw new Error('a path that was asked for was looked at');
  return look;
}

function unreadable(where: string, path: string, cameBack: Said, user = 'root'): PermanentError {
  return new PermanentError({
    type: 'PathUnreadable',
    code: 'CMP07050',
    tried: say('path.lookAs', { path, user }),
    where,
    cameBack: typeof cameBack === 'string' ? cameBack.slice(0, 1_000) : cameBack,
    next: say('next.repairPath'),
  });
}
