/**
 * What a person may do about a task and each of its subtasks now, and what each does: shown by the API, the command and
 * Temporal's Web UI alike. Pure; what is available is what the interpreter would not refuse.
 */
import type { TaskMachine } from './interpreter/machine';
import { refuseSubtaskCommand, refuseTaskCommand } from './interpreter/refusals';
import type { SubtaskCommand, TaskCommand } from './plan';
import type { Text } from './text';
import { say } from './texts';

export interface Available<Command extends TaskCommand | SubtaskCommand> {
  readonly command: Command;
  /** One sentence: what it does, and when to choose it. */
  readonly meaning: Text;
}

/** Of a task that stands still, and of one that never ran. */
export const ABANDON: Available<'abandonTask'> = { command: 'abandonTask', meaning: say('way.abandonTask') };

/** On the whole task, the one to try first on top. */
export function taskOperations(machine: TaskMachine): Available<TaskCommand>[] {
  const undoing = machine.operation === 'ROLLBACK';
  const all: readonly Available<TaskCommand>[] = [
    { command: 'retryTask', meaning: say('way.retryTask') },
    { command: 'rollbackTask', meaning: say(undoing ? 'way.rollbackOn' : 'way.rollbackTask') },
    ABANDON,
  ];
  return all.filter(({ command }) => refuseTaskCommand(machine, command) === undefined);
}

/** On one subtask, the one to try first on top. */
export function subtaskOperations(machine: TaskMachine, id: number): Available<SubtaskCommand>[] {
  const status = machine.subtasks.get(id)?.status;
  // Nothing else takes a command, and most of a large task is nothing else.
  if (status !== 'READY' && !machine.isFailed(id)) return [];
  const undoing = machine.operation === 'ROLLBACK';
  const all: readonly Available<SubtaskCommand>[] = [
    { command: 'retrySubtask', meaning: say('way.retrySubtask') },
    { command: 'skipSubtask', meaning: say(undoing ? 'way.skipUndo' : 'way.skipSubtask') },
    { command: 'cancelSubtask', meaning: say('way.cancelSubtask') },
  ];
  return all.filter(({ command }) => refuseSubtaskCommand(machine, command, id) === undefined);
}
