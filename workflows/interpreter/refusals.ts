/** When a command is refused, and what the person who gave it reads: the state, and what is allowed instead. Pure. */

import type { SubtaskCommand, TaskCommand } from '../plan';
import type { SubtaskState, TaskMachine } from './machine';

/** Why a command cannot be obeyed now; `message` speaks to the person who gave it. */
export interface CommandRefusal {
  /** OCP's error table: unknown id, rollback forbidden, skip forbidden, wrong state of the task, of the subtask. */
  readonly code: 'TSK10001' | 'TSK10009' | 'TSK10010' | 'TSK10016' | 'TSK10017';
  readonly message: string;
}

const VERBS: Readonly<Record<TaskCommand | SubtaskCommand, string>> = {
  retryTask: 'retry',
  rollbackTask: 'rollback',
  abandonTask: 'abandon',
  retrySubtask: 'retry',
  skipSubtask: 'skip',
  cancelSubtask: 'cancel',
};

/** What a task takes in its present state. */
function allowedNow({ closed, status, operation }: TaskMachine): string {
  if (closed) return 'It has ended and takes no commands.';
  if (operation === 'ROLLBACK') {
    return status === 'FAILED'
      ? 'Allowed now: rollback again, skip of a FAILED subtask, abandon.'
      : 'Allowed now: cancel of a RUNNING subtask, skip of a FAILED one.';
  }
  return status === 'FAILED'
    ? 'Allowed now: retry, rollback, abandon; retry or skip of a FAILED subtask.'
    : 'Allowed now: cancel of a RUNNING subtask, retry or skip of a FAILED one.';
}

/** Undefined when the task takes the command now. */
export function refuseTaskCommand(machine: TaskMachine, command: TaskCommand): CommandRefusal | undefined {
  const { plan, status, operation } = machine;
  const undoing = operation === 'ROLLBACK';
  if (machine.closed || status !== 'FAILED' || (undoing && command === 'retryTask')) {
    const how = undoing ? `${status} in its rollback` : status;
    const when = undoing && command === 'retryTask' ? 'before a rollback has begun' : 'when it is FAILED';
    const message = `Task ${plan.taskId} is ${how}; ${VERBS[command]} is allowed ${when}. ${allowedNow(machine)}`;
    return { code: 'TSK10016', message };
  }
  if (command !== 'rollbackTask' || undoing) return undefined;
  const forbidden = machine.rollbackForbiddenBy();
  if (forbidden === undefined) return undefined;
  const message = `Task ${plan.taskId} cannot be rolled back: ${forbidden}. Retry it, skip what is FAILED, or abandon it.`;
  return { code: 'TSK10009', message };
}

/** Undefined when the subtask takes the command now. */
export function refuseSubtaskCommand(
  machine: TaskMachine,
  command: SubtaskCommand,
  id: number,
): CommandRefusal | undefined {
  const state = machine.subtasks.get(id);
  if (state === undefined) {
    return { code: 'TSK10001', message: `Task ${machine.plan.taskId} has no subtask ${id}.` };
  }
  const verb = VERBS[command];
  const wrong = (allowed: string): CommandRefusal => ({
    code: 'TSK10017',
    message: `Subtask ${id} (${state.plan.node.name}) is ${shown(machine, state)}; ${verb} is allowed ${allowed}. ${allowedNow(machine)}`,
  });
  if (machine.closed) return wrong('while the task is open');
  if (command === 'cancelSubtask') return state.status === 'READY' ? undefined : wrong('when it is RUNNING');
  if (!machine.isFailed(id)) return wrong('when it is FAILED');
  if (machine.operation === 'ROLLBACK') {
    return command === 'skipSubtask' ? undefined : wrong('before a rollback has begun');
  }
  if (command === 'skipSubtask' && state.plan.node.prohibitSkip) {
    const message = `Subtask ${id} (${state.plan.node.name}) cannot be skipped: what follows needs what it does. Retry it, roll the task back, or abandon it.`;
    return { code: 'TSK10010', message };
  }
  return undefined;
}

function shown({ operation }: TaskMachine, { status, operation: own }: SubtaskState): string {
  if (status === 'READY') return own === 'ROLLBACK' ? 'being undone' : 'READY or RUNNING';
  return operation === 'ROLLBACK' && own === 'ROLLBACK' && status !== 'PENDING'
    ? `${status} and waits for its undo`
    : status;
}
