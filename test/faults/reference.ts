import type { TaskJson } from '../../sandbox/stack/apiClient';
import { activityOf, CaseFailed } from './aim';
import type { Lane } from './lane';
import { leftovers, type Outcome, outcomeOf } from './outcome';
import type { Operation } from './scene';
import { failures, settled } from './settle';

/** The undisturbed run of an operation on one lane. */
export interface Reference {
  readonly outcome: Outcome;
  /** Number of points of a subtask's execution, by its place in the plan. */
  readonly points: ReadonlyMap<number, number>;
  /** Seconds that the longest subtask of a type took. */
  readonly seconds: ReadonlyMap<string, number>;
}

/** By activity. */
function secondsOf(task: TaskJson): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const subtask of task.subtasks) {
    const { className, startTime, finishTime } = subtask as unknown as Record<string, string | undefined>;
    const type = activityOf(className ?? '');
    const took = (Date.parse(finishTime ?? '') - Date.parse(startTime ?? '')) / 1000;
    if (took > (seconds.get(type) ?? 0)) seconds.set(type, took);
  }
  return seconds;
}

/** Runs the operation without any fault. */
export async function referenceRun(lane: Lane, operation: Operation): Promise<Reference> {
  const scene = await operation.arrange(lane);
  const { id } = await operation.request(lane);
  const task = await settled(lane, id);
  if (task.status !== 'SUCCESSFUL')
    throw new CaseFailed(`${operation.name} fails undisturbed: ${failures(task)}`);
  const left = await leftovers(lane, scene);
  if (left.length > 0) throw new CaseFailed(`${operation.name} leaves undisturbed: ${left.join('; ')}`);
  const points = new Map<number, number>();
  task.subtasks.forEach((subtask, index) => {
    points.set(index, lane.control.points.filter(({ subtaskId }) => subtaskId === subtask.id).length);
  });
  return { outcome: await outcomeOf(lane, scene, task), points, seconds: secondsOf(task) };
}
