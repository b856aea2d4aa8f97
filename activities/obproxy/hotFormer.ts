/** The process that a hot restart has left behind: its clients are in the midst of their work. */
import type { Host } from '../../hosts/types';
import { exitTimeoutMs } from '../../oceanbase/handOver';
import { say } from '../../runtime/messages/catalogue';
import { type HotProxy, type HotScope, readHotNote } from './hotProxy';
import { isSameProcess, lookForProxies, type ProcessIdentity } from './process';

const LOOK_MS = 500;
/** Beside the time that its sessions have, the former process needs up to a second and a half (OBProxy 4.3.1, observed). */
const GRACE_MS = 10_000;
/** So long an attempt waits itself for the former process; what takes longer is looked at again by the next one. */
const PATIENCE_MS = 60_000;

/** Connections of clients that a process still has, from /proc. */
async function connectionsOf(host: Host, { pid }: ProcessIdentity, port: number): Promise<number> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const { stdout } = await host.sh(`
    held=$(find /proc/${pid}/fd -maxdepth 1 -lname 'socket:*' -printf '%l\\n' 2>/dev/null)
    count=0
    while read -r _ _ _ _ _ _ _ _ _ inode _; do
      case $held in *"socket:[\${inode:-none}]"*) count=$((count + 1)) ;; esac
    done <<END
$(grep -hE '^ *[0-9]+: [0-9A-F]+:${hex} [0-9A-F]+:[0-9A-F]+ 01 ' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
END
    echo "$count"`);
  return Number(stdout.trim()) || 0;
}

/**
 * Waits until the former process of this task's hot restart has left, for hot_upgrade_exit_timeout and ten seconds, but not
 * longer than `longestMs`; a wait of more than a minute ends the attempt (`scope.notYet`). False, with a warning, when it is
 * there even then: it leaves by itself, and clients with a session there go on.
 */
export async function awaitFormer(scope: HotScope, proxy: HotProxy, longestMs: number): Promise<boolean> {
  const { host, home, sqlPort } = proxy;
  const note = await readHotNote(scope, proxy);
  if (note?.servedAt === undefined) return true;
  const attemptEnds = Date.now() + PATIENCE_MS;
  const allowed = exitTimeoutMs(note.exitTimeout);
  const deadline = note.servedAt + Math.min(allowed + GRACE_MS, longestMs);
  for (;;) {
    const { own } = await lookForProxies(host, home);
    if (!own.some((one) => isSameProcess(one, note.process))) {
      scope.log.info(say('hot.formerLeft', { pid: note.process.pid }));
      return true;
    }
    const now = Date.now();
    if (now > deadline) {
      const open = await connectionsOf(host, note.process, sqlPort);
      const until = Number.isFinite(allowed)
        ? say('hot.within', { seconds: Math.max(Math.round((note.servedAt + allowed - now) / 1000), 0) })
        : say('hot.whenEmpty');
      scope.log.warn(say('hot.formerStays', { pid: note.process.pid, open, until }));
      return false;
    }
    // The text stays the same, so that it is logged once.
    if (now > attemptEnds) {
      scope.notYet(say('process.letsEnd', { pid: note.process.pid }), { afterSeconds: 2 });
    }
    await scope.pause(LOOK_MS);
  }
}
