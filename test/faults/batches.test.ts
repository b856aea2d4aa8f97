import { batchesOf, nextBatch } from './batches';
import { allCases, matching } from './cases';

const cases = allCases();
const SEED = 3;
const batches = batchesOf(cases, SEED);

describe('cases that share a run', () => {
  test('every case is in exactly one', () => {
    const ids = batches.flatMap((batch) => batch.cases.map(({ id }) => id));
    expect(ids.sort()).toEqual(cases.map(({ id }) => id).sort());
  });

  test('faults of one run strike at different subtasks of one operation, and none of them undoes', () => {
    for (const { kind, cases: together } of batches) {
      expect(new Set(together.map(({ operation }) => operation.name)).size).toBe(1);
      expect(new Set(together.map(({ fault }) => fault.kind === 'undo'))).toEqual(
        new Set([kind === 'undone']),
      );
      if (kind === 'together') {
        expect(new Set(together.map(({ node }) => node.key)).size).toBe(together.length);
      }
    }
  });

  test('a fault that makes the comparison milder, or timeouts shorter, is with its like only', () => {
    for (const { cases: together } of batches) {
      const conditions = together.map(({ fault }) => [fault.restarts ?? false, fault.timeout]);
      expect(new Set(conditions.map((condition) => JSON.stringify(condition))).size).toBe(1);
    }
  });

  test('asked for by themselves at the same seed, the cases of one are one again', () => {
    for (const { kind, cases: together } of batches) {
      const again = batchesOf(
        cases.filter((one) => together.includes(one)),
        SEED,
      );
      expect(again.map((batch) => [batch.kind, batch.cases.length])).toEqual([[kind, together.length]]);
    }
  });
});

test('an operation stays on its lane, and the others take it only when nothing else is left', () => {
  const waiting = batchesOf(matching(cases, ['stopObproxy', 'startObproxy'], []), SEED);
  const [first] = waiting;
  const other = waiting.find((batch) => batch.cases[0]?.operation !== first?.cases[0]?.operation);
  const [stop, start] = [first?.cases[0]?.operation, other?.cases[0]?.operation];
  expect(nextBatch(waiting, undefined, [undefined])).toBe(first);
  expect(nextBatch(waiting, undefined, [stop])).toBe(other);
  expect(nextBatch(waiting, start, [stop])).toBe(other);
  expect(nextBatch(waiting.slice(0, 1), start, [stop])).toBe(first);
  expect(nextBatch([], start, [stop])).toBeUndefined();
});
