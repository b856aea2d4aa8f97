import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { StartedByHand } from '../../sandbox/standins/startByHand';
import { until } from '../support/until';
import type { OperationName } from './chains';
import type { Lane } from './lane';
import { failures, settled } from './settle';

/** What stands before the request. */
export interface Scene {
  /** Hosts that the task works on. */
  readonly targets: readonly TestHost[];
  /** Hosts whose state is compared. */
  readonly looked: readonly TestHost[];
  readonly byHand?: { readonly proxy: StartedByHand; readonly before: string };
}

/** A documented operation and the smallest world in which all of its subtasks have work. */
export interface Operation {
  readonly name: OperationName;
  readonly arrange: (lane: Lane) => Promise<Scene>;
  readonly request: (lane: Lane) => Promise<TaskJson>;
}

export async function freshHosts(lane: Lane, targets: readonly TestHost[], growing = false): Promise<Scene> {
  await lane.reset({ hosts: targets, growing });
  return { targets, looked: growing ? [lane.member, ...targets] : targets };
}

export async function ended(lane: Lane, tasks: readonly TaskJson[]): Promise<void> {
  for (const task of await Promise.all(tasks.map(({ id }) => settled(lane, id)))) {
    if (task.status !== 'SUCCESSFUL') {
      throw new Error(`task ${task.id}, of the scene, is ${task.status}: ${failures(task)}`);
    }
  }
  await until('the locks are released', () => lane.rows.locks().length === 0);
}

/** The one task of a request that answers a list. */
export function only(tasks: readonly TaskJson[]): TaskJson {
  const [task] = tasks;
  if (task === undefined) throw new Error('the request made no task');
  return task;
}
