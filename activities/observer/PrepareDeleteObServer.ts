import { isServing, rootServersOf } from '../../oceanbase/clusterSql';
import { addressText, rpcAddress } from '../../runtime/addressText';
import { PermanentError, saidOf, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { clusterById, inTurn } from '../cluster/cluster';
import { readCluster, recordCluster } from '../cluster/clusterState';
import { tellBeforeLeaving, tellRootServers } from '../obproxy/rootServers';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { beginDeletion, deletedByTask } from './deletion';
import { homedObserver, sayProcesses, seenMember, undoPrepareServer } from './life';
import { type ClusterMember, memberOf, OBSERVER } from './observer';
import { lookForObservers } from './process';

const DELETION = { ...OBSERVER, skipped_host_ids: 'list?' } as const;

/** Where its process lives, while that can be seen. Of a server that does not serve, the machine may be gone for good. */
async function findOnHost(
  scope: SubtaskScope<typeof DELETION>,
  member: ClusterMember,
  serves: boolean,
): Promise<void> {
  const { hostId } = member.server;
  if (hostId === null || scope.list('skipped_host_ids')?.includes(String(hostId)) === true) return;
  try {
    const host = await scope.hostById(hostId);
    const { layout } = await homedObserver(scope, host, member);
    sayProcesses(scope, layout.home, await lookForObservers(host, layout.home));
  } catch (error) {
    scope.signal.throwIfAborted();
    const isKnown = error instanceof TransientError || error instanceof PermanentError;
    if (serves || !isKnown) throw error;
    scope.log.warn(saidOf(error));
  }
}

/** OBProxies that know root servers by a list alone have one without those that this task deletes, before they go. */
async function tellThatTheyGo(
  scope: SubtaskScope<typeof DELETION>,
  { id, name }: ObClusterRow,
): Promise<void> {
  const cluster = await clusterById(scope, id);
  const going = (await deletedByTask(scope, id)).map(rpcAddress);
  const { servers } = await readCluster(scope, cluster);
  const staying = servers.filter(({ ip, rpcPort }) => !going.includes(addressText(ip, rpcPort)));
  await tellBeforeLeaving(scope, { id, name }, rootServersOf(staying.filter(isServing), cluster.rootServers));
}

/** "Prepare delete observer": units find room elsewhere in the zone, every log stream has its majority, and this task works on the server from now on. */
export const PrepareDeleteObServer = subtask({
  name: 'Prepare delete observer',
  className: 'server.PrepareDeleteObServerTask',
  timeout: 300,
  needs: DELETION,

  async run(scope) {
    const member = await memberOf(scope);
    const { server, state } = await seenMember(scope, member);
    const isOurs = member.server.work?.taskId === scope.input.taskId;
    if (server.innerStatus === 'DELETING' && !isOurs) {
      throw new PermanentError({
        type: 'ServerDeleting',
        code: 'OBE19003',
        tried: say('delete.ask'),
        where: member.address,
        cameBack: say('observer.beingDeleted', { cluster: member.cluster.name }),
        next: say('next.cancelDeletionOrWait', { address: member.address }),
      });
    }
    // Whoever is known to answer may be the one that goes.
    await recordCluster(scope, member.cluster, state);
    await findOnHost(scope, member, server.innerStatus === 'ACTIVE');
    await beginDeletion(scope, member);
    // One after the other: the last of several sees all that go.
    await inTurn(scope, member.cluster.id, (inside) => tellThatTheyGo(inside, member.cluster));
    return undefined;
  },

  /** OBProxies hear of the servers again that stay after all. */
  async rollback(scope) {
    await undoPrepareServer(scope);
    const { cluster } = await memberOf(scope);
    await tellRootServers(scope, cluster, cluster.rootServers);
  },
});
