/**
 * What stands at paths of a host, where a decision hangs on it. `[ -e … ]` and `ls` say "no" in the same way when there is
 * nothing and when they could not look: a mount that hangs or is broken, a folder that this account may not enter, a
 * circle of links, no such command. Here "absent" is only what the host says in so many words.
 */
import { PermanentError } from '../runtime/errors';
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

const ABSENT = `*'No such file or directory'|*'Not a directory'`;

/** Each path's lines begin with its number; the last line proves that nothing was cut off. */
function lookScript(paths: readonly string[], entries: number): string {
  return `LC_ALL=C; export LC_ALL
at=-1
look() {
  at=$((at + 1))
  said=$(stat -L -c '%F|%s|%U' -- "$1" 2>&1); code=$?
  case $code$said in
    0*) ;;
    ${ABSENT})
      said=$(stat -c '%F|%s|%U' -- "$1" 2>&1); code=$?
      case $code$said in 0*) ;; ${ABSENT}) code=0; said='absent|0|' ;; esac ;;
  esac
  [ "$code" -le 128 ] || exit "$code"
  case $code$said in
    0directory*)
      if [ ${entries} -gt 0 ]; then
        names=$(ls -A -- "$1" 2>&1) || { code=1; said=$names; }
        [ "$code" != 0 ] || printf '%s\\n' "$names" | head -n ${entries} | sed "s/^/obflow-entry $at /"
      fi ;;
  esac
  printf 'obflow-path %s %s %s\\n' "$at" "$code" "$said"
}
${paths.map((path) => `look ${quote(path)}`).join('\n')}
echo obflow-path end`;
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
  const tried = `look at ${paths.length === 1 ? paths[0] : 'paths of the host'}`;
  const result = await host.sh(lookScript(paths, entries), user === undefined ? {} : { user });
  refuseKilled(host.ip, tried, result);
  const lines = result.stdout.split('\n');
  const looks = paths.map((path, at): PathLook => {
    const own = `obflow-path ${at} `;
    const line = lines.find((text) => text.startsWith(own))?.slice(own.length);
    const [code, ...words] = line?.split(' ') ?? [];
    const said = words.join(' ');
    const [kind = '', size = '', owner = ''] = said.split('|');
    if (code !== '0') throw unreadable(host.ip, path, said || result.stderr.trim() || 'no answer', user);
    const named = `obflow-entry ${at} `;
    const names = lines.filter((text) => text.startsWith(named)).map((text) => text.slice(named.length));
    return { kind: kindOf(kind), size: Number(size), owner, entries: names.filter((name) => name !== '') };
  });
  if (lines.includes('obflow-path end')) return looks;
  throw unreadable(host.ip, paths.join(', '), result.stderr.trim() || `exit code ${result.exitCode}`, user);
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

function unreadable(where: string, path: string, cameBack: string, user = 'root'): PermanentError {
  return new PermanentError({
    type: 'PathUnreadable',
    code: 'CMP07050',
    tried: `look at ${path} as ${user}`,
    where,
    cameBack: cameBack.slice(0, 1_000),
    next: 'Repair what stands in the way (a broken mount, rights of a folder above, links in a circle, a missing command), then retry.',
  });
}
