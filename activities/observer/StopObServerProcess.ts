import type { Host } from '../../hosts/types';
import { minorFreezeSql } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { isClusterWide, STATEMENT_MS, withCluster } from '../cluster/cluster';
import { freezeIfAnswered, freezeOnce, frozen } from '../cluster/freeze';
import { othersBear } from '../cluster/stoppable';
import { beginOutage } from '../cluster/wholeCluster';
import { endsAs, formerOf } from '../common/work';
import { processText } from '../host/serviceProcesses';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import {
  type HomedObserver,
  homedObserver,
  isOutOfService,
  type LifeScope,
  SERVER_LIFE,
  seenMember,
  workedServer,
} from './life';
import { type ClusterMember, memberOf } from './observer';
import { lookForObservers, stopObservers } from './process';
import { comesBack, refuseRestarted, startProcess } from './processLife';
import { readStopNote, type StopNote, writeStopNote } from './stopNote';

/** A freeze mostly takes seconds; what takes longer is waited for without a worker, and not for ever. */
const QUICK_MS = 10_000;
const FREEZE_SECONDS = 600;
/** So long an undo waits for the server that it has started. */
const BACK_MS = 600_000;

/**
 * Writes what is in memory to disk, so that the next start reads less of the log, and notes when. What the cluster does not give,
 * or takes too long for, is a warning: the log holds it.
 */
async function freeze(scope: LifeScope, host: Host, observer: HomedObserver, note: StopNote): Promise<void> {
  const { cluster, server, address } = observer;
  const begun = Date.now();
  const ask = <T>(work: Parameters<typeof withCluster<T>>[3]) =>
    withCluster(scope, cluster, say('observer.freeze'), work, STATEMENT_MS);
  const sql = minorFreezeSql(server);
  await freezeIfAnswered(scope, async () => {
    const frozenAt = await freezeOnce(scope, {
      ...{ sql, note },
      save: (known) => writeStopNote(scope, host, observer, { ...note, ...known }),
      time: () => ask((session) => session.time()),
      send: () => ask((session) => session.alter(sql)),
      look: (since) => ask(async (session) => frozen(await session.checkpoint(server), since)),
    });
    for (;;) {
      const [checkpoint, time] = await ask(async (session) => [
        await session.checkpoint(server),
        await session.time(),
      ]);
      if (checkpoint === undefined || checkpoint >= frozenAt) return;
      if (time - frozenAt > FREEZE_SECONDS) {
        scope.log.warn(say('server.freezeTooLong', { seconds: FREEZE_SECONDS }));
        return;
      }
      const waited = Date.now() - begun;
      if (scope.goesOn || waited > QUICK_MS) scope.notYet(say('server.freezing', { address }));
      await scope.pause(pauseAfter(waited));
    }
  });
}

/**
 * Since when the server has served, and whether it is out of service. PermanentError StillInService when it serves, unless
 * all of the cluster stops, of which nothing is asked any more, or the request says force.
 */
async function mayEnd(
  scope: LifeScope,
  member: ClusterMember,
): Promise<{ readonly servingSince: string | null; readonly out: boolean }> {
  if (isClusterWide(scope)) {
    await beginOutage(scope, member.cluster);
    // As the cluster said it when the task began.
    return { servingSince: member.server.startTime, out: true };
  }
  const seen = await seenMember(scope, member);
  const out = isOutOfService(seen);
  if (!out && scope.value('force') !== 'true') {
    throw new PermanentError({
      type: 'StillInService',
      code: 'OBE19003',
      tried: say('observer.stop'),
      where: member.address,
      cameBack: say('server.inService'),
      next: say('server.retryStopServer'),
    });
  }
  if (!out) scope.log.warn(say('server.interrupts', { address: member.address }));
  return { servingSince: seen.server.startTime, out };
}

/** Whoever forces the stop, or stops all, does not ask what the others bear. Of a zone all goes, and some may have gone already. */
async function othersMayLose(scope: LifeScope, { cluster, server }: ClusterMember): Promise<void> {
  if (isClusterWide(scope) || scope.value('force') === 'true') return;
  const { zone } = server;
  const zoneWide = scope.value('zone_wide') === 'true';
  await othersBear(scope, cluster, zoneWide ? { zone } : { zone, servers: [rpcAddress(server)] });
}

/** "Stop observer process": only that of the server's home, only when the cluster has let it go, and by its pid. */
export const StopObServerProcess = subtask({
  name: 'Stop observer process',
  className: 'server.StopObServerProcessTask',
  timeout: 1200,
  waits: true,
  needs: SERVER_LIFE,
  leaves: 'the stopped observer',

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const observer = await homedObserver(scope, host, member);
    const { home } = observer.layout;
    const [look, known] = await Promise.all([
      lookForObservers(host, home),
      readStopNote(scope, host, member),
    ]);
    const [process] = look.own;
    if (process === undefined || known?.stopped === true) {
      scope.log.info(say('observer.noneWorks', { home }));
    } else {
      const { servingSince, out } = await mayEnd(scope, member);
      const note: StopNote = { ...known, servingSince: known?.servingSince ?? servingSince };
      // Whatever becomes of the freeze: an undo that finds no note leaves the server down, or takes it for one that was.
      if (known === undefined) await writeStopNote(scope, host, member, note);
      // Of a whole cluster the memory is frozen before the first process ends.
      if (scope.value('freeze_server') !== 'false' && !isClusterWide(scope))
        await freeze(scope, host, observer, note);
      if (out) await othersMayLose(scope, member);
      await endsAs(scope, workedServer(member), out ? 'STOPPED' : 'UNAVAILABLE');
      scope.log.info(say('observer.stopping', { process: processText(process) }));
      await stopObservers(scope, host, home, process);
      await writeStopNote(scope, host, member, { ...note, stopped: true });
    }
    const { work } = (await scope.store.work.find(workedServer(member).object)) ?? {};
    if (work?.status === 'STOPPING') await refuseRestarted(scope, host, home);
    return undefined;
  },

  /** A server whose process ran before this task has one again. */
  async rollback(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const note = await readStopNote(scope, host, member);
    if (note === undefined || (await formerOf(scope, workedServer(member))) === undefined)
      return scope.log.info(say('undo.nothing'));
    await startProcess(scope, host, await homedObserver(scope, host, member), 'rollback-start');
    // Until others run as well the cluster answers nobody; the undo of its Prepare subtask waits for all.
    if (isClusterWide(scope)) return;
    if (!(await comesBack(scope, member, note.stopped === true ? note.servingSince : null, BACK_MS)))
      scope.log.warn(say('server.notBackYet', { address: member.address }));
  },
});
