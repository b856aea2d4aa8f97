/** Chains of operations: documented subtasks in their order, how they are split, and which of them a request needs. */
import { GraphError } from './interpreter/expansion';
import type { PlanItem, PlanNode, Split, TaskContext } from './plan';

/** What a node takes over from the subtask it stands for (activities/subtask.ts). */
export type SubtaskDefinition = Omit<PlanNode, 'split' | 'after'>;

/** Where a node or group stands in a chain only when a key of the context has this value. */
export interface Condition {
  readonly key: string;
  readonly is: string;
}

export type ChainNode = PlanNode & { readonly when?: Condition };
export interface ChainGroup {
  readonly repeat: Split;
  readonly after?: readonly number[];
  readonly nodes: Chain;
  readonly when?: Condition;
}
export type Chain = readonly (ChainNode | ChainGroup)[];

/** One node; `split` makes it a subtask for each element of a list, all at once unless `serial`. */
export function node(
  definition: SubtaskDefinition,
  { split, serial, when }: { split?: string; serial?: true; when?: Condition } = {},
): ChainNode {
  const { name, className, activity, timeout, prohibitRollback, prohibitSkip, waits, needs, leaves } =
    definition;
  return {
    name,
    className,
    activity,
    timeout,
    ...(split === undefined ? {} : { split: { by: split, ...(serial === undefined ? {} : { serial }) } }),
    ...(prohibitRollback === undefined ? {} : { prohibitRollback }),
    ...(prohibitSkip === undefined ? {} : { prohibitSkip }),
    ...(waits === undefined ? {} : { waits }),
    needs,
    ...(leaves === undefined ? {} : { leaves }),
    ...(when === undefined ? {} : { when }),
  };
}

/** Nodes that are repeated for each element of a list, one element after the other unless `parallel`. */
export function group(
  by: string,
  nodes: Chain,
  { parallel, when }: { parallel?: true; when?: Condition } = {},
): ChainGroup {
  const repeat: Split = { by, ...(parallel === undefined ? { serial: true as const } : {}) };
  return { repeat, nodes, ...(when === undefined ? {} : { when }) };
}

/**
 * The chain as a plan holds it: what its conditions leave out of it is decided here, once, and not when it runs.
 *
 * @throws GraphError when an item comes after one that does not come before it in the chain
 */
export function plannedNodes(chain: Chain, context: TaskContext): PlanItem[] {
  const kept: PlanItem[] = [];
  /** By index in the chain: what stands for it in the plan, which for a node left out is what it came after. */
  const standsFor: (readonly number[])[] = [];
  chain.forEach(({ when, after, ...item }, index) => {
    const before = [
      ...new Set(
        (after ?? (index === 0 ? [] : [index - 1])).flatMap((at) => known(standsFor[at], index, at)),
      ),
    ];
    const planned =
      when !== undefined && context.stringMap[when.key] !== when.is ? undefined : plannedItem(item, context);
    if (planned === undefined) {
      standsFor.push(before);
      return;
    }
    const plain =
      before.length === (kept.length === 0 ? 0 : 1) && (before[0] ?? 0) === Math.max(0, kept.length - 1);
    standsFor.push([kept.length]);
    kept.push(plain ? planned : { ...planned, after: before });
  });
  return kept;
}

function known(stands: readonly number[] | undefined, index: number, at: number): readonly number[] {
  if (stands !== undefined) return stands;
  throw new GraphError(`Item ${index} of a chain comes after ${at}, which does not come before it.`);
}

/** Undefined when nothing of a group is left. */
function plannedItem(
  item: PlanNode | Omit<ChainGroup, 'when' | 'after'>,
  context: TaskContext,
): PlanItem | undefined {
  if (!('repeat' in item)) return item;
  const nodes = plannedNodes(item.nodes, context);
  return nodes.length === 0 ? undefined : { repeat: item.repeat, nodes };
}
