/** When a command is refused, and what the person who gave it reads: the state, and what is allowed instead. Pure. */

import type { SubtaskCommand, TaskCommand } from '../plan';
import type { Said, Text } from '../text';
import { say } from '../texts';
import type { SubtaskState, TaskMachine } from './machine';

/** Why a command cannot be obeyed now; `message` speaks to the person who gave it. */
export interface CommandRefusal {
  /** OCP's error table: unknown id, rollback forbidden, skip forbidden, wrong state of the task, of the subtask. */
  readonly code: 'TSK10001' | 'TSK10009' | 'TSK10010' | 'TSK10016' | 'TSK10017';
  readonly message: Text;
}

const VERBS: Readonly<Record<TaskCommand | SubtaskCommand, Text>> = {
  retryTask: say('verb.retry'),
  rollbackTask: say('verb.rollback'),
  abandonTask: say('verb.abandon'),
  retrySubtask: say('verb.retry'),
  skipSubtask: say('verb.skip'),
  cancelSubtask: say('verb.cancel'),
};

/** What a task takes in its present state. */
function allowedNow({ closed, status, operation }: TaskMachine): Text {
  if (closed) return say('allowed.none');
  if (operation === 'ROLLBACK') return say(status === 'FAILED' ? 'allowed.undoFailed' : 'allowed.undoing');
  return say(status === 'FAILED' ? 'allowed.failed' : 'allowed.running');
}

/** Undefined when the task takes the command now. */
export function refuseTaskCommand(machine: TaskMachine, command: TaskCommand): CommandRefusal | undefined {
  const { plan, status, operation } = machine;
  const undoing = operation === 'ROLLBACK';
  if (machine.closed || status !== 'FAILED' || (undoing && command === 'retryTask')) {
    const message = say('refused.task', {
      task: plan.taskId,
      state: undoing ? say('state.inRollback', { status }) : status,
      verb: VERBS[command],
      when: say(undoing && command === 'retryTask' ? 'when.beforeRollback' : 'when.failed'),
      allowed: allowedNow(machine),
    });
    return { code: 'TSK10016', message };
  }
  if (command !== 'rollbackTask' || undoing) return undefined;
  const forbidden = machine.rollbackForbiddenBy();
  if (forbidden === undefined) return undefined;
  return { code: 'TSK10009', message: say('refused.rollback', { task: plan.taskId, reason: forbidden }) };
}

/** Undefined when the subtask takes the command now. */
export function refuseSubtaskCommand(
  machine: TaskMachine,
  command: SubtaskCommand,
  id: number,
): CommandRefusal | undefined {
  const state = machine.subtasks.get(id);
  if (state === undefined) {
    return { code: 'TSK10001', message: say('subtask.unknown', { task: machine.plan.taskId, subtask: id }) };
  }
  const { name } = state.plan.node;
  const wrong = (when: Text): CommandRefusal => ({
    code: 'TSK10017',
    message: say('refused.subtask', {
      subtask: id,
      name,
      state: shown(machine, state),
      verb: VERBS[command],
      when,
      allowed: allowedNow(machine),
    }),
  });
  if (machine.closed) return wrong(say('when.open'));
  if (command === 'cancelSubtask') return state.status === 'READY' ? undefined : wrong(say('when.running'));
  if (!machine.isFailed(id)) return wrong(say('when.failed'));
  if (machine.operation === 'ROLLBACK') {
    return command === 'skipSubtask' ? undefined : wrong(say('when.beforeRollback'));
  }
  if (command === 'skipSubtask' && state.plan.node.prohibitSkip) {
    return { code: 'TSK10010', message: say('refused.skip', { subtask: id, name }) };
  }
  return undefined;
}

function shown({ operation }: TaskMachine, { status, operation: own }: SubtaskState): Said {
  if (status === 'READY') return say(own === 'ROLLBACK' ? 'state.undoing' : 'state.readyOrRunning');
  return operation === 'ROLLBACK' && own === 'ROLLBACK' && status !== 'PENDING'
    ? say('state.waitsForUndo', { status })
    : status;
}
