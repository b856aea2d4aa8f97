/** What a person may ask of a task now: what the API offers, as buttons show it. Pure. */
import { failedOf } from '../../cli/task/chain';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';

type TaskVerb = NonNullable<WrappedTaskInstance['availableOperations']>[number]['operation'];
type SubtaskVerb = NonNullable<SubtaskInstance['availableOperations']>[number]['operation'];

export interface WayOut {
  /** The last word of the path, and of the obflow command. */
  readonly verb: TaskVerb | SubtaskVerb;
  /** Of commands on one subtask. */
  readonly subtaskId?: number;
  /** What happens then, in the language of the page. */
  readonly meaning: string;
}

/** Where the command is sent. */
export function commandPath(taskId: number, { verb, subtaskId }: Pick<WayOut, 'verb' | 'subtaskId'>): string {
  const below = subtaskId === undefined ? '' : `/subtasks/${subtaskId}`;
  return `/api/v2/tasks/instances/${taskId}${below}/${verb}`;
}

/** The same for a shell. */
export function commandLine(
  taskId: number,
  { verb, subtaskId }: Pick<WayOut, 'verb' | 'subtaskId'>,
  why: string,
): string {
  const reason = why === '' ? '' : ` --why '${why.replaceAll("'", `'\\''`)}'`;
  return `obflow task ${verb} ${taskId}${subtaskId === undefined ? '' : ` ${subtaskId}`}${reason}`;
}

/** Of the task, and of its one failed subtask what the task as a whole has no command for. */
export function waysOfTask(task: WrappedTaskInstance): WayOut[] {
  const own: WayOut[] = [...(task.availableOperations ?? [])].map(({ operation, meaning }) => ({
    verb: operation,
    meaning,
  }));
  const [only, ...more] = failedOf(task);
  if (only === undefined || more.length > 0) return own;
  const skips = waysOfSubtask(only).filter(({ verb }) => verb === 'skip');
  return [...own.slice(0, 1), ...skips, ...own.slice(1)];
}

export function waysOfSubtask({ id, availableOperations = [] }: SubtaskInstance): WayOut[] {
  return availableOperations.map(({ operation, meaning }) => ({ verb: operation, subtaskId: id, meaning }));
}

/** Cannot be taken back. */
export function isDangerous({ verb }: Pick<WayOut, 'verb'>): boolean {
  return verb === 'abandon' || verb === 'cancel';
}
