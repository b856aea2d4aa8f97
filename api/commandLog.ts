import type { LogLine } from '../inventory/types';
import type { SubtaskCommand, TaskCommand } from '../workflows/plan';
import type { WrappedTaskInstance } from './taskInfo/types';

/** A command that was obeyed. */
export interface ObeyedCommand {
  readonly name: TaskCommand | SubtaskCommand;
  readonly who: string;
  readonly from?: string;
  readonly why?: string;
  /** When it was given, in milliseconds since 1970. */
  readonly at: number;
}

const WORDS: Readonly<Record<TaskCommand | SubtaskCommand, string>> = {
  retryTask: 'Retry of the task',
  rollbackTask: 'Rollback of the task',
  abandonTask: 'Abandoning the task',
  retrySubtask: 'Retry',
  skipSubtask: 'Skip',
  cancelSubtask: 'Cancel',
};

/** `Retry asked for by admin from 10.0.0.5: disk replaced`. */
function text({ name, who, from, why }: ObeyedCommand): string {
  const by = who === '' ? '' : ` by ${who}`;
  const where = from === undefined || from === '' ? '' : ` from ${from}`;
  return `${WORDS[name]} asked for${by}${where}${why === undefined || why === '' ? '' : `: ${why}`}`;
}

/**
 * What the logs of the subtasks that a command concerns say of it: one line each, in the run that the command began, or
 * that it ended.
 *
 * @param document read after the command was obeyed
 */
export function commandLines(
  document: WrappedTaskInstance,
  subtaskIds: readonly number[],
  command: ObeyedCommand,
): LogLine[] {
  const concerned = new Set(subtaskIds);
  return document.subtasks
    .filter(({ id }) => concerned.has(id))
    .map((subtask) => ({
      subtaskId: subtask.id,
      run: subtask.runTime,
      operation: subtask.operation,
      time: new Date(command.at).toISOString(),
      level: 'INFO',
      text: text(command),
    }));
}
