import { TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { subtask } from '../subtask';
import { clusterOf } from './cluster';
import {
  beginClusterWork,
  CLUSTER_LIFE,
  type ClusterScope,
  serversOfTask,
  undoPrepareStart,
} from './wholeCluster';

/** So many hosts are asked together, and so long is one that does not answer waited for. */
const TOGETHER = 10;
const ANSWER_MS = 15_000;

/** TransientError naming every host that does not answer: of a cluster that lacks servers nobody knows which data is the newest. */
async function reachHosts(scope: ClusterScope): Promise<void> {
  const hosts = new Map<number, string>();
  for (const { hostId, ip } of await serversOfTask(scope)) if (hostId !== null) hosts.set(hostId, ip);
  const troubles = await someAtATime([...hosts], TOGETHER, async ([id, ip]) => {
    try {
      // A connection that was opened before says nothing of now.
      await (await scope.hostById(id)).sh('true', { timeoutMs: ANSWER_MS });
      return [];
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      return [say('sql.silent', { at: ip, said: error.said })];
    }
  });
  const away = troubles.flat();
  if (away.length === 0) return scope.log.info(say('clusterLife.hostsAnswer', { count: hosts.size }));
  throw new TransientError({
    type: 'HostsUnreachable',
    code: 'CMP07004',
    tried: say('clusterLife.reachHosts'),
    cameBack: away,
    next: say('clusterLife.bringHosts'),
  });
}

/** "Prepare start cluster": every host answers, before any process is started. */
export const PrepareStartObCluster = subtask({
  name: 'Prepare start cluster',
  className: 'cluster.PrepareStartObClusterTask',
  timeout: 300,
  needs: CLUSTER_LIFE,

  async run(scope) {
    await reachHosts(scope);
    await beginClusterWork(scope, await clusterOf(scope), 'STARTING', ['STOPPED', 'UNAVAILABLE']);
    return undefined;
  },

  rollback: undoPrepareStart,
});
