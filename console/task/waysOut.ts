/** What a person may ask of a task now, in the order in which it is worth trying. */
import { failedOf, isClosed, needsPerson } from '../../cli/task/chain';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';
import type { WordKey } from '../words';

export type CommandName =
  | 'retryTask'
  | 'rollbackTask'
  | 'abandonTask'
  | 'retrySubtask'
  | 'skipSubtask'
  | 'cancelSubtask';

export interface WayOut {
  readonly command: CommandName;
  readonly subtaskId?: number;
  /** What happens then. */
  readonly meaning: WordKey;
  readonly kind: 'main' | 'danger' | '';
}

const PATH_WORD: Readonly<Record<CommandName, string>> = {
  retryTask: 'retry',
  rollbackTask: 'rollback',
  abandonTask: 'abandon',
  retrySubtask: 'retry',
  skipSubtask: 'skip',
  cancelSubtask: 'cancel',
};

/** Where the command is sent. */
export function commandPath(
  taskId: number,
  { command, subtaskId }: Pick<WayOut, 'command' | 'subtaskId'>,
): string {
  const below = subtaskId === undefined ? '' : `/subtasks/${subtaskId}`;
  return `/api/v2/tasks/instances/${taskId}${below}/${PATH_WORD[command]}`;
}

/** The same as words behind `obflow`. */
export function commandLine(
  taskId: number,
  { command, subtaskId }: Pick<WayOut, 'command' | 'subtaskId'>,
  why: string,
): string {
  const reason = why === '' ? '' : ` --why '${why.replaceAll("'", `'\\''`)}'`;
  return `obflow task ${PATH_WORD[command]} ${taskId}${subtaskId === undefined ? '' : ` ${subtaskId}`}${reason}`;
}

export function waysOfTask(task: WrappedTaskInstance): WayOut[] {
  if (!needsPerson(task)) return [];
  const abandon: WayOut = { command: 'abandonTask', meaning: 'command.meaning.abandonTask', kind: 'danger' };
  if (task.operation === 'ROLLBACK') {
    return [
      { command: 'rollbackTask', meaning: 'command.meaning.rollbackAgain', kind: 'main' },
      ...skips(task, failedOf(task)),
      abandon,
    ];
  }
  return [
    { command: 'retryTask', meaning: 'command.meaning.retryTask', kind: 'main' },
    ...skips(task, failedOf(task)),
    ...(task.prohibitRollback
      ? []
      : [{ command: 'rollbackTask', meaning: 'command.meaning.rollbackTask', kind: '' } as const]),
    abandon,
  ];
}

/** Of the one failed subtask; of several each has its own button beside its log. */
function skips(task: WrappedTaskInstance, failed: readonly SubtaskInstance[]): WayOut[] {
  const [only, ...more] = failed;
  return only === undefined || more.length > 0
    ? []
    : waysOfSubtask(task, only).filter(({ command }) => command === 'skipSubtask');
}

export function waysOfSubtask(task: WrappedTaskInstance, subtask: SubtaskInstance): WayOut[] {
  if (isClosed(task)) return [];
  const { id: subtaskId, status, prohibitSkip } = subtask;
  const undoing = task.operation === 'ROLLBACK';
  if (status === 'RUNNING') {
    return [
      { command: 'cancelSubtask', subtaskId, meaning: 'command.meaning.cancelSubtask', kind: 'danger' },
    ];
  }
  if (status !== 'FAILED') return [];
  return [
    ...(undoing
      ? []
      : [
          {
            command: 'retrySubtask',
            subtaskId,
            meaning: 'command.meaning.retrySubtask',
            kind: 'main',
          } as const,
        ]),
    ...(prohibitSkip === true
      ? []
      : [
          {
            command: 'skipSubtask',
            subtaskId,
            meaning: undoing ? 'command.meaning.skipUndo' : 'command.meaning.skipSubtask',
            kind: '',
          } as const,
        ]),
  ];
}
