import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import type { Connection } from './connection';
import { quote } from './quote';
import { refuseKilled, runScript } from './script';

/** A file system of a host, as /proc/mounts has it. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * The file system on which `path` lies, or will lie: that of its nearest folder that exists, symbolic links resolved.
 * PermanentError MountsUnreadable, TransientError CommandKilled.
 */
export async function mountOf(connection: Connection, path: string): Promise<Mount> {
  const script = `p=${quote(path)}
while [ ! -e "$p" ] && [ "$p" != / ]; do p=\${p%/*}; p=\${p:-/}; done
{ cd -P -- "$p" && pwd -P; } 2>/dev/null || readlink -f -- "$p" || exit
exec cat /proc/mounts`;
  const result = await runScript(connection, script);
  const tried = say('host.findFileSystem', { path });
  refuseKilled(connection.address.ip, tried, result);
  const [resolved = '', ...lines] = result.stdout.toString().split('\n');
  const found = nearestMount(resolved, lines.join('\n'));
  if (result.exitCode === 0 && found !== undefined) return found;
  throw new PermanentError({
    type: 'MountsUnreadable',
    tried,
    where: connection.address.ip,
    cameBack: result.stderr.toString().trim().slice(0, 500) || say('host.noFileSystem'),
    next: say('next.checkProc'),
  });
}

/** Of the lines of /proc/mounts, the last one whose mount point is the longest above `path`; pure. */
export function nearestMount(path: string, mounts: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of mounts.split('\n')) {
    const [, point, type, options] = line.split(' ').map(unescaped);
    if (point === undefined || type === undefined || options === undefined) continue;
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of two on one point the later one lies on top.
    if (holds && point.length >= (best?.point.length ?? 0))
      best = { point, type, options: options.split(',') };
  }
  return best;
}

/** Blanks and the like in /proc/mounts are written in octal. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
