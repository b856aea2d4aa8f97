import type { Host, HostProcess } from '../../hosts/types';
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { isServing } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { creationByTask } from '../cluster/brought';
import { withCluster } from '../cluster/cluster';
import { othersBear } from '../cluster/stoppable';
import { processText } from '../host/serviceProcesses';
import { troubleOn } from '../host/trouble';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { type ObserverMark, type RestartMark, readObserverMark, writeObserverMark } from './mark';
import { listedServer, OBSERVER, type ObserverInstance, observerOf, serverMadeByTask } from './observer';
import { startServer, stopServer, unitsOn } from './plannedStop';
import { launchObserver, lookForObservers, observerListening, stopObservers } from './process';

const TRIED = say('observer.restart');
/** Enough for the lease of a stopped observer to end and for its next start to be reported. */
const NEWER_MS = 900_000;

function ask(scope: SubtaskScope, observer: ObserverInstance): Promise<ClusterServer | undefined> {
  return withCluster(scope, observer.cluster, say('observer.askState'), async (session) =>
    listedServer(await session.servers(), observer.server),
  );
}

/**
 * Remembers the process that is to go before anything is done, so that a later attempt knows whether it went. A process
 * that has gone by itself (reboot, crash) need not go.
 */
async function remember(
  scope: SubtaskScope,
  host: Host,
  observer: ObserverInstance,
  process: HostProcess | undefined,
  planned: boolean,
): Promise<RestartMark> {
  const server = await ask(scope, observer);
  const restart = {
    pid: process?.pid ?? 0,
    startTicks: process?.startTime ?? '0',
    servingSince: server?.startTime ?? null,
    ...(planned ? { planned } : {}),
  };
  await writeObserverMark(host, observer, scope.input.taskId, { state: 'running', restart });
  return restart;
}

/**
 * Waits until the cluster says that the server serves since later than before the restart; when it is stopped for the
 * restart, until it would serve.
 */
async function newerStart(
  scope: SubtaskScope,
  host: Host,
  observer: ObserverInstance,
  before: RestartMark,
  isBack: (server: ClusterServer) => boolean = isServing,
): Promise<void> {
  const started = Date.now();
  for (;;) {
    // Where no majority is left without this server, nobody can be asked until it is back.
    const server = await ask(scope, observer).catch((error: unknown) => {
      if (!(error instanceof TransientError) || Date.now() - started > NEWER_MS) throw error;
      return undefined;
    });
    const since = server?.startTime ?? null;
    if (server !== undefined && isBack(server) && since !== null && since > (before.servingSince ?? '')) {
      scope.log.info(say('observer.servesSince', { since, before: before.servingSince ?? 'never' }));
      return;
    }
    if (Date.now() - started > NEWER_MS) {
      const text = say('observer.stillSays', {
        minutes: NEWER_MS / 60_000,
        status: server?.innerStatus ?? say('observer.unlisted'),
        since: since ?? 'never',
      });
      throw troubleOn(host, TRIED, 'NotServingAgain', text, say('next.lookAtLog'), 'OBE19004');
    }
    await scope.pause(pauseAfter(Date.now() - started));
  }
}

function restartOf(
  mark: Partial<ObserverMark> | undefined,
  observer: ObserverInstance,
): RestartMark | undefined {
  return mark?.serverId === observer.server.id ? mark.restart : undefined;
}

/**
 * "Restart observer process": it comes back from the configuration it stored alone, without options, as any later start
 * will have to (OCP does not say why it restarts here; this is what it proves).
 */
export const RestartObServerProcess = subtask({
  name: 'Restart observer process',
  className: 'server.RestartObServerProcessTask',
  timeout: 1200,
  waits: true,
  needs: OBSERVER,

  async run(scope) {
    const observer = await observerOf(scope);
    const host = await scope.host();
    const { home } = observer.layout;
    let before = restartOf(await readObserverMark(host), observer);
    let [process] = (await lookForObservers(host, home)).own;
    if (before === undefined) {
      if (process === undefined) scope.log.warn(say('observer.noneWorks', { home }));
      // In a cluster that is being made nobody works yet, and one zone of it alone cannot be stopped.
      const mayStop = process !== undefined && creationByTask(scope, observer.cluster) === undefined;
      const units = mayStop ? await unitsOn(scope, observer) : 0;
      if (units > 0) scope.log.info(say('observer.unitsLive', { units, address: observer.address }));
      before = await remember(scope, host, observer, process, units > 0);
    }
    const { pid, startTicks } = before;
    if (process?.pid === pid && process.startTime === startTicks) {
      if (before.planned === true) {
        await stopServer(scope, observer);
        const { cluster, server } = observer;
        // An earlier attempt may have stopped it long ago.
        await othersBear(scope, cluster, { zone: server.zone, servers: [rpcAddress(server)] });
      }
      scope.log.info(say('observer.stopping', { process: processText(process) }));
      await stopObservers(scope, host, home, process);
      process = undefined;
    }
    if (process === undefined) {
      scope.log.info(say('observer.startingBare'));
      await launchObserver(scope, host, home, 'restart', []);
    }
    const after = await observerListening(scope, host, observer);
    if (after.args.length > 1 && after.args.some((word) => word === '-r')) {
      scope.log.warn(say('observer.startedByOthers'));
    }
    if (before.planned === true) {
      await newerStart(scope, host, observer, before, (server) => isServing({ ...server, stopTime: null }));
      await startServer(scope, observer);
    }
    await newerStart(scope, host, observer, before);
    return undefined;
  },

  /** A server that was stopped for its restart is started again: a stopped server keeps other zones from stopping. */
  async rollback(scope) {
    if ((await serverMadeByTask(scope)) === undefined) return scope.log.info(say('undo.nothing'));
    const observer = await observerOf(scope);
    const host = await scope.host();
    const planned = restartOf(await readObserverMark(host), observer)?.planned === true;
    if (planned && (await ask(scope, observer)) !== undefined) return startServer(scope, observer);
    scope.log.info(say('undo.nothing'));
  },
});
