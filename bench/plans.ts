import { ADD_OB_SERVER } from '../operations/addObserver';
import { type ChainNode, chainLength, expandChain } from '../workflows/interpreter/graph';
import type { Plan, TaskContext } from '../workflows/plan';

/** At most so many at once, as planTask says in every plan. */
export const CONCURRENCY = 10;

/** One host, `steps` no-op activities one after the other. */
export function noOpPlan(taskId: number, steps: number): Plan {
  const chain = Array.from({ length: steps }, (_, step) => ({
    activity: 'noOp',
    definition: {
      name: `Step ${step}`,
      className: `Step${step}Task`,
      timeout: 300,
      prohibitRollback: false,
      prohibitSkip: false,
      needs: ['host_id'],
    },
  }));
  const context = { stringMap: { host_id: '1' }, listMap: {} };
  return planOf(taskId, chain, context, taskId * chainLength(chain, context));
}

const HOSTS = Array.from({ length: 50 }, (_, index) => String(index + 1));

/** Nodes and edges of "Add OB server", twice one after the other; nothing but the activities is made up. */
const MANY_HOSTS: readonly ChainNode[] = [...ADD_OB_SERVER, ...ADD_OB_SERVER].map((node) => ({
  ...node,
  activity: 'noOp',
}));

/** How many subtasks each node of `manyHostsPlan` has. */
export const MANY_HOSTS_LAYERS = MANY_HOSTS.map(({ splitBy }) => (splitBy === undefined ? 1 : HOSTS.length));
export const MANY_HOSTS_SUBTASKS = MANY_HOSTS_LAYERS.reduce((sum, width) => sum + width, 0);

/**
 * A task of 50 hosts and 1 120 subtasks.
 *
 * @param last activity type of the last subtask, e.g. one that fails so that the task stays open
 */
export function manyHostsPlan(taskId: number, firstId: number, last = 'noOp'): Plan {
  const chain = MANY_HOSTS.map((node, index) =>
    index === MANY_HOSTS.length - 1 ? { ...node, activity: last } : node,
  );
  const context = {
    stringMap: {
      cluster_name: 'bench',
      cluster_id: '1',
      rpm_name: 'oceanbase-ce-4.2.1.2-102000042023120514.el7.x86_64.rpm',
      ...Object.fromEntries(HOSTS.map((id) => [`host.${id}.zone`, 'zone1'])),
    },
    listMap: { host_ids: HOSTS, server_ids: HOSTS, zone_names: ['zone1'] },
  };
  return planOf(taskId, chain, context, firstId);
}

function planOf(taskId: number, chain: readonly ChainNode[], context: TaskContext, firstId: number): Plan {
  const place = (host: string) => `10.0.0.${host}`;
  return {
    taskId,
    name: 'Benchmark',
    creator: { id: 100, name: 'admin' },
    executor: '127.0.0.1',
    createTime: new Date().toISOString(),
    traceId: '0000000000000000',
    context,
    concurrency: CONCURRENCY,
    subtasks: expandChain(chain, context, firstId, (element) =>
      element === undefined ? undefined : place(element.value),
    ),
  };
}
