/** The graph of a task: one node for each step, its fan-out folded into it or spread. Pure. */
import { chainNodes } from '../../cli/task/chain';
import { countsOf, kindOfMany, type SubtaskKind } from './kind';

interface GraphSubtask {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly operation: string;
  readonly parallelIdx: number;
  readonly upstreams: readonly number[];
  readonly target?: string | undefined;
}

export interface GraphNode<S extends GraphSubtask = GraphSubtask> {
  /** Stays the same while the task runs: made of the ids in it. */
  readonly id: string;
  readonly name: string;
  readonly kind: SubtaskKind;
  readonly subtasks: readonly S[];
  /** More than one subtask in it. */
  readonly folded: boolean;
  /** Of a spread fan-out: the id of the step that it is part of. */
  readonly part?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
}

export interface Graph<S extends GraphSubtask = GraphSubtask> {
  readonly nodes: readonly GraphNode<S>[];
  readonly edges: readonly GraphEdge[];
}

/** The id of the step that a subtask is in, whether it is folded or not. */
export function stepId(subtasks: readonly { readonly id: number }[]): string {
  return `step-${subtasks[0]?.id ?? 0}`;
}

/**
 * Steps and what follows what; `spread` are the ids of steps whose fan-out is shown one by one. Edges that others make
 * superfluous within a fold are one.
 */
export function graphOf<S extends GraphSubtask>(
  task: { readonly subtasks: readonly S[] },
  spread: ReadonlySet<string>,
): Graph<S> {
  const nodes: GraphNode<S>[] = [];
  const nodeOf = new Map<number, string>();
  for (const { subtasks } of chainNodes(task)) {
    const step = stepId(subtasks);
    const single = subtasks.length === 1;
    if (single || !spread.has(step)) {
      nodes.push({
        id: step,
        name: subtasks[0]?.name ?? '',
        kind: kindOfMany(subtasks),
        subtasks,
        folded: !single,
      });
      for (const { id } of subtasks) nodeOf.set(id, step);
      continue;
    }
    for (const subtask of subtasks) {
      const id = `subtask-${subtask.id}`;
      nodes.push({
        id,
        name: subtask.name,
        kind: kindOfMany([subtask]),
        subtasks: [subtask],
        folded: false,
        part: step,
      });
      nodeOf.set(subtask.id, id);
    }
  }
  const seen = new Set<string>();
  const edges: GraphEdge[] = [];
  for (const { id, upstreams } of task.subtasks) {
    for (const upstream of upstreams) {
      const [from, to] = [nodeOf.get(upstream), nodeOf.get(id)];
      if (from === undefined || to === undefined || from === to || seen.has(`${from} ${to}`)) continue;
      seen.add(`${from} ${to}`);
      edges.push({ from, to });
    }
  }
  return { nodes, edges };
}

/** `7/10, 1 failed` of a folded node; undefined of a single one. */
export function foldedCounts(node: GraphNode): { done: number; failed: number; all: number } | undefined {
  return node.folded ? countsOf(node.subtasks) : undefined;
}

/** What a person wants to see first: what failed, else what runs, else what comes next. */
export function focusOf<S extends GraphSubtask>(graph: Graph<S>): GraphNode<S> | undefined {
  const first = (kinds: readonly SubtaskKind[]) => graph.nodes.find(({ kind }) => kinds.includes(kind));
  return (
    first(['failed']) ?? first(['running', 'undoing', 'canceling']) ?? first(['ready']) ?? graph.nodes.at(-1)
  );
}
