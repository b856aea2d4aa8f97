import { ADD_OB_SERVER } from '../operations/addObserver';
import { expansionSize } from '../workflows/interpreter/expansion';
import type { Plan, PlanItem, TaskContext } from '../workflows/plan';

/** At most so many at once, as planTask says in every plan. */
export const CONCURRENCY = 10;

/** One host, `steps` no-op activities one after the other. */
export function noOpPlan(taskId: number, steps: number): Plan {
  const nodes = Array.from({ length: steps }, (_, step) => ({
    name: `Step ${step}`,
    className: `Step${step}Task`,
    activity: 'noOp',
    timeout: 300,
    needs: ['host_id'],
  }));
  return planOf(taskId, nodes, { stringMap: { host_id: '1' }, listMap: {} }, taskId * steps);
}

/** The nodes of "Add OB server"; nothing but the activities is made up. */
const MANY_HOSTS = ADD_OB_SERVER.map((node) => ({ ...node, activity: 'noOp' }));

/** How many subtasks each node of `manyHostsPlan` has. */
export function manyHostsLayers(hosts: number): number[] {
  return MANY_HOSTS.map(({ split }) => (split === undefined ? 1 : hosts));
}

/**
 * A task of 21 nodes, eleven of them on every host.
 *
 * @param last activity type of the last subtask, e.g. one that fails so that the task stays open
 */
export function manyHostsPlan(hosts: number, taskId: number, firstId: number, last = 'noOp'): Plan {
  const nodes = MANY_HOSTS.map((node, index) =>
    index === MANY_HOSTS.length - 1 ? { ...node, activity: last } : node,
  );
  const ids = Array.from({ length: hosts }, (_, index) => String(index + 1));
  const context = {
    stringMap: {
      cluster_name: 'bench',
      cluster_id: '1',
      rpm_name: 'oceanbase-ce-4.2.1.2-102000042023120514.el7.x86_64.rpm',
      ...Object.fromEntries(ids.map((id) => [`host.${id}.zone`, 'zone1'])),
    },
    listMap: { host_ids: ids, server_ids: ids, zone_names: ['zone1'] },
  };
  return {
    ...planOf(taskId, nodes, context, firstId),
    places: { host_ids: Object.fromEntries(ids.map((id, at) => [id, `10.0.${at >> 8}.${at & 255}`])) },
  };
}

/** How many ids to reserve for it. */
export function subtasksOf(hosts: number): number {
  return expansionSize(manyHostsPlan(hosts, 0, 0)).subtasks;
}

function planOf(taskId: number, nodes: readonly PlanItem[], context: TaskContext, firstId: number): Plan {
  return {
    taskId,
    name: 'Benchmark',
    creator: { id: 100, name: 'admin' },
    executor: '127.0.0.1',
    createTime: new Date().toISOString(),
    traceId: '0000000000000000',
    context,
    concurrency: CONCURRENCY,
    firstSubtaskId: firstId,
    nodes,
  };
}
