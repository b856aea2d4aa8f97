import { isServing } from '../../oceanbase/clusterSql';
import { addressText } from '../../runtime/addressText';
import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { ObClusterRow } from '../../store/types';
import { creationByTask } from '../cluster/brought';
import { CLUSTER, clusterById, clusterOf } from '../cluster/cluster';
import { readCluster } from '../cluster/clusterState';
import { recordBootstrap, recordStopping } from '../cluster/creation';
import { objectId } from '../common/objects';
import { onHost } from '../onHost';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { addToCluster } from './adding';
import { provesReady, TOGETHER } from './beforeBootstrap';
import { bootstrapOnce, firstServers } from './bootstrap';
import { refuseUserTenants } from './bootstrapUndo';
import { forgetFirstStart, startedByTask, startFirst } from './firstStart';
import { type HostedObserver, listedServer, observersOf } from './observer';
import { launchObserver, lookForObservers, lookPause, observerListening, stopObservers } from './process';

const SERVE_MS = 1_200_000;

/**
 * All observers run. Their first start has all the options; once BOOTSTRAP may have been sent they have data, and come back from
 * what they have stored.
 */
async function startAll(
  scope: SubtaskScope,
  observers: readonly HostedObserver[],
  hasData: boolean,
): Promise<void> {
  await someAtATime(observers, TOGETHER, async (observer) => {
    const there = onHost(scope, observer.hostId);
    const host = await there.host();
    if (!hasData) return startFirst(there, host, observer);
    const { home } = observer.layout;
    if ((await lookForObservers(host, home)).own.length === 0) {
      scope.log.info(say('observer.startingBare'));
      await launchObserver(there, host, home, 'restart', []);
    }
    await observerListening(there, host, observer);
  });
}

/** Every server serves, or the run is over: TransientError naming those that do not. */
async function allServe(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  observers: readonly HostedObserver[],
): Promise<void> {
  const started = Date.now();
  for (let looks = 0; ; looks += 1) {
    const { servers } = await readCluster(scope, cluster);
    const away = observers.filter(({ server }) => {
      const seen = listedServer(servers, server);
      return seen === undefined || !isServing(seen);
    });
    if (away.length === 0) {
      scope.log.info(say('obTakeOver.allServe', { count: observers.length }));
      return;
    }
    if (Date.now() - started > SERVE_MS) {
      throw new TransientError({
        type: 'ServersAway',
        code: 'OBE19004',
        tried: say('bootstrap.serve'),
        where: cluster.name,
        cameBack: say('obTakeOver.serversAway', {
          servers: away.map(({ server }) => addressText(server.ip, server.rpcPort)).join(', '),
        }),
        next: say('next.lookAtLog'),
      });
    }
    await scope.pause(lookPause(looks));
  }
}

/** The processes of all servers go before the files of any. Only what this task has started. */
async function stopAll(scope: SubtaskScope, observers: readonly HostedObserver[]): Promise<void> {
  const ours = await someAtATime(observers, TOGETHER, async (observer) => {
    const there = onHost(scope, observer.hostId);
    const host = await there.host();
    if (!(await startedByTask(scope, host, observer))) {
      scope.log.info(say('observer.notStarted'));
      return [];
    }
    await stopObservers(there, host, observer.layout.home);
    scope.log.info(say('bootstrap.stopped', { ip: host.ip }));
    return [{ host, observer }];
  });
  for (const { host, observer } of ours.flat()) await forgetFirstStart(host, observer);
}

/** "Bootstrap ob": all observers start, those of the root servers become a cluster, the others are added, and all serve. */
export const BootstrapOb = subtask({
  name: 'Bootstrap ob',
  className: 'server.BootstrapObTask',
  timeout: 3600,
  prohibitSkip: true,
  needs: CLUSTER,
  leaves: 'the running observers and their data',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const creation = creationByTask(scope, cluster);
    await recordStopping(scope, cluster, false);
    const observers = await observersOf(scope, cluster);
    const first = firstServers(cluster, observers);
    await startAll(scope, observers, creation?.state !== 'NONE');
    if (creation?.state === 'NONE') await provesReady(scope, observers, first);
    await bootstrapOnce(scope, cluster, first, await scope.store.obServers.zones(cluster.id));
    for (const observer of observers.filter((one) => !first.includes(one))) {
      await addToCluster(scope, observer);
    }
    await allServe(scope, cluster, observers);
    return undefined;
  },

  async rollback(scope) {
    const id = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
    const cluster = await clusterById(scope, id);
    if (creationByTask(scope, cluster) === undefined) {
      scope.log.info(say('undo.nothing'));
      return;
    }
    const observers = await observersOf(scope, cluster);
    await refuseUserTenants(scope, cluster, observers);
    await recordStopping(scope, cluster, true);
    await stopAll(scope, observers);
    await recordBootstrap(scope, cluster, { state: 'UNDONE' });
  },
});
