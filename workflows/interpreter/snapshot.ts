/**
 * A task between two runs of its workflow: Temporal bounds a history, so a long task goes on in a new run that begins with
 * the plan and this. Small: a state costs nothing when it is that of the subtask before.
 */

import type { SubtaskOperation, SubtaskResult, SubtaskStatus, TaskOperation, TaskStatus } from '../plan';
import { inEnglish, type Said } from '../text';

type State = readonly [status: Exclude<SubtaskStatus, 'RUNNING'>, operation: SubtaskOperation, run: number];

export interface Snapshot {
  readonly operation: TaskOperation;
  readonly status: TaskStatus;
  readonly sequence: number;
  /** The different states of subtasks. */
  readonly states: readonly State[];
  /** In the order of the subtasks: index of a state, and how many subtasks in a row have it. */
  readonly runs: readonly (readonly [state: number, count: number])[];
  /** In the order they failed, with the reason, which may be cut: a task of a thousand hosts can fail on each. */
  readonly failed: readonly (readonly [id: number, failure: Said])[];
  /** What an operator asked for and what has not started yet. */
  readonly asked: readonly number[];
  readonly results: readonly (readonly [id: number, result: SubtaskResult])[];
  /** Ids of the commands that were obeyed. */
  readonly obeyed: readonly string[];
}

interface Mutable {
  status: State[0];
  operation: SubtaskOperation;
  run: number;
}

/** Characters of all reasons together; the whole ones are in the logs. */
const FAILURES = 200_000;

/** The states of all subtasks, in their order. */
export function packStates(all: readonly Readonly<Mutable>[]): Pick<Snapshot, 'states' | 'runs'> {
  const states: State[] = [];
  const known = new Map<string, number>();
  const runs: [number, number][] = [];
  for (const { status, operation, run } of all) {
    const key = `${status}/${operation}/${run}`;
    let index = known.get(key);
    if (index === undefined) {
      index = states.push([status, operation, run]) - 1;
      known.set(key, index);
    }
    const last = runs.at(-1);
    if (last !== undefined && last[0] === index) last[1] += 1;
    else runs.push([index, 1]);
  }
  return { states, runs };
}

/** The reverse of `packStates`. Throws Error when the snapshot is one of another plan. */
export function unpackStates(
  { states, runs }: Pick<Snapshot, 'states' | 'runs'>,
  all: readonly Mutable[],
): void {
  let at = 0;
  for (const [index, count] of runs) {
    const state = states[index];
    for (const end = at + count; at < end; at++) {
      const own = all[at];
      if (own === undefined || state === undefined) throw new Error('The snapshot is one of another plan.');
      [own.status, own.operation, own.run] = state;
    }
  }
  if (at !== all.length) throw new Error('The snapshot is one of another plan.');
}

/** The snapshot with its reasons cut to what a payload may hold. */
export function fitting(snapshot: Snapshot): Snapshot {
  const { failed } = snapshot;
  const room = Math.max(200, Math.floor(FAILURES / Math.max(1, failed.length)));
  return {
    ...snapshot,
    failed: failed.map(([id, failure]) => {
      const text = inEnglish(failure);
      if (JSON.stringify(failure).length <= room) return [id, failure];
      return [id, text.length > room ? `${text.slice(0, room)}…` : text];
    }),
  };
}
