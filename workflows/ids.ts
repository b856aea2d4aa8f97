/** Ids that join the database, Temporal and the commands on hosts. Made and parsed here only. */

/** The key that a subtask adds to the context when it has submitted a task: that task's id. */
export const CHILD_TASK = 'child_task_id';

const TASK_WORKFLOW_ID = /^task-(\d+)$/;
const ACTIVITY_ID = /^(\d+)\/(\d+)(\/rollback)?$/;

/** `task-33001`. */
export function taskWorkflowId(taskId: number): string {
  return `task-${taskId}`;
}

/** The task id in a workflow id, or undefined when the workflow is none of ours. */
export function taskIdOf(workflowId: string): number | undefined {
  const digits = TASK_WORKFLOW_ID.exec(workflowId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** `<subtask id>/<run>`, or `<subtask id>/<run>/rollback`: the key that joins history to the document. */
export function activityId(subtaskId: number, run: number, rollback = false): string {
  return `${subtaskId}/${run}${rollback ? '/rollback' : ''}`;
}

export function parseActivityId(
  id: string,
): { subtaskId: number; run: number; rollback: boolean } | undefined {
  const match = ACTIVITY_ID.exec(id);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { subtaskId: Number(match[1]), run: Number(match[2]), rollback: match[3] !== undefined };
}

/**
 * What a worker calls itself towards Temporal: its address first, as the document's `executor` shows it.
 *
 * @example 10.0.0.7/4711@ocp-1
 */
export function workerIdentity(address: string, pid: number, hostname: string): string {
  return `${address}/${pid}@${hostname}`;
}

/** The address in a worker's identity; undefined when the identity is none of ours. */
export function addressOfWorker(identity: string): string | undefined {
  return /^([\d.]+|[\da-f:]+)\/\d+@/.exec(identity)?.[1];
}
