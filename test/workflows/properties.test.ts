import fc from 'fast-check';
import { TaskMachine } from '../../workflows/machine';
import type { Plan } from '../../workflows/plan';
import { type Edges, planOf } from '../support/plans';
import { Model } from './model';

const LETTERS = 'abcdefgh';

/** Any DAG of at most eight subtasks with any concurrency limit. */
const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    size: fc.integer({ min: 1, max: LETTERS.length }),
    edges: fc.array(fc.boolean(), { minLength: 28, maxLength: 28 }),
    concurrency: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ size, edges, concurrency }) => {
    const names = [...LETTERS].slice(0, size);
    const parents = (child: number) =>
      names.filter((_, at) => at < child && edges[(child * (child - 1)) / 2 + at]);
    const dag: Edges = Object.fromEntries(names.map((name, child) => [name, parents(child)]));
    return planOf(dag, { concurrency });
  });

/** What may happen to a task next; `pick` chooses among what is possible. */
const anyStep = fc.record({
  kind: fc.constantFrom('start', 'start', 'start', 'succeed', 'succeed', 'fail', 'retryTask', 'retrySubtask'),
  pick: fc.nat(1000),
});

const choose = (ids: readonly number[], pick: number): number | undefined =>
  ids[pick % Math.max(ids.length, 1)];

function compare(machine: TaskMachine, model: Model): void {
  const startable = machine.startable();
  const may = model.mayStart();
  expect(may).toEqual(expect.arrayContaining(startable));
  expect(startable).toHaveLength(Math.max(0, Math.min(may.length, model.places())));
  expect([machine.status, machine.operation]).toEqual([model.status, model.operation]);
  expect([...machine.subtasks.values()].map(({ run }) => run)).toEqual(
    [...model.nodes.values()].map(({ run }) => run),
  );
}

describe('any task, whatever happens to it', () => {
  it('is in the state that the plain rules say, after every outcome and every command', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(anyStep, { maxLength: 60 }), (plan, steps) => {
        const machine = new TaskMachine(plan);
        const model = new Model(plan);
        compare(machine, model);
        for (const { kind, pick } of steps) {
          if (kind === 'start') {
            for (const id of machine.startable()) {
              expect(machine.start(id).run).toBe(model.nodes.get(id)?.run);
              model.set(id, 'running');
            }
          } else if (kind === 'succeed' || kind === 'fail') {
            const id = choose(model.in('running'), pick);
            if (id === undefined) continue;
            model.set(id, kind === 'succeed' ? 'done' : 'failed');
            if (kind === 'succeed') machine.succeed(id);
            else machine.fail(id, 'no luck');
          } else if (kind === 'retryTask') {
            const refused = machine.refuseRetryTask() !== undefined;
            expect(refused).toBe(!model.retryTask());
            if (!refused) machine.retryTask();
          } else {
            const id = plan.subtasks[pick % plan.subtasks.length]?.id ?? 0;
            const refused = machine.refuseRetrySubtask(id) !== undefined;
            expect(refused).toBe(!model.retrySubtask(id));
            if (!refused) machine.retrySubtask(id);
          }
          compare(machine, model);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('ends SUCCESSFUL when an operator retries for as long as something fails', () => {
    fc.assert(
      fc.property(anyPlan, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (plan, luck) => {
        const machine = new TaskMachine(plan);
        let failuresLeft = 20;
        while (machine.status !== 'SUCCESSFUL') {
          if (machine.status === 'FAILED') machine.retryTask();
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
});
