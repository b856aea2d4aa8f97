import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expansionSize } from '../../workflows/interpreter/expansion';
import { TaskMachine } from '../../workflows/interpreter/machine';
import { fitting, type Snapshot } from '../../workflows/interpreter/snapshot';
import type { Plan, PlanItem, PlanNode, SubtaskResult } from '../../workflows/plan';
import { idsOf, nodeOf, planOf } from '../support/plans';
import { ANY_LISTS, anyChain } from './chains';
import { Model } from './model';

const LETTERS = 'abcdefgh';
/** Keys that subtasks add, so few that branches contradict each other. */
const KEYS = ['k0', 'k1', 'k2'];

/** Any DAG of at most eight nodes. */
const anyDag: fc.Arbitrary<readonly PlanItem[]> = fc
  .record({
    size: fc.integer({ min: 1, max: LETTERS.length }),
    edges: fc.array(fc.boolean(), { minLength: 28, maxLength: 28 }),
  })
  .map(({ size, edges }) =>
    [...LETTERS].slice(0, size).map((name, child) => {
      const before = Array.from({ length: child }, (_, at) => at);
      return nodeOf(name, { after: before.filter((at) => edges[(child * (child - 1)) / 2 + at]) });
    }),
  );

/** Chains with splits and groups, of a size that the model can bear. */
const anySplit = anyChain.filter(
  (nodes) => expansionSize({ nodes, context: { stringMap: {}, listMap: ANY_LISTS } }).subtasks <= 24,
);

/** Every node of the chain, those of its groups included, changed; `at` counts them. */
function changed(
  items: readonly PlanItem[],
  change: (node: PlanNode, at: number) => PlanNode,
  count = { nodes: 0 },
): PlanItem[] {
  return items.map((item) =>
    'repeat' in item ? { ...item, nodes: changed(item.nodes, change, count) } : change(item, count.nodes++),
  );
}

/** Any task with any concurrency limit. */
const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    nodes: fc.oneof(anyDag, anySplit),
    concurrency: fc.integer({ min: 0, max: 4 }),
    /** Index of a node that may not be skipped, and of one that may not be undone; most plans have neither. */
    unskippable: fc.integer({ min: 0, max: 20 }),
    permanent: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ nodes, concurrency, unskippable, permanent }) => ({
    ...planOf({}, { concurrency, context: { stringMap: { k0: '0' }, listMap: ANY_LISTS } }),
    nodes: changed(nodes, (node, at) => ({
      ...node,
      needs: [...KEYS, 'list'],
      leaves: `what ${node.name} makes`,
      ...(at === unskippable ? { prohibitSkip: true as const } : {}),
      ...(at === permanent ? { prohibitRollback: true as const } : {}),
    })),
  }));

const TASK_COMMANDS = ['retryTask', 'rollbackTask', 'abandonTask'] as const;
const SUBTASK_COMMANDS = ['retrySubtask', 'skipSubtask', 'cancelSubtask'] as const;

/** What may happen to a task next; `pick` chooses among what is possible. */
const anyStep = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('start', 'start', 'succeed', 'succeed', 'fail') },
    {
      weight: 4,
      arbitrary: fc.constantFrom('retryTask', 'rollbackTask', 'rollbackTask', 'abandonTask'),
    },
    { weight: 4, arbitrary: fc.constantFrom(...SUBTASK_COMMANDS) },
    { weight: 5, arbitrary: fc.constantFrom('allEnd', 'seam') },
  ),
  pick: fc.nat(1000),
});
const manySteps = fc.array(anyStep, { minLength: 10, maxLength: 100, size: 'max' });

const choose = (ids: readonly number[], pick: number): number | undefined =>
  ids[pick % Math.max(ids.length, 1)];

/** As `expect(one).toEqual(other)`, a hundred times as fast while they are equal. */
function same(one: unknown, other: unknown): void {
  if (!isDeepStrictEqual(one, other)) expect(one).toEqual(other);
}

function compare(machine: TaskMachine, model: Model, uncut: TaskMachine): void {
  const startable = machine.startable();
  const may = model.mayStart();
  same(
    startable.filter((id) => !may.includes(id)),
    [],
  );
  same(startable.length, Math.max(0, Math.min(may.length, model.places())));
  same(
    [machine.status, machine.operation, machine.closed, machine.active],
    [model.status, model.operation, model.closed, model.in('running', 'cancelling').length],
  );
  same(machine.failed.map(({ plan }) => plan.id).sort(), model.in('failed').sort());
  same(
    [...machine.subtasks.values()].map(({ run }) => run),
    [...model.nodes.values()].map(({ run }) => run),
  );
  const shown = (one: TaskMachine) => [
    one.change,
    one.counts,
    one.leftBehind(),
    one.failed.map(({ failure }) => failure),
  ];
  same(shown(machine), shown(uncut));
}

/** What a subtask adds: few keys and values, so that some agree and some do not; often nothing. */
const added = (pick: number): SubtaskResult | null =>
  pick % 3 === 0
    ? null
    : {
        stringMap: { [`k${pick % KEYS.length}`]: String(pick % 2) },
        listMap: pick % 5 === 0 ? { list: [String(pick % 7)] } : {},
      };

