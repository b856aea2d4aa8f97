/** How many subtasks a plan has, without making them: for those who ask for the number and nothing else. */
import { type Expandable, filledIn, GraphError } from './interpreter/expansion';
import type { FanOutElement, PlanItem, Split } from './plan';

type Countable = Pick<Expandable, 'nodes' | 'context' | 'unshown'>;

/**
 * The number that `expansionSize` gives, without a subtask or an edge being made.
 *
 * @throws GraphError when and only when the plan cannot be expanded
 */
export function subtaskCount({ nodes, context, unshown }: Countable): number {
  const lists = new Map<string, readonly string[]>();

  function listOf({ by }: Split, elements: readonly FanOutElement[], what: string) {
    const key = filledIn(by, elements);
    const values = lists.get(key) ?? context.listMap[key] ?? unshown?.listMap[key] ?? [];
    if (values.length === 0)
      throw new GraphError(`${what} is split by ${key}, and the context has no ${key}.`);
    if (!lists.has(key) && new Set(values).size < values.length)
      throw new GraphError(`${what} is split by ${key}, which names a value twice.`);
    lists.set(key, values);
    return { key, values };
  }

  function countOf(items: readonly PlanItem[], elements: readonly FanOutElement[]): number {
    if (items.length === 0) throw new GraphError('A chain without nodes cannot be run.');
    let sum = 0;
    for (const [index, item] of items.entries()) {
      sum += sizeOf(item, elements);
      const late = item.after?.find((before) => !(Number.isInteger(before) && before >= 0 && before < index));
      if (late !== undefined)
        throw new GraphError(`Item ${index} of a chain comes after ${late}, which does not come before it.`);
    }
    return sum;
  }

  function sizeOf(item: PlanItem, elements: readonly FanOutElement[]): number {
    if (!('repeat' in item)) {
      return item.split === undefined ? 1 : listOf(item.split, elements, item.name).values.length;
    }
    const { key, values } = listOf(item.repeat, elements, 'A group');
    return values.reduce((sum, value) => sum + countOf(item.nodes, [...elements, { key, value }]), 0);
  }

  return countOf(nodes, []);
}
