/** What a person or the API may send to a task. Every update takes one argument: the Web UI's dialog sends one JSON value. */
import type { UpdateDefinition } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { SubtaskCommand, TaskCommand } from './plan';

/** Who sends a command and why; kept in the history by the update's event. */
export interface CommandArgument {
  readonly who?: string;
  readonly why?: string;
}

/** Ids of the subtasks it concerns: they run again, are undone, are cancelled… */
export interface CommandAnswer {
  readonly subtaskIds: readonly number[];
}

type CommandUpdate = UpdateDefinition<CommandAnswer, [unknown]>;
const update = (name: TaskCommand | SubtaskCommand): CommandUpdate =>
  defineUpdate<CommandAnswer, [unknown]>(name);

/** The commands on a whole task, with the text that the Web UI's dialog shows. */
export const TASK_UPDATES: Readonly<Record<TaskCommand, { update: CommandUpdate; description: string }>> = {
  retryTask: {
    update: update('retryTask'),
    description: 'Runs every FAILED subtask again. Data: {} or {"who": "…", "why": "…"}',
  },
  rollbackTask: {
    update: update('rollbackTask'),
    description:
      'Undoes everything that a FAILED task has done, last first; again after an undo failed. Data: {} or {"who": "…", "why": "…"}',
  },
  abandonTask: {
    update: update('abandonTask'),
    description:
      'Ends a FAILED task as it is and releases what it holds; nothing is undone and it cannot be retried. Data: {} or {"who": "…", "why": "…"}',
  },
};

/** The commands on one subtask. */
export const SUBTASK_UPDATES: Readonly<
  Record<SubtaskCommand, { update: CommandUpdate; description: string }>
> = {
  retrySubtask: {
    update: update('retrySubtask'),
    description:
      'Runs one FAILED subtask again. Data: its id, "34803", or {"subtaskId": 34803, "who": "…", "why": "…"}',
  },
  skipSubtask: {
    update: update('skipSubtask'),
    description:
      'Counts one FAILED subtask (in a rollback: one failed undo) as done without running it. Data: its id, "34803", or {"subtaskId": 34803, "who": "…", "why": "…"}',
  },
  cancelSubtask: {
    update: update('cancelSubtask'),
    description:
      'Stops one RUNNING subtask, its command on the host included; it is FAILED then. Data: its id, "34803", or {"subtaskId": 34803, "who": "…", "why": "…"}',
  },
};

/** Type of the failure that an abandoned task's workflow ends with. */
export const ABANDONED = 'Abandoned';

/** The id in the argument of a subtask's update: `34803`, `"34803"` or `{"subtaskId": 34803}`; else undefined. */
export function subtaskIdOf(argument: unknown): number | undefined {
  const value =
    typeof argument === 'object' && argument !== null && 'subtaskId' in argument
      ? argument.subtaskId
      : argument;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** ` by admin: disk replaced`, as far as the argument of a command says it. */
export function byWhom(argument: unknown): string {
  const { who, why } = (typeof argument === 'object' && argument !== null ? argument : {}) as CommandArgument;
  const name = typeof who === 'string' && who !== '' ? ` by ${who}` : '';
  return typeof why === 'string' && why !== '' ? `${name}: ${why}` : name;
}
