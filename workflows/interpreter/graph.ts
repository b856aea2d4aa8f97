/** Pure graph functions: from a chain of nodes to subtasks, and the orders in which a graph may be walked. */
import type { FanOutElement, PlanSubtask, TaskContext } from '../plan';

/** What a subtask's definition must say; operations/subtasks.ts holds the documented ones. */
export interface ChainDefinition {
  readonly name: string;
  readonly className: string;
  /** Seconds. */
  readonly timeout: number;
  readonly prohibitRollback: boolean;
  readonly prohibitSkip: boolean;
  readonly needs: readonly string[];
  readonly leaves?: string;
}

/** One node of an operation's chain. */
export interface ChainNode {
  /** Activity type. */
  readonly activity: string;
  readonly definition: ChainDefinition;
  /** Key of the context's listMap: the node becomes one subtask per element of that list. */
  readonly splitBy?: string;
}

/** What of a subtask makes the graph. */
export type GraphNode = Pick<PlanSubtask, 'id' | 'upstreams' | 'downstreams'>;

/** Thrown when a chain or a graph cannot be one: an empty list to split by, an unknown edge, a cycle. */
export class GraphError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GraphError';
  }
}

function elementsOf(node: ChainNode, context: TaskContext): readonly (FanOutElement | undefined)[] {
  const key = node.splitBy;
  if (key === undefined) return [undefined];
  const values = context.listMap[key] ?? [];
  if (values.length === 0) {
    throw new GraphError(`${node.definition.name} is split by ${key}, and the context has no ${key}.`);
  }
  return values.map((value) => ({ key, value }));
}

/**
 * How many subtasks a chain makes with this context: the number of ids to reserve before `expandChain`.
 *
 * @throws GraphError when a node is split by an absent or empty list
 */
export function chainLength(chain: readonly ChainNode[], context: TaskContext): number {
  return chain.reduce((length, node) => length + elementsOf(node, context).length, 0);
}

/**
 * The subtasks of a chain. A split node becomes one subtask per element, parallelIdx 0..n-1; neighbouring nodes
 * are joined completely, so every element of a node waits for every element of the one before (as OCP does).
 *
 * @param firstId the first of `chainLength` reserved ids; ids and seriesId go up in topological order
 * @param target where a subtask works, shown in the Temporal Web UI
 * @throws GraphError when a node is split by an absent or empty list
 */
export function expandChain(
  chain: readonly ChainNode[],
  context: TaskContext,
  firstId: number,
  target?: (element?: FanOutElement) => string | undefined,
): PlanSubtask[] {
  let next = 0;
  const layers = chain.map((node) =>
    elementsOf(node, context).map((element) => ({ node, element, seriesId: next++ })),
  );
  const ids = (layer: number): number[] => (layers[layer] ?? []).map(({ seriesId }) => firstId + seriesId);
  return layers.flatMap((layer, depth) =>
    layer.map(({ node, element, seriesId }, index) => {
      const place = target?.(element);
      return {
        id: firstId + seriesId,
        seriesId,
        name: node.definition.name,
        className: node.definition.className,
        activity: node.activity,
        timeout: node.definition.timeout,
        parallelIdx: element === undefined ? -1 : index,
        ...(element === undefined ? {} : { element }),
        upstreams: ids(depth - 1),
        downstreams: ids(depth + 1),
        prohibitRollback: node.definition.prohibitRollback,
        prohibitSkip: node.definition.prohibitSkip,
        needs: node.definition.needs,
        ...(node.definition.leaves === undefined ? {} : { leaves: node.definition.leaves }),
        ...(place === undefined ? {} : { target: place }),
      };
    }),
  );
}

/**
 * Ids so that every node comes after its upstreams.
 *
 * @throws GraphError on a cycle, an edge to an unknown node, or an edge known to one of its ends only
 */
export function topologicalOrder(nodes: readonly GraphNode[]): number[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  if (byId.size !== nodes.length) throw new GraphError('Two nodes have the same id.');
  for (const node of nodes) {
    for (const id of node.upstreams) {
      if (byId.get(id)?.downstreams.includes(node.id) !== true) {
        throw new GraphError(`Node ${node.id} names ${id} as upstream, which does not know it.`);
      }
    }
    for (const id of node.downstreams) {
      if (byId.get(id)?.upstreams.includes(node.id) !== true) {
        throw new GraphError(`Node ${node.id} names ${id} as downstream, which does not know it.`);
      }
    }
  }
  const missing = new Map(nodes.map((node) => [node.id, node.upstreams.length]));
  const order = nodes.filter((node) => node.upstreams.length === 0).map((node) => node.id);
  for (const id of order) {
    for (const downstream of byId.get(id)?.downstreams ?? []) {
      const left = (missing.get(downstream) ?? 0) - 1;
      missing.set(downstream, left);
      if (left === 0) order.push(downstream);
    }
  }
  if (order.length < nodes.length) {
    const reached = new Set(order);
    const stuck = nodes.filter((node) => !reached.has(node.id)).map((node) => node.id);
    throw new GraphError(`The graph has a cycle through ${stuck.join(', ')}.`);
  }
  return order;
}
