import { MultiBar, type SingleBar } from 'cli-progress';
import { runningStep, type TaskJson } from '../stack/apiClient';

/** Shows how tasks advance: a bar a host on a terminal, one plain line a change elsewhere. */
export interface Progress {
  show(task: TaskJson): void;
  stop(): void;
}

export function createProgress(
  hostOf: (task: TaskJson) => string,
  terminal = process.stdout.isTTY,
): Progress {
  return terminal ? bars(hostOf) : lines(hostOf);
}

function bars(hostOf: (task: TaskJson) => string): Progress {
  const multibar = new MultiBar({
    format: '  {host} |{bar}| {value}/{total} {step}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: false,
    barCompleteChar: '#',
    barIncompleteChar: '.',
  });
  const shown = new Map<number, SingleBar>();
  let stopped = false;
  return {
    show(task) {
      const bar =
        shown.get(task.id) ??
        multibar.create(task.subtasks.length, 0, { host: hostOf(task).padEnd(15), step: '' });
      shown.set(task.id, bar);
      bar.update(finished(task), { step: step(task) });
    },
    stop() {
      // A second stop would move the cursor up again, over what was printed since.
      if (!stopped) multibar.stop();
      stopped = true;
    },
  };
}

function lines(hostOf: (task: TaskJson) => string): Progress {
  const last = new Map<number, string>();
  return {
    show(task) {
      const line = `  ${hostOf(task).padEnd(15)} ${String(finished(task)).padStart(2)}/${task.subtasks.length} ${step(task)}`;
      if (last.get(task.id) === line) return;
      last.set(task.id, line);
      console.log(line);
    },
    stop: () => undefined,
  };
}

function finished(task: TaskJson): number {
  return task.subtasks.filter((subtask) => subtask.status === 'SUCCESSFUL').length;
}

function step(task: TaskJson): string {
  if (task.status !== 'FAILED') return runningStep(task);
  const failed = task.subtasks.find((subtask) => subtask.status === 'FAILED');
  return `FAILED at ${failed?.name ?? 'an unknown step'}: ${failed?.failureMessage ?? 'see the subtask log'}`;
}
