import { type ClusterServer, isServing, serverStatus } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { CLUSTER_WIDE, isClusterWide, withCluster } from '../cluster/cluster';
import { settleWork, unsettleWork } from '../common/work';
import { processText } from '../host/serviceProcesses';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import type { SubtaskScope } from '../types';
import { homedObserver, workedServer } from './life';
import {
  type ClusterMember,
  listedServer,
  memberOf,
  OBSERVER,
  type ObserverScope,
  serverMadeByTask,
} from './observer';
import { lookForObservers } from './process';

function refuse({ address }: ClusterMember, status: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: say('observer.record', { status }),
    where: address,
    cameBack,
    next,
  });
}

/** The cluster calls a process ACTIVE that was ended within its lease; and one that has just started, before it serves. */
const SETTLES_MS = 60_000;

const isStarting = (server: ClusterServer): boolean =>
  server.innerStatus === 'ACTIVE' && server.startTime === null && server.stopTime === null;

/** The server as its cluster lists it, when the cluster has noticed that it has stopped or started, or has not for too long. */
async function seenServer(
  scope: SubtaskScope,
  { cluster, server }: ClusterMember,
  stopped: boolean,
): Promise<ClusterServer | undefined> {
  const started = Date.now();
  for (;;) {
    const seen = await withCluster(scope, cluster, say('observer.askState'), async (session) =>
      listedServer(await session.servers(), server),
    );
    const settles = seen !== undefined && (stopped ? isServing(seen) : isStarting(seen));
    if (!settles || Date.now() - started > SETTLES_MS) return seen;
    await scope.pause(pauseAfter(Date.now() - started));
  }
}

/** A cluster that has stopped tells nothing: its host says whether the server has. */
async function settleByHost(scope: ObserverScope, member: ClusterMember): Promise<void> {
  const host = await scope.host();
  const { layout } = await homedObserver(scope, host, member);
  const { own } = await lookForObservers(host, layout.home);
  if (own.length > 0) {
    const text = say('server.cameBack', { processes: own.map(processText) });
    throw refuse(member, 'STOPPED', text, say('server.endKeeper'));
  }
  await settleWork(scope, workedServer(member), 'STOPPED');
}

/**
 * "Update observer status": what the cluster says is written. A server that does not serve is not called RUNNING; one that
 * serves is not called STOPPED, which `target_server_status` asks for. When all of its cluster stops, its host is asked.
 */
export const UpdateObServerStatus = subtask({
  name: 'Update observer status',
  className: 'server.UpdateObServerStatusTask',
  timeout: 300,
  needs: { ...OBSERVER, ...CLUSTER_WIDE, ...CLUSTER_TAKE_OVER, target_server_status: 'value?' },

  async run(scope) {
    const member = await memberOf(scope);
    const { cluster, server, address } = member;
    const stopped = scope.value('target_server_status') === 'STOPPED';
    if (stopped && isClusterWide(scope)) {
      await settleByHost(scope, member);
      return undefined;
    }
    const seen = await seenServer(scope, member, stopped);
    const target = stopped ? 'STOPPED' : 'RUNNING';
    if (seen === undefined) {
      throw refuse(
        member,
        target,
        say('observer.unlistedBy', { cluster: cluster.name }),
        say('next.logWhenServing'),
      );
    }
    if (isServing(seen) === stopped) {
      const text = stopped
        ? say('observer.serves')
        : say('observer.notServing', { status: seen.innerStatus });
      const next = stopped ? say('next.stopAndRetry') : say('next.logWhenServing');
      throw refuse(member, target, text, next);
    }
    const status = stopped ? target : serverStatus(seen);
    await settleWork(scope, workedServer(member), status);
    await scope.store.obServers.recordSeen(server.id, { ...seen, status });
    // The server itself keeps the host occupied from now on.
    if (server.hostId !== null) {
      await scope.store.obServers.releaseHost(server.hostId, scope.input.taskId);
    }
    scope.log.info(`${address}: ${seen.buildVersion}`);
    return undefined;
  },

  async rollback(scope) {
    const member = await memberOf(scope);
    await unsettleWork(scope, workedServer(member));
    if ((await serverMadeByTask(scope)) === undefined) return;
    await scope.store.obServers.reserveHost(await scope.hostId(), scope.input.taskId);
  },
});
