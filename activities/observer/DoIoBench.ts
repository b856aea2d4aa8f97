import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { say } from '../../runtime/messages/catalogue';
import { creationByTask } from '../cluster/brought';
import { removeBy } from '../places';
import { subtask } from '../subtask';
import { OBSERVER, type ObserverInstance, observerOf } from './observer';

/** Fewer writes of 16 KiB a second than this are too few for an observer (OCP release notes 4.0.1). */
const ENOUGH = 1_000;
const WRITES = 200;

/** Beside the folders that must be empty, in the cluster's own on the data disk. */
function probeFile({ layout }: ObserverInstance): string {
  return `${layout.roots[0]}/.obflow-io-bench`;
}

async function removeProbe(host: Host, observer: ObserverInstance): Promise<void> {
  const file = probeFile(observer);
  await removeBy(host, `rm -f -- ${quote(file)}`, file);
}

/**
 * "Do io bench": how many synchronous writes of 16 KiB the data disk does in a second. OCP runs `ob_admin io_bench`, which not
 * every package has and which writes a file of 100 GB; OceanBase 4.x measures by itself when an operator asks for it. This takes
 * a moment and says what it saw; a disk that looks slow is a warning, because an observer writes more at once than this does.
 */
export const DoIoBench = subtask({
  name: 'Do io bench',
  className: 'server.DoIoBenchTask',
  timeout: 1800,
  needs: OBSERVER,

  async run(scope) {
    const observer = await observerOf(scope);
    const host = await scope.host();
    const file = quote(probeFile(observer));
    const { stdout, stderr, exitCode } = await host.sh(
      `trap 'rm -f -- ${file}' EXIT
write() { dd if=/dev/zero of=${file} bs=16k count=${WRITES} "$@" 2>&1; }
begun=$(date +%s%3N)
said=$(write oflag=direct,dsync) || { begun=$(date +%s%3N); said=$(write oflag=dsync); } || { echo "$said" >&2; exit 1; }
echo $(($(date +%s%3N) - begun))`,
      { timeoutMs: 300_000 },
    );
    const took = Number(stdout.trim());
    if (exitCode !== 0 || !Number.isFinite(took)) {
      // Whoever has killed it has killed its trap.
      await removeProbe(host, observer);
      scope.log.warn(say('bench.notMeasured', { said: stderr.trim().slice(-300) }));
      return undefined;
    }
    const perSecond = Math.round((WRITES * 1_000) / Math.max(took, 1));
    const said = say('bench.saw', { disk: observer.layout.roots[0], perSecond });
    if (perSecond < ENOUGH) scope.log.warn(say('bench.slow', { said, enough: ENOUGH }));
    else scope.log.info(said);
    return undefined;
  },

  async rollback(scope) {
    const observer = await observerOf(scope);
    if (creationByTask(scope, observer.cluster) === undefined) return scope.log.info(say('undo.nothing'));
    await removeProbe(await scope.host(), observer);
    scope.log.info(say('undo.nothing'));
  },
});
