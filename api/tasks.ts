import type { TaskRow } from '../inventory/types';
import type { Plan } from '../workflows/plan';
import type { BasicTaskInstance, SubtaskInstance, TaskInstance, WrappedTaskInstance } from './taskInfo/types';

/** Who sends a command, and under which id: the same id sent twice is one command. */
export interface Command {
  readonly requestId: string;
  readonly who: string;
}

/** Tasks as the API sees them: started, read and commanded in Temporal, archived in the inventory. */
export interface TaskService {
  /** The answer to the request that made the plan: roots READY, the rest PENDING. Pure. */
  submitted(plan: Plan): TaskInstance;
  /**
   * Starts the workflow and marks the row as started; idempotent, at most 3 s. When Temporal is unreachable it
   * returns all the same and the reconciler starts the task later.
   */
  start(plan: Plan, workflowType: string): Promise<void>;
  /** Undefined when there is no such task. Refusal 503 when Temporal does not answer. */
  read(taskId: number): Promise<WrappedTaskInstance | undefined>;
  basic(rows: readonly TaskRow[]): Promise<BasicTaskInstance[]>;
  /** Every FAILED subtask runs again. Refusal 400 TSK10016, 404 TSK10001, 503 when no worker polls. */
  retryTask(taskId: number, command: Command): Promise<WrappedTaskInstance>;
  /** This FAILED subtask runs again. Refusal 400 TSK10017, 404 TSK10001, 503 when no worker polls. */
  retrySubtask(taskId: number, subtaskId: number, command: Command): Promise<SubtaskInstance>;
  /** Starts what was not started and archives what has closed, about every second. */
  startReconciler(): { stop(): Promise<void> };
}
