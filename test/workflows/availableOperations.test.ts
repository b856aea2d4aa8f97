import { subtaskOperations, taskOperations } from '../../workflows/availableOperations';
import { TaskMachine } from '../../workflows/interpreter/machine';
import { refuseSubtaskCommand, refuseTaskCommand } from '../../workflows/interpreter/refusals';
import { CHAIN, idOf, planOf } from '../support/plans';

const plan = planOf(CHAIN);
const [a, b] = [idOf(plan, 'a'), idOf(plan, 'b')];

/** Words of the task, and of each subtask that takes any. */
function offered(machine: TaskMachine) {
  const subtasks = [...machine.subtasks.keys()].map(
    (id) => [id, subtaskOperations(machine, id).map(({ command }) => command)] as const,
  );
  return {
    task: taskOperations(machine).map(({ command }) => command),
    ...Object.fromEntries(subtasks.filter(([, commands]) => commands.length > 0)),
  };
}

function running(): TaskMachine {
  const machine = new TaskMachine(plan);
  machine.start(a);
  return machine;
}

function failed(): TaskMachine {
  const machine = running();
  machine.succeed(a);
  machine.start(b);
  machine.fail(b, 'no');
  return machine;
}

test('What runs can be cancelled; a task that stands still can be repaired, undone or left', () => {
  expect(offered(new TaskMachine(plan))).toEqual({ task: [] });
  expect(offered(running())).toEqual({ task: [], [a]: ['cancelSubtask'] });
  expect(offered(failed())).toEqual({
    task: ['retryTask', 'rollbackTask', 'abandonTask'],
    [b]: ['retrySubtask', 'skipSubtask'],
  });
});

test('In a rollback the sentences speak of undoing, and nothing is retried', () => {
  const machine = failed();
  machine.commandTask('rollbackTask');
  for (const id of machine.startable()) machine.start(id);
  machine.fail(b, 'busy');
  expect(offered(machine)).toEqual({ task: ['rollbackTask', 'abandonTask'], [b]: ['skipSubtask'] });
  expect(
    [...taskOperations(machine), ...subtaskOperations(machine, b)].map(({ meaning }) => meaning.en),
  ).toEqual([
    'Go on undoing, once the cause is repaired.',
    expect.stringContaining('Leave everything'),
    'Count it as undone, when you undid it by hand.',
  ]);
});

test('What is offered is obeyed, and what is not is refused, in each state', () => {
  for (const machine of [new TaskMachine(plan), running(), failed()]) {
    const words = offered(machine) as Record<string, string[]>;
    for (const command of ['retryTask', 'rollbackTask', 'abandonTask'] as const) {
      expect(words.task?.includes(command)).toBe(refuseTaskCommand(machine, command) === undefined);
    }
    for (const command of ['retrySubtask', 'skipSubtask', 'cancelSubtask'] as const) {
      for (const id of machine.subtasks.keys()) {
        const refused = refuseSubtaskCommand(machine, command, id) !== undefined;
        expect([command, id, words[id]?.includes(command) ?? false]).toEqual([command, id, !refused]);
      }
    }
  }
});
