/** Which execution of a task a case means, and where in it. */
import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { Case } from './cases';
import type { Fault } from './faults';

/** Thrown when a case cannot go on as it should. */
export class CaseFailed extends Error {}

interface Target {
  readonly index: number;
  readonly subtask: TaskJson['subtasks'][number];
}

/** The activity type of a subtask's documented class. */
export const activityOf = (className: string) => className.split('.').at(-1)?.replace(/Task$/, '') ?? '';

/** The subtask of the node; of a fan-out the one that the seed picks. */
export function targetOf(task: TaskJson, { node, operation }: Case, random: () => number): Target {
  const groups = new Map<string, Target[]>();
  let occurrence = 0;
  let last = '';
  task.subtasks.forEach((subtask, index) => {
    const { className, parallelIdx } = subtask as unknown as { className: string; parallelIdx: number };
    const activity = activityOf(className);
    const fits = activity === node.activity;
    if (!fits) {
      last = activity;
      return;
    }
    if (parallelIdx <= 0 || last !== activity) occurrence += 1;
    last = activity;
    const key = String(occurrence);
    groups.set(key, [...(groups.get(key) ?? []), { index, subtask }]);
  });
  const group = groups.get(String(node.occurrence)) ?? [];
  const target = group[Math.floor(random() * group.length)];
  if (target === undefined) throw new CaseFailed(`${operation.name} has no subtask ${node.key}`);
  return target;
}

/** The point to stop at, of `count` points 0 … count − 1. */
export function aimedIndex({ at }: Fault, count: number, random: () => number): number | 'after' {
  const place = random();
  if (at === 'before') return 0;
  if (at === 'after') return 'after';
  if (at === 'inside') return 1 + Math.floor(place * Math.max(count - 2, 0));
  const index = Math.floor(place * count);
  return index >= count - 1 ? 'after' : index;
}
