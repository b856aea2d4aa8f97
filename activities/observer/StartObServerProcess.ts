import { say } from '../../runtime/messages/catalogue';
import { isClusterWide } from '../cluster/cluster';
import { beginOutage } from '../cluster/wholeCluster';
import { formerOf } from '../common/work';
import { subtask } from '../subtask';
import { homedObserver, SERVER_LIFE, workedServer } from './life';
import { memberOf } from './observer';
import { stopObservers } from './process';
import { goesAway, startProcess } from './processLife';
import { readStartNote, readStopNote, writeStartNote } from './stopNote';

/** An undo waits so long for the cluster to notice that the process has ended. */
const LEASE_MS = 60_000;

/** "Start observer process": from the configuration that it stored alone, as the run user; proved by both ports. */
export const StartObServerProcess = subtask({
  name: 'Start observer process',
  className: 'server.StartObServerProcessTask',
  timeout: 1200,
  needs: SERVER_LIFE,
  leaves: 'the running observer',

  async run(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const observer = await homedObserver(scope, host, member);
    await startProcess(scope, host, observer, 'start', async () => {
      if (isClusterWide(scope)) await beginOutage(scope, member.cluster);
      await writeStartNote(scope, host, member);
    });
    return undefined;
  },

  /** Only one that this task has started, of a server that did not run before. */
  async rollback(scope) {
    const member = await memberOf(scope);
    const host = await scope.host();
    const former = await formerOf(scope, workedServer(member));
    const started = await readStartNote(scope, host, member);
    // One that this task has ended itself did run before.
    const stopped = await readStopNote(scope, host, member);
    if (former === undefined || stopped !== undefined || !started) return scope.log.info(say('undo.nothing'));
    const { layout } = await homedObserver(scope, host, member);
    await stopObservers(scope, host, layout.home);
    scope.log.info(say('observer.stopped'));
    if (isClusterWide(scope)) return;
    if (!(await goesAway(scope, member, LEASE_MS)))
      scope.log.warn(say('server.stillActive', { address: member.address }));
  },
});
