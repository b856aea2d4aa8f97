/** The servers of a host that go, and how a task that deletes a whole cluster ends all of its processes first. */
import { addressText, rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { OB_SERVER_STATUSES } from '../../store/statuses';
import type { ObClusterRow } from '../../store/types';
import { CLUSTER, clusterOf } from '../cluster/cluster';
import { HOST } from '../common/objects';
import { beginWork, settleWork } from '../common/work';
import type { Needs, SubtaskScope } from '../types';
import { endForGood } from './cleaning';
import { isClusterDeleted } from './deletion';
import { workedServer } from './life';
import type { ClusterMember } from './observer';

/** Keys by which servers that go are found on a host. */
export const GOING = { ...HOST, ...CLUSTER, skipped_host_ids: 'list?' } as const satisfies Needs;

export type GoingScope = SubtaskScope<typeof GOING>;

/** Whether the host of the subtask is left alone. */
export async function isLeftAlone(scope: GoingScope): Promise<boolean> {
  return scope.list('skipped_host_ids')?.includes(String(await scope.hostId())) === true;
}

/** Servers of the cluster on the subtask's host: those that this task deletes, or all when it deletes the cluster. */
export async function goingServers(
  scope: GoingScope,
): Promise<{ readonly cluster: ObClusterRow; readonly members: ClusterMember[]; readonly all: boolean }> {
  const cluster = await clusterOf(scope);
  const all = isClusterDeleted(scope, cluster);
  const rows = (await scope.store.obServers.onHost(await scope.hostId())).filter(
    ({ clusterId, work }) =>
      clusterId === cluster.id &&
      (all || (work?.taskId === scope.input.taskId && work.status === 'DELETING')),
  );
  const members = rows.map((server) => ({
    server,
    cluster,
    address: addressText(server.ip, server.rpcPort),
  }));
  return { cluster, members, all };
}

/** So many hosts are worked on at a time. */
const AT_A_TIME = 10;

/**
 * In a task that deletes the cluster: ends the processes of all its servers, whichever host the subtask is for. Files of no
 * server go before: who still ran would serve a cluster that is half gone.
 *
 * @throws PermanentError OthersStillRun for servers on machines that are no hosts of the inventory
 */
export async function stopWholeCluster(scope: GoingScope, cluster: ObClusterRow): Promise<void> {
  const skipped = scope.list('skipped_host_ids') ?? [];
  const left = async () =>
    (await scope.store.obServers.ofCluster(cluster.id)).filter(
      ({ status, hostId }) => status !== 'STOPPED' && !(hostId !== null && skipped.includes(String(hostId))),
    );
  const queue = (await left()).filter(({ hostId }) => hostId !== null);
  const work = async () => {
    for (let server = queue.shift(); server !== undefined; server = queue.shift()) {
      const member = { server, cluster, address: addressText(server.ip, server.rpcPort) };
      // Other subtasks of this task do the same.
      if ((await scope.store.obServers.find(server.id))?.status === 'STOPPED') continue;
      await beginWork(scope, workedServer(member), { status: 'DELETING', from: OB_SERVER_STATUSES });
      await endForGood(scope, await scope.hostById(server.hostId ?? 0), member);
      await settleWork(scope, workedServer(member), 'STOPPED');
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const running = await left();
  if (running.length === 0) return;
  throw new PermanentError({
    type: 'OthersStillRun',
    code: 'OBE19011',
    tried: say('clean.files'),
    where: cluster.name,
    cameBack: say('clean.othersRun', {
      servers: running.slice(0, 5).map(rpcAddress).join(', '),
      count: running.length,
    }),
    next: say('clean.nextStopAll'),
  });
}
