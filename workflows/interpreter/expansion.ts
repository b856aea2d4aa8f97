/**
 * From the nodes of a plan to its subtasks. Pure, and shared by the interpreter and the translator: what the plan leaves
 * out (ids, edges) both make alike. Rules (docs/task-engine.md):
 *
 * 1. A split node becomes one subtask for each element of its list, a group its nodes once for each element.
 * 2. An item comes after the one before it, unless it says after which. Two neighbouring nodes split by lists of the same
 *    kind and the same elements are joined element by element; any other two are joined completely, so an unsplit node
 *    ("Wait node") and a group are barriers.
 * 3. The elements of a serial split or group wait for each other, in the order of the list.
 */
import type { FanOutElement, Plan, PlanGroup, PlanItem, PlanNode, PlanSubtask, Split } from '../plan';

/** Thrown when a plan cannot be expanded: an absent or empty list to split by, a value twice, a chain without nodes. */
export class GraphError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GraphError';
  }
}

/** What of a plan its subtasks are made from. */
export type Expandable = Pick<Plan, 'nodes' | 'context' | 'unshown' | 'firstSubtaskId' | 'place' | 'places'>;

/** `server_ids` of `21.zone1.server_ids`: what the values of a list are. */
export function kindOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

/** A key with the elements of splits and groups filled in; an unknown `{…}` stays as it is. */
export function filledIn(key: string, elements: readonly FanOutElement[]): string {
  if (!key.includes('{')) return key;
  return key.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const element =
      name === 'element'
        ? elements.at(-1)
        : elements.findLast(({ key: own }) => own === name || kindOf(own) === name);
    return element?.value ?? whole;
  });
}

/**
 * How many subtasks and edges a plan has; the first is the number of ids to reserve.
 *
 * @throws GraphError when a list to split by is absent or empty, or names a value twice
 */
export function expansionSize(plan: Omit<Expandable, 'firstSubtaskId'>): { subtasks: number; edges: number } {
  return new Expansion({ ...plan, firstSubtaskId: 0 }).size();
}

/**
 * The subtasks of a plan; ids and seriesId go up in topological order.
 *
 * @throws GraphError when a list to split by is absent or empty, or names a value twice
 */
export function expandPlan(plan: Expandable): PlanSubtask[] {
  return new Expansion(plan).subtasks();
}

const isGroup = (item: PlanItem): item is PlanGroup => 'repeat' in item;

/** A subtask in the making. Its arrays of edges may be shared with its neighbours; none is changed once it is shared. */
interface Draft {
  readonly id: number;
  readonly node: PlanNode;
  readonly elements: readonly FanOutElement[];
  readonly parallelIdx: number;
  upstreams: readonly number[];
  downstreams: readonly number[];
}

/** What a node or group has become: what begins it, what ends it, and its subtasks by element. */
interface Block {
  readonly first: readonly Draft[];
  readonly last: readonly Draft[];
  readonly aligned?: {
    readonly kind: string;
    readonly values: readonly string[];
    readonly drafts: readonly Draft[];
  };
}

class Expansion {
  readonly #plan: Expandable;
  readonly #drafts: Draft[] = [];

  constructor(plan: Expandable) {
    this.#plan = plan;
  }

