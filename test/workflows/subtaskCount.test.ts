import fc from 'fast-check';
import { type Expandable, expansionSize, GraphError } from '../../workflows/interpreter/expansion';
import type { PlanItem } from '../../workflows/plan';
import { subtaskCount } from '../../workflows/subtaskCount';
import { nodeOf } from '../support/plans';
import { ANY_LISTS, anyChain } from './chains';

const planOf = (nodes: readonly PlanItem[], listMap = ANY_LISTS): Expandable => ({
  nodes,
  context: { stringMap: {}, listMap },
  firstSubtaskId: 0,
});

/** The number, or why there is none. */
function outcome(count: () => number): number | string {
  try {
    return count();
  } catch (error) {
    if (error instanceof GraphError) return error.message;
    throw error;
  }
}

it('is the number of subtasks that the expansion makes, for any chain', () => {
  fc.assert(
    fc.property(anyChain, (nodes) => {
      const plan = planOf(nodes);
      expect(subtaskCount(plan)).toBe(expansionSize(plan).subtasks);
    }),
    { numRuns: 500 },
  );
});

it('refuses the chains that the expansion refuses, in its words, and no others', () => {
  const lists = fc.subarray(Object.entries(ANY_LISTS)).map((kept) => Object.fromEntries(kept));
  const spoilt = fc.constantFrom<readonly string[]>([], ['7', '7'], ['7', '9']);
  fc.assert(
    fc.property(anyChain, lists, spoilt, (nodes, kept, server_ids) => {
      const plan = planOf(nodes, { ...kept, server_ids });
      expect(outcome(() => subtaskCount(plan))).toBe(outcome(() => expansionSize(plan).subtasks));
    }),
    { numRuns: 500 },
  );
  const [a, b] = [nodeOf('a'), nodeOf('b')];
  const bad = [
    [],
    [{ repeat: { by: 'host_ids' }, nodes: [] }],
    ...[[1], [2], [-1], [0.5]].map((after) => [a, { ...b, after }]),
  ];
  for (const nodes of bad) {
    const refused = outcome(() => expansionSize(planOf(nodes)).subtasks);
    expect(refused).toEqual(expect.any(String));
    expect(outcome(() => subtaskCount(planOf(nodes)))).toBe(refused);
  }
});

it('counts lists that the document does not show', () => {
  const unshown = { stringMap: {}, listMap: { hidden_ids: ['1', '2', '3'] } };
  expect(subtaskCount({ ...planOf([nodeOf('a', { split: { by: 'hidden_ids' } })]), unshown })).toBe(3);
});

it('makes no subtask: a hundred million of them, more than memory holds, are counted', () => {
  const ids = Array.from({ length: 10_000 }, (_, at) => String(at));
  const group: PlanItem = { repeat: { by: 'zone_ids' }, nodes: [nodeOf('a', { split: { by: 'host_ids' } })] };
  expect(subtaskCount(planOf([group], { zone_ids: ids, host_ids: ids }))).toBe(100_000_000);
});
