/** The activities of a worker: `<Type>` and `<Type>.rollback` of every subtask of the catalogue, and applyTaskState. */
import type { SubtaskInput, SubtaskResult, TaskStateChange } from '../workflows/plan';
import { activitiesOf } from './execute';
import * as catalogue from './subtasks';
import type { ActivityDeps, Subtask } from './types';

/** What a worker registers. `applyTaskState` is a local activity; the others are the subtasks. */
export type Activities = Record<string, (input: SubtaskInput) => Promise<SubtaskResult | null>> & {
  applyTaskState(change: TaskStateChange): Promise<void>;
};

/** @param subtasks default: the whole catalogue */
export function createActivities(
  deps: ActivityDeps,
  subtasks: readonly Subtask[] = Object.values(catalogue),
): Activities {
  const applyTaskState = (change: TaskStateChange) => deps.store.tasks.applyStateChange(change);
  return Object.assign({}, ...subtasks.map((subtask) => activitiesOf(deps, subtask)), { applyTaskState });
}
