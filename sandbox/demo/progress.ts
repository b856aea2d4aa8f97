import { createProgress, type ProgressRow } from '../../cli/progress';
import { runningStep, type TaskJson } from '../stack/apiClient';

/** Shows how tasks advance: a bar a host on a terminal, one plain line a change elsewhere. */
export interface TaskProgress {
  show(task: TaskJson): void;
  /** Leaves the bars standing; those of later tasks begin below. */
  stop(): void;
}

export function createTaskProgress(
  hostOf: (task: TaskJson) => string,
  terminal = process.stdout.isTTY,
): TaskProgress {
  const progress = createProgress(terminal);
  const rows = new Map<number, ProgressRow>();
  return {
    show(task) {
      const done = task.subtasks.filter(({ status }) => status === 'SUCCESSFUL').length;
      rows.set(task.id, {
        key: task.id,
        label: hostOf(task).padEnd(15),
        done,
        total: task.subtasks.length,
        note: step(task),
      });
      progress.show({ rows: [...rows.values()] });
    },
    stop() {
      progress.stop();
      rows.clear();
    },
  };
}

function step(task: TaskJson): string {
  if (task.status !== 'FAILED') return runningStep(task);
  const failed = task.subtasks.find((subtask) => subtask.status === 'FAILED');
  return `FAILED at ${failed?.name ?? 'an unknown step'}: ${failed?.failureMessage ?? 'see the subtask log'}`;
}
