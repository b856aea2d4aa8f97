/** How a task or a subtask stands, as a person tells it: what a status alone does not say. Pure. */
import { failedOf, isClosed, needsPerson } from '../../cli/task/chain';

export type TaskKind =
  | 'running'
  /** A subtask has failed, and others still run. */
  | 'failing'
  | 'undoing'
  /** FAILED: stands still until a person decides. */
  | 'waiting'
  | 'undoWaiting'
  | 'done'
  | 'rolledBack'
  /** Ended by a person as it was. */
  | 'abandoned';

interface TaskLike {
  readonly status: string;
  readonly operation: string;
  readonly closed?: boolean | undefined;
  readonly subtasks: readonly { readonly status: string }[];
}

export function kindOfTask(task: TaskLike): TaskKind {
  const undoing = task.operation === 'ROLLBACK';
  if (task.status === 'SUCCESSFUL') return undoing ? 'rolledBack' : 'done';
  if (isClosed(task)) return 'abandoned';
  if (needsPerson(task)) return undoing ? 'undoWaiting' : 'waiting';
  if (undoing) return 'undoing';
  return failedOf(task).length > 0 ? 'failing' : 'running';
}

export type SubtaskKind =
  | 'pending'
  | 'ready'
  | 'running'
  | 'canceling'
  | 'failed'
  | 'done'
  | 'skipped'
  | 'undone'
  | 'undoing';

interface SubtaskLike {
  readonly status: string;
  readonly operation: string;
}

export function kindOfSubtask({ status, operation }: SubtaskLike): SubtaskKind {
  switch (status) {
    case 'SUCCESSFUL':
      if (operation === 'SKIP' || operation === 'ROLLBACK_SKIP') return 'skipped';
      return operation === 'ROLLBACK' ? 'undone' : 'done';
    case 'FAILED':
      return 'failed';
    case 'CANCELING':
      return 'canceling';
    case 'RUNNING':
      return operation === 'ROLLBACK' ? 'undoing' : 'running';
    case 'READY':
      return 'ready';
    default:
      return 'pending';
  }
}

/** The one that tells most of several: what failed before what runs, what runs before what waits. */
const RANK: readonly SubtaskKind[] = [
  'failed',
  'canceling',
  'running',
  'undoing',
  'ready',
  'pending',
  'skipped',
  'undone',
  'done',
];

/** Of a fan-out; partly done and partly waiting is under way. */
export function kindOfMany(subtasks: readonly SubtaskLike[]): SubtaskKind {
  const kinds = new Set(subtasks.map(kindOfSubtask));
  const most = RANK.find((kind) => kinds.has(kind)) ?? 'pending';
  return most === 'pending' && kinds.has('done') ? 'running' : most;
}

const ENDED: readonly SubtaskKind[] = ['done', 'skipped', 'undone'];

/** `7/10, 1 failed` as numbers. */
export function countsOf(subtasks: readonly SubtaskLike[]): { done: number; failed: number; all: number } {
  const kinds = subtasks.map(kindOfSubtask);
  return {
    done: kinds.filter((kind) => ENDED.includes(kind)).length,
    failed: kinds.filter((kind) => kind === 'failed').length,
    all: kinds.length,
  };
}
