import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Environment variable: where the light subtasks leave their marks. */
export const CHAOS_FOLDER = 'OBFLOW_TEST_CHAOS_FOLDER';
export const EFFECTS_LOG = 'effects.log';

/** One execution that came to its end. */
export interface Effect {
  readonly taskId: number;
  readonly subtaskId: number;
  readonly run: number;
  readonly attempt: number;
  /** It did the work; otherwise it found it done. */
  readonly first: boolean;
}

export function markName(taskId: number, subtaskId: number): string {
  return `${taskId}-${subtaskId}`;
}

export function isMarked(folder: string, taskId: number, subtaskId: number): boolean {
  return existsSync(path.join(folder, markName(taskId, subtaskId)));
}

export function readEffects(folder: string): Effect[] {
  const text = (() => {
    try {
      return readFileSync(path.join(folder, EFFECTS_LOG), 'utf8');
    } catch {
      return '';
    }
  })();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect);
}