describe('any task, whatever happens to it', () => {
  it('is in the state that the plain rules say, after every outcome, every command and every seam', () => {
    fc.assert(
      fc.property(anyPlan, manySteps, (plan, steps) => {
        let machine = new TaskMachine(plan);
        /** The same task in one single run of its workflow. */
        const uncut = new TaskMachine(plan);
        const model = new Model(plan);
        const ids = idsOf(plan);
        const both = (act: (one: TaskMachine) => void) => {
          act(machine);
          act(uncut);
        };
        compare(machine, model, uncut);
        for (const { kind, pick } of steps) {
          const taskCommand = TASK_COMMANDS.find((name) => name === kind);
          const subtaskCommand = SUBTASK_COMMANDS.find((name) => name === kind);
          if (kind === 'start') {
            for (const id of machine.startable()) {
              const input = machine.start(id);
              same(input, uncut.start(id));
              same([input.run, input.operation === 'ROLLBACK'], [model.nodes.get(id)?.run, model.undoing]);
              model.set(id, 'running');
            }
          } else if (kind === 'succeed' || kind === 'fail') {
            const id = choose(model.in('running', 'cancelling'), pick);
            if (id === undefined) continue;
            const cancelled = model.nodes.get(id)?.state === 'cancelling' && pick % 2 === 0;
            if (kind === 'succeed') {
              model.succeed(id);
              both((one) => one.succeed(id, added(pick)));
            } else {
              model.set(id, 'failed');
              both((one) => one.fail(id, `no luck with ${id}`, cancelled));
            }
          } else if (kind === 'allEnd') {
            for (const id of model.in('running', 'cancelling')) {
              if ((pick + id) % 5 === 0) {
                model.set(id, 'failed');
                both((one) => one.fail(id, 'no luck'));
              } else {
                model.succeed(id);
                both((one) => one.succeed(id, added(pick + id)));
              }
            }
          } else if (taskCommand !== undefined) {
            // So rarely that most tasks live long.
            if (taskCommand === 'abandonTask' && pick % 10 !== 0) continue;
            const refused = machine.refuseTaskCommand(taskCommand) !== undefined;
            expect(refused).toBe(!model.commandTask(taskCommand));
            if (!refused) both((one) => one.commandTask(taskCommand));
          } else if (subtaskCommand !== undefined) {
            // Often one that failed or runs, else any.
            const likely = model.in(subtaskCommand === 'cancelSubtask' ? 'running' : 'failed');
            const any = ids[pick % ids.length] ?? 0;
            const id = pick % 3 === 0 ? any : (choose(likely, pick) ?? any);
            const refused = machine.refuseSubtaskCommand(subtaskCommand, id) !== undefined;
            expect(refused).toBe(!model.commandSubtask(subtaskCommand, id));
            if (!refused) both((one) => one.commandSubtask(subtaskCommand, id));
          } else {
            // What runs is waited for, or broken off, as a wait is.
            if (pick % 2 === 0) {
              for (const id of model.in('running')) {
                model.putBack(id);
                both((one) => one.fail(id, 'broken off', true));
              }
            }
            if (machine.active === 0 && !machine.closed) {
              const snapshot: Snapshot = JSON.parse(JSON.stringify(fitting(machine.snapshot())));
              // The interpreter begins anew, the translator goes on with the machine it has.
              if (pick % 3 === 0) machine.resume(snapshot);
              else machine = new TaskMachine(plan, snapshot);
            }
          }
          compare(machine, model, uncut);
        }
      }),
      { numRuns: 700 },
    );
  });

  it('ends SUCCESSFUL when an operator retries for as long as something fails', () => {
    fc.assert(
      fc.property(anyPlan, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (plan, luck) => {
        const machine = new TaskMachine(plan);
        let failuresLeft = 20;
        while (machine.status !== 'SUCCESSFUL') {
          if (machine.status === 'FAILED') machine.commandTask('retryTask');
          const ids = machine.startable();
          expect(ids.length).toBeGreaterThan(0);
          for (const id of ids) machine.start(id);
          for (const id of ids) {
            const fails = luck.next().value === 0 && failuresLeft-- > 0;
            if (fails) machine.fail(id, 'no luck');
            else machine.succeed(id);
          }
        }
        expect([...machine.subtasks.values()].every(({ status }) => status === 'SUCCESSFUL')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is back where it began, every subtask PENDING, when it is rolled back and failing undos are repeated or skipped', () => {
    const luck = fc.infiniteStream(fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(anyPlan, luck, (anything, luckOf) => {
        const nodes = changed(anything.nodes, ({ prohibitRollback: _any, ...node }) => node);
        const plan = { ...anything, nodes };
        const machine = new TaskMachine(plan);
        const undone: number[] = [];
        for (;;) {
          const ids = machine.startable();
          for (const id of ids) machine.start(id);
          for (const id of ids) {
            if (luckOf.next().value === 0) machine.fail(id, 'no luck');
            else machine.succeed(id);
          }
          if (machine.status === 'SUCCESSFUL') return; // nothing failed
          if (machine.status === 'FAILED') break;
        }
        const started = [...machine.subtasks.values()].filter(({ status }) => status !== 'PENDING');
        machine.commandTask('rollbackTask');
        while (!machine.closed) {
          if (machine.status === 'FAILED') {
            const [first] = machine.failed;
            if (luckOf.next().value === 0 && first !== undefined) {
              machine.commandSubtask('skipSubtask', first.plan.id);
              undone.push(first.plan.id);
            } else machine.commandTask('rollbackTask');
          }
          const ids = machine.startable();
          for (const id of ids) machine.start(id);
          for (const id of ids) {
            if (luckOf.next().value === 0) machine.fail(id, 'no luck');
            else {
              machine.succeed(id);
              undone.push(id);
            }
          }
        }
        expect(machine.change).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK', closed: true });
        expect([...machine.subtasks.values()].every(({ status }) => status === 'PENDING')).toBe(true);
        expect([...undone].sort()).toEqual(started.map(({ plan: { id } }) => id).sort());
        // Nothing before what came after it.
        for (const { plan: subtask } of started) {
          for (const below of subtask.downstreams) {
            const at = undone.indexOf(below);
            if (at !== -1) expect(at).toBeLessThan(undone.indexOf(subtask.id));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
