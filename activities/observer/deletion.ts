/** What the subtasks that take servers out of their cluster have in common. */
import { lookAtDeletion } from '../../contact/lookAtStop';
import { cancelDeleteServerSql } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObServerStatus } from '../../store/statuses';
import type { ObClusterRow, ObServerRow } from '../../store/types';
import { withCluster } from '../cluster/cluster';
import { tell } from '../cluster/tell';
import { beginWork } from '../common/work';
import type { SubtaskScope } from '../types';
import { workedServer } from './life';
import { type ClusterMember, listedServer } from './observer';

/** Statuses of a server that may be deleted. */
export const DELETABLE_SERVER = [
  'RUNNING',
  'STOPPED',
  'UNAVAILABLE',
] as const satisfies readonly ObServerStatus[];

/** Servers of the cluster that this task deletes, whatever list of its plan names them. */
export async function deletedByTask(
  { store, input }: Pick<SubtaskScope, 'store' | 'input'>,
  clusterId: number,
): Promise<ObServerRow[]> {
  const rows = await store.obServers.ofCluster(clusterId);
  return rows.filter(({ work }) => work?.taskId === input.taskId && work.status === 'DELETING');
}

/**
 * The cluster, asked at servers that stay: one that has left answers for no cluster any more, and refuses every login. Where no
 * root server is known that stays, any server is asked that serves.
 */
export async function askedWithout(
  { store }: Pick<SubtaskScope, 'store'>,
  cluster: ObClusterRow,
  going: readonly Pick<ObServerRow, 'ip' | 'rpcPort'>[],
): Promise<ObClusterRow> {
  const stays = (server: Pick<ObServerRow, 'ip' | 'rpcPort'>) =>
    !going.some(({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort);
  const roots = cluster.rootServers.filter(stays);
  if (roots.length > 0) return { ...cluster, rootServers: roots };
  const rows = (await store.obServers.ofCluster(cluster.id)).filter(
    (row) => row.status === 'RUNNING' && stays(row),
  );
  if (rows.length === 0) return cluster;
  return { ...cluster, rootServers: rows.map(({ ip, rpcPort, sqlPort }) => ({ ip, rpcPort, sqlPort })) };
}

/** Whether the cluster as a whole is deleted by this task. */
export function isClusterDeleted(
  { input }: Pick<SubtaskScope, 'input'>,
  { status, work }: Pick<ObClusterRow, 'status' | 'work'>,
): boolean {
  return status === 'DELETING' && work?.taskId === input.taskId;
}

function addressesOf(servers: readonly ObServerRow[]): string[] {
  return servers.map(rpcAddress);
}

/**
 * Everything that this task deletes could go together with the server, which it works on from now on: of several subtasks
 * that ask at the same time the last one sees all.
 *
 * @throws PermanentError DeletionUnsafe, with OCP's code; StatusUnfit
 */
export async function beginDeletion(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const { cluster, server, address } = member;
  for (let asked = 0; ; ) {
    const begun = (await deletedByTask(scope, cluster.id)).filter(({ id }) => id !== server.id);
    if (asked === begun.length + 1) return;
    await proveDeletable(scope, cluster, [address, ...addressesOf(begun)]);
    asked = begun.length + 1;
    await beginWork(scope, workedServer(member), { status: 'DELETING', from: DELETABLE_SERVER });
  }
}

async function proveDeletable(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  targets: readonly string[],
): Promise<void> {
  const tried = say('delete.ask');
  const { refusals } = await withCluster(scope, cluster, tried, (session) =>
    lookAtDeletion(session, targets),
  );
  const [first] = refusals;
  if (first === undefined) return;
  throw new PermanentError({
    type: 'DeletionUnsafe',
    code: first.code,
    tried,
    where: targets.slice(0, 5).join(', '),
    cameBack: refusals.slice(0, 5).map(({ text }) => text),
    next: first.next,
  });
}

/** CANCEL DELETE SERVER while the cluster lists it so. PermanentError ServerLeft when it lists it no more. */
export async function cancelDeletion(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const { server, address } = member;
  const cluster = await askedWithout(scope, member.cluster, [server]);
  const tried = say('delete.cancel');
  const status = () =>
    withCluster(
      scope,
      cluster,
      tried,
      async (session) => listedServer(await session.servers(), server)?.innerStatus,
    );
  if ((await status()) === 'DELETING') {
    await tell(scope, cluster, {
      ...{ tried, sql: cancelDeleteServerSql(server, server.zone), where: address, code: 'OBE19003' },
      isDone: async (session) => listedServer(await session.servers(), server)?.innerStatus !== 'DELETING',
    });
  }
  if ((await status()) !== undefined) {
    scope.log.info(say('delete.stays', { address, cluster: cluster.name }));
    return;
  }
  throw new PermanentError({
    ...{ type: 'ServerLeft', code: 'OBE19001', tried, where: address },
    cameBack: say('delete.hasLeft', { cluster: cluster.name }),
    next: say('delete.nextAddAgain'),
  });
}