  subtasks(): PlanSubtask[] {
    this.#chain(this.#plan.nodes, []);
    const { firstSubtaskId } = this.#plan;
    return this.#drafts.map(({ id, node, elements, parallelIdx, upstreams, downstreams }) => {
      const target = this.#placeOf(elements);
      return {
        id,
        seriesId: id - firstSubtaskId,
        node,
        parallelIdx,
        elements,
        upstreams,
        downstreams,
        ...(target === undefined ? {} : { target }),
      };
    });
  }

  size(): { subtasks: number; edges: number } {
    this.#chain(this.#plan.nodes, []);
    return {
      subtasks: this.#drafts.length,
      edges: this.#drafts.reduce((sum, { upstreams }) => sum + upstreams.length, 0),
    };
  }

  /** The blocks of a chain joined as its items say, as one block. */
  #chain(items: readonly PlanItem[], elements: readonly FanOutElement[]): Block {
    const blocks: Block[] = [];
    const followed = new Set<number>();
    const begins: Block[] = [];
    items.forEach((item, index) => {
      const block = isGroup(item) ? this.#group(item, elements) : this.#node(item, elements);
      const after = new Set(item.after ?? (index === 0 ? [] : [index - 1]));
      for (const before of after) {
        const known = blocks[before];
        if (known === undefined)
          throw new GraphError(
            `Item ${index} of a chain comes after ${before}, which does not come before it.`,
          );
        join(known, block);
        followed.add(before);
      }
      if (after.size === 0) begins.push(block);
      blocks.push(block);
    });
    if (blocks.length === 0) throw new GraphError('A chain without nodes cannot be run.');
    const [only] = blocks;
    if (blocks.length === 1 && only !== undefined) return { first: only.first, last: only.last };
    const ends = blocks.filter((_, index) => !followed.has(index));
    return { first: begins.flatMap(({ first }) => first), last: ends.flatMap(({ last }) => last) };
  }

  #node(node: PlanNode, outer: readonly FanOutElement[]): Block {
    const { split } = node;
    if (split === undefined) {
      const only = [this.#draft(node, outer, -1)];
      return { first: only, last: only };
    }
    const { key, values } = this.#listOf(split, outer, node.name);
    const drafts = values.map((value, index) => this.#draft(node, [...outer, { key, value }], index));
    const aligned = { kind: kindOf(key), values, drafts };
    if (split.serial !== true) return { first: drafts, last: drafts, aligned };
    drafts.forEach((draft, index) => {
      const next = drafts[index + 1];
      if (next !== undefined) edges([draft], [next]);
    });
    return { first: drafts.slice(0, 1), last: drafts.slice(-1), aligned };
  }

  #group(group: PlanGroup, outer: readonly FanOutElement[]): Block {
    const { key, values } = this.#listOf(group.repeat, outer, 'A group');
    const blocks = values.map((value) => this.#chain(group.nodes, [...outer, { key, value }]));
    if (group.repeat.serial !== true) {
      return { first: blocks.flatMap(({ first }) => first), last: blocks.flatMap(({ last }) => last) };
    }
    blocks.forEach((block, index) => {
      const next = blocks[index + 1];
      if (next !== undefined) edges(block.last, next.first);
    });
    return { first: blocks[0]?.first ?? [], last: blocks.at(-1)?.last ?? [] };
  }

  #draft(node: PlanNode, elements: readonly FanOutElement[], parallelIdx: number): Draft {
    const id = this.#plan.firstSubtaskId + this.#drafts.length;
    const draft: Draft = { id, node, elements, parallelIdx, upstreams: NONE, downstreams: NONE };
    this.#drafts.push(draft);
    return draft;
  }

  #listOf(
    { by }: Split,
    elements: readonly FanOutElement[],
    what: string,
  ): { key: string; values: readonly string[] } {
    const key = filledIn(by, elements);
    const { context, unshown } = this.#plan;
    const values = context.listMap[key] ?? unshown?.listMap[key] ?? [];
    if (values.length === 0)
      throw new GraphError(`${what} is split by ${key}, and the context has no ${key}.`);
    if (new Set(values).size < values.length) {
      throw new GraphError(`${what} is split by ${key}, which names a value twice.`);
    }
    return { key, values };
  }

  #placeOf(elements: readonly FanOutElement[]): string | undefined {
    const { place, places } = this.#plan;
    const element = elements.at(-1);
    if (element === undefined) return place;
    return places?.[kindOf(element.key)]?.[element.value] ?? element.value;
  }
}

const NONE: readonly number[] = [];

/** Rule 2. */
function join(before: Block, after: Block): void {
  const one = before.aligned;
  const other = after.aligned;
  if (one === undefined || other === undefined || !sameElements(one, other)) {
    edges(before.last, after.first);
    return;
  }
  one.drafts.forEach((draft, index) => {
    const next = other.drafts[index];
    if (next !== undefined) edges([draft], [next]);
  });
}

function sameElements(one: NonNullable<Block['aligned']>, other: NonNullable<Block['aligned']>): boolean {
  if (one.kind !== other.kind || one.values.length !== other.values.length) return false;
  return one.values === other.values || one.values.every((value, index) => value === other.values[index]);
}

/** Everyone of `from` before everyone of `to`; the lists of ids are made once and shared. */
function edges(from: readonly Draft[], to: readonly Draft[]): void {
  const upstreams = from.map(({ id }) => id);
  const downstreams = to.map(({ id }) => id);
  add(to, 'upstreams', upstreams);
  add(from, 'downstreams', downstreams);
}

/** What shared a list before shares one afterwards: a thousand subtasks after two nodes of a thousand each. */
function add(drafts: readonly Draft[], side: 'upstreams' | 'downstreams', more: readonly number[]): void {
  const made = new Map<readonly number[], readonly number[]>();
  for (const draft of drafts) {
    const known = draft[side];
    const list = made.get(known) ?? (known.length === 0 ? more : [...known, ...more].sort((a, b) => a - b));
    made.set(known, list);
    draft[side] = list;
  }
}
