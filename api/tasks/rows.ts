import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { IdText } from '../../operations/schemas';
import type { Store, TaskRow } from '../../store/types';
import { expansionSize, GraphError } from '../../workflows/interpreter/expansion';

/** Parameters of the paths under a task. */
export const TaskPath = z.object({ taskInstanceId: IdText });
export const SubtaskPath = z.object({ taskInstanceId: IdText, subtaskInstanceId: IdText });

export function unknownTask(id: number): Refusal {
  const text = `There is no task ${id}. GET /api/v2/tasks/instances lists the tasks.`;
  return new Refusal(404, 'TSK10001', text, { target: `task:${id}` });
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
  if (subtaskId >= firstSubtaskId && subtaskId < firstSubtaskId + subtaskCount(task)) return task;
  throw new Refusal(404, 'TSK10001', `Task ${taskId} has no subtask ${subtaskId}.`, {
    target: `subtask:${subtaskId}`,
  });
}

/** None of a plan that cannot be expanded. */
function subtaskCount({ plan }: TaskRow): number {
  try {
    return expansionSize(plan).subtasks;
  } catch (error) {
    if (error instanceof GraphError) return 0;
    throw error;
  }
}
