/** What the subtasks of "Create primary OB cluster" share. */
import { serverStatus } from '../../oceanbase/clusterSql';
import { rpcAddress } from '../../runtime/addressText';
import type { ClusterBootstrap, ObClusterRow, ObServerRow } from '../../store/types';
import { settleWork, unsettleWork, type Worked } from '../common/work';
import type { SubtaskScope } from '../types';
import { creationByTask } from './brought';
import { readCluster } from './clusterState';
import { workedServers } from './worked';

interface Members {
  readonly zones: readonly Worked<'obZone'>[];
  readonly servers: readonly { readonly row: ObServerRow; readonly worked: Worked<'obServer'> }[];
}

/** Zones and servers that this very task makes with their cluster, as objects of work. */
export async function membersOfCreation(scope: SubtaskScope, cluster: ObClusterRow): Promise<Members> {
  const zones = await scope.store.obServers.zones(cluster.id);
  return {
    zones: zones
      .filter(({ work }) => work?.taskId === scope.input.taskId)
      .map(({ name }) => ({ object: { kind: 'obZone', clusterId: cluster.id, name }, what: name })),
    servers: (await workedServers(scope, cluster.id)).map((row) => ({
      row,
      worked: { object: { kind: 'obServer', id: row.id }, what: `OBServer ${rpcAddress(row)}` },
    })),
  };
}

/**
 * Zones and servers become what the cluster says of them: the documented chain has no subtask of its own for that. From now on
 * the servers keep their hosts occupied. Nothing for a cluster that was there before the task.
 */
export async function settleMembers(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  if (creationByTask(scope, cluster) === undefined) return;
  const members = await membersOfCreation(scope, cluster);
  const { servers, zones } = await readCluster(scope, cluster);
  for (const { worked, row } of members.servers) {
    const seen = servers.find(({ ip, rpcPort }) => ip === row.ip && rpcPort === row.rpcPort);
    if (seen === undefined) continue;
    const status = serverStatus(seen, zones);
    await settleWork(scope, worked, status);
    await scope.store.obServers.recordSeen(row.id, { ...seen, status });
    if (row.hostId !== null) await scope.store.obServers.releaseHost(row.hostId, scope.input.taskId);
  }
  for (const worked of members.zones) {
    const seen = zones.find(({ name }) => name === worked.what);
    if (seen === undefined) continue;
    await settleWork(scope, worked, seen.innerStatus === 'ACTIVE' ? 'RUNNING' : 'STOPPED');
    await scope.store.obServers.recordZone(cluster.id, worked.what, seen.innerStatus);
  }
}

/** The undo of `settleMembers`. */
export async function unsettleMembers(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  if (creationByTask(scope, cluster) === undefined) return;
  const { zones, servers } = await membersOfCreation(scope, cluster);
  for (const zone of zones) await unsettleWork(scope, zone);
  for (const { row, worked } of servers) {
    await unsettleWork(scope, worked);
    if (row.hostId !== null) await scope.store.obServers.reserveHost(row.hostId, scope.input.taskId);
  }
}

/** Written before what it says is done, or as soon as it is known. */
export async function recordBootstrap(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  bootstrap: Omit<ClusterBootstrap, 'at'>,
): Promise<void> {
  await scope.store.obClusters.recordOrigin(cluster.id, {
    bootstrap: { ...bootstrap, at: new Date().toISOString() },
  });
}

/** Written by an undo before it stops the first process; taken back when the task goes on instead. */
export async function recordStopping(scope: SubtaskScope, cluster: ObClusterRow, is: boolean): Promise<void> {
  const bootstrap = creationByTask(scope, cluster);
  if (bootstrap === undefined || (bootstrap.stopping === true) === is) return;
  const { stopping: _, ...known } = bootstrap;
  await scope.store.obClusters.recordOrigin(cluster.id, {
    bootstrap: is ? { ...known, stopping: true } : known,
  });
}
