import fc from 'fast-check';
import { TaskMachine } from '../../workflows/interpreter/machine';
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
    /** Index of a subtask that may not be skipped, and of one that may not be undone; most plans have neither. */
    unskippable: fc.integer({ min: 0, max: 20 }),
    permanent: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ size, edges, concurrency, unskippable, permanent }) => {
    const names = [...LETTERS].slice(0, size);
    const parents = (child: number) =>
      names.filter((_, at) => at < child && edges[(child * (child - 1)) / 2 + at]);
    const dag: Edges = Object.fromEntries(names.map((name, child) => [name, parents(child)]));
    const plan = planOf(dag, { concurrency });
    const subtasks = plan.subtasks.map((subtask, index) => ({
      ...subtask,
      prohibitSkip: index === unskippable,
      prohibitRollback: index === permanent,
    }));
    return { ...plan, subtasks };
  });

const TASK_COMMANDS = ['retryTask', 'rollbackTask', 'abandonTask'] as const;
const SUBTASK_COMMANDS = ['retrySubtask', 'skipSubtask', 'cancelSubtask'] as const;

/** What may happen to a task next; `pick` chooses among what is possible. */
const anyStep = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('start', 'start', 'succeed', 'succeed', 'fail') },
    { weight: 3, arbitrary: fc.constantFrom('retryTask', 'rollbackTask', 'rollbackTask') },
    { weight: 4, arbitrary: fc.constantFrom(...SUBTASK_COMMANDS) },
    { weight: 1, arbitrary: fc.constant('abandonTask') },
  ),
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
  expect([machine.closed, machine.active]).toEqual([model.closed, model.in('running', 'cancelling').length]);
  expect(machine.failed.map(({ plan }) => plan.id).sort()).toEqual(model.in('failed').sort());
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
          const taskCommand = TASK_COMMANDS.find((name) => name === kind);
          const subtaskCommand = SUBTASK_COMMANDS.find((name) => name === kind);
          if (kind === 'start') {
            for (const id of machine.startable()) {
              const input = machine.start(id);
              expect(input.run).toBe(model.nodes.get(id)?.run);
              expect(input.operation === 'ROLLBACK').toBe(model.undoing);
              model.set(id, 'running');
            }
          } else if (kind === 'succeed' || kind === 'fail') {
            const id = choose(model.in('running', 'cancelling'), pick);
            if (id === undefined) continue;
            const cancelled = model.nodes.get(id)?.state === 'cancelling' && pick % 2 === 0;
            if (kind === 'succeed') {
              model.succeed(id);
              machine.succeed(id);
            } else {
              model.set(id, 'failed');
              machine.fail(id, 'no luck', cancelled);
            }
          } else if (taskCommand !== undefined) {
            const refused = machine.refuseTaskCommand(taskCommand) !== undefined;
            expect(refused).toBe(!model.commandTask(taskCommand));
            if (!refused) machine.commandTask(taskCommand);
          } else if (subtaskCommand !== undefined) {
            // Often one that failed or runs, else any.
            const likely = model.in(subtaskCommand === 'cancelSubtask' ? 'running' : 'failed');
            const any = plan.subtasks[pick % plan.subtasks.length]?.id ?? 0;
            const id = pick % 3 === 0 ? any : (choose(likely, pick) ?? any);
            const refused = machine.refuseSubtaskCommand(subtaskCommand, id) !== undefined;
            expect(refused).toBe(!model.commandSubtask(subtaskCommand, id));
            if (!refused) machine.commandSubtask(subtaskCommand, id);
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
        const plan = {
          ...anything,
          subtasks: anything.subtasks.map((s) => ({ ...s, prohibitRollback: false })),
        };
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
