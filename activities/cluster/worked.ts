import type { ObClusterRow, ObServerRow } from '../../store/types';
import type { Worked } from '../common/work';
import type { SubtaskScope } from '../types';

/** The cluster as an object of work. */
export function workedCluster({ id, name }: ObClusterRow): Worked<'obCluster'> {
  return { object: { kind: 'obCluster', id }, what: name };
}

/** Servers of the cluster that this task works on, as the inventory has them. */
export async function workedServers(scope: SubtaskScope, clusterId: number): Promise<ObServerRow[]> {
  const rows = await scope.store.obServers.ofCluster(clusterId);
  return rows.filter(({ work }) => work?.taskId === scope.input.taskId);
}
