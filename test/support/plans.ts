import { expandPlan } from '../../workflows/interpreter/expansion';
import type { Plan, PlanNode } from '../../workflows/plan';

let lastTaskId = 1000;

/** Edges as `child: parents`; ids are taskId * 100 + index, in the order of the keys. */
export type Edges = Readonly<Record<string, readonly string[]>>;

export interface PlanOptions {
  readonly taskId?: number;
  readonly concurrency?: number;
  readonly context?: Partial<Plan['context']>;
  readonly needs?: readonly string[];
  /** Seconds, for every subtask. */
  readonly timeout?: number;
  /** Names of subtasks that may not be skipped, or not be undone once they have started. */
  readonly unskippable?: readonly string[];
  readonly permanent?: readonly string[];
  /** What subtasks leave behind, by name. */
  readonly leaves?: Readonly<Record<string, string>>;
}

/** A node whose activity has its name. */
export function nodeOf(name: string, more: Partial<PlanNode> = {}): PlanNode {
  return { name, className: `com.example.${name}Task`, activity: name, timeout: 60, needs: [], ...more };
}

/** A small plan whose subtasks are named a, b, c … and run the activity of their name. */
export function planOf(edges: Edges, options: PlanOptions = {}): Plan {
  const taskId = options.taskId ?? ++lastTaskId;
  const names = Object.keys(edges);
  const nodes = names.map(
    (name): PlanNode =>
      nodeOf(name, {
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
        after: (edges[name] ?? []).map((parent) => names.indexOf(parent)),
        ...(options.permanent?.includes(name) === true ? { prohibitRollback: true } : {}),
        ...(options.unskippable?.includes(name) === true ? { prohibitSkip: true } : {}),
        needs: options.needs ?? [],
        ...(options.leaves?.[name] === undefined ? {} : { leaves: options.leaves[name] }),
      }),
  );
  return {
    taskId,
    name: 'Test task',
    creator: { id: 100, name: 'admin' },
    executor: '192.0.2.1',
    createTime: '2021-09-03T16:25:08.004+08:00',
    traceId: `trace-${taskId}`,
    context: { stringMap: {}, listMap: {}, ...options.context },
    concurrency: options.concurrency ?? 10,
    firstSubtaskId: taskId * 100,
    nodes,
  };
}

/** The id of the subtask of that name; of a split one, the first. */
export function idOf(plan: Plan, name: string): number {
  const subtask = expandPlan(plan).find(({ node }) => node.name === name);
  if (subtask === undefined) throw new Error(`the plan has no subtask ${name}`);
  return subtask.id;
}

/** The ids of all subtasks, in their order. */
export function idsOf(plan: Plan): number[] {
  return expandPlan(plan).map(({ id }) => id);
}

/** The plan with each of its nodes changed; groups stay as they are. */
export function withNodes(plan: Plan, change: (node: PlanNode, index: number) => PlanNode): Plan {
  return { ...plan, nodes: plan.nodes.map((item, index) => ('repeat' in item ? item : change(item, index))) };
}

/** The plan with each of its nodes on a host of its own, at the place that its index has. */
export function onOwnHosts(plan: Plan, placeOf: (index: number) => string): Plan {
  const ids = plan.nodes.map((_, index) => String(index + 1));
  const listMap = Object.fromEntries(ids.map((id) => [`${id}.host_ids`, [id]]));
  const places = { host_ids: Object.fromEntries(ids.map((id, index) => [id, placeOf(index)])) };
  const split = withNodes(plan, (node, index) => ({ ...node, split: { by: `${index + 1}.host_ids` } }));
  return { ...split, context: { ...plan.context, listMap: { ...plan.context.listMap, ...listMap } }, places };
}

export const CHAIN: Edges = { a: [], b: ['a'], c: ['b'] };
export const DIAMOND: Edges = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] };
