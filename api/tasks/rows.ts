import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { IdText } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import type { Store, TaskRow } from '../../store/types';
import { GraphError } from '../../workflows/interpreter/expansion';
import { subtaskCount } from '../../workflows/subtaskCount';

/** Parameters of the paths under a task. */
export const TaskPath = z.object({ taskInstanceId: IdText });
export const SubtaskPath = z.object({ taskInstanceId: IdText, subtaskInstanceId: IdText });

export function unknownTask(id: number): Refusal {
  return new Refusal(404, 'TSK10001', say('task.unknown', { id }), { target: `task:${id}` });
}

/** Throws Refusal TSK10001 when there is no such task. */
export async function taskRow(store: Store, id: number): Promise<TaskRow> {
  const found = await store.tasks.find(id);
  if (found === undefined) throw unknownTask(id);
  return found;
}

/** Throws Refusal TSK10001 when there is no such task, or when the subtask is of another one. */
export async function rowWithSubtask(store: Store, taskId: number, subtaskId: number): Promise<TaskRow> {
  const task = await taskRow(store, taskId);
  const { firstSubtaskId } = task.plan;
  if (subtaskId >= firstSubtaskId && subtaskId < firstSubtaskId + subtasksOf(task)) return task;
  throw new Refusal(404, 'TSK10001', say('subtask.unknown', { task: taskId, subtask: subtaskId }), {
    target: `subtask:${subtaskId}`,
  });
}

/** None of a plan that cannot be expanded. */
function subtasksOf({ plan }: TaskRow): number {
  try {
    return subtaskCount(plan);
  } catch (error) {
    if (error instanceof GraphError) return 0;
    throw error;
  }
}
