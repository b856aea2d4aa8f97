/**
 * The documented shapes of a task (OCP documentation, "Task information"). What is absent is left out, never
 * null; dates are ISO-8601 with milliseconds and a numeric offset. Fields below a comment "ours" are additions.
 */
import type {
  SubtaskCommand,
  SubtaskOperation,
  SubtaskStatus,
  TaskCommand,
  TaskOperation,
  TaskStatus,
} from '../../../workflows/plan';

/** The context as OCP prints it. */
export interface ContextDocument {
  readonly listMap: Readonly<Record<string, readonly string[]>>;
  readonly parallel: boolean;
  readonly parallelIdx: number;
  readonly stringMap: Readonly<Record<string, string>>;
}

/** SubtaskInstance. The answer to a submission has none of the optional fields. */
export interface SubtaskInstance {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly className: string;
  readonly seriesId: number;
  /** Seconds. */
  readonly timeout: number;
  readonly status: SubtaskStatus;
  readonly operation: SubtaskOperation;
  /** Number of the run an operator sees, from 1. */
  readonly runTime: number;
  readonly nodeType: 'JAVA_TASK';
  readonly parallelIdx: number;
  readonly upstreams: readonly number[];
  readonly downstreams: readonly number[];
  readonly prohibitRollback: boolean;
  readonly createTime?: string;
  /** Address of the worker that runs it; absent until the run has started. */
  readonly executor?: string;
  readonly startTime?: string;
  readonly finishTime?: string;
  /** Ours: where it works, an IP address or a cluster's name. */
  readonly target?: string;
  /** Ours: present and true when "skip" is forbidden. */
  readonly prohibitSkip?: true;
  /** Ours: number of Temporal's attempt within this run, when it is not the first. */
  readonly attempt?: number;
  /** Ours: why the run failed. */
  readonly failureMessage?: string;
  /** Ours: why the last attempt of a run that goes on failed. */
  readonly lastFailure?: string;
}

/** TaskInstance: what an operation that starts a task answers. */
export interface TaskInstance {
  readonly id: number;
  readonly name: string;
  readonly taskDefinitionId: -1;
  readonly type: 'MANUAL';
  readonly status: TaskStatus;
  readonly operation: TaskOperation;
  readonly creator: string;
  readonly clusterId?: number;
  readonly hostId?: number;
  readonly executor: string;
  readonly context: ContextDocument;
  readonly startTime: string;
  readonly subtasks: readonly SubtaskInstance[];
}

export interface ClusterDocument {
  readonly id: number;
  readonly name: string;
  readonly obClusterId: number;
  readonly type: string;
}

/** Who gave which command, when and why, as far as they said it. */
export interface CommandDocument {
  readonly time: string;
  readonly command: TaskCommand | SubtaskCommand;
  /** Of the commands on one subtask. */
  readonly subtaskId?: number;
  readonly who?: string;
  /** Address the command came from; absent for one given in Temporal itself. */
  readonly from?: string;
  readonly why?: string;
}

/** WrappedTaskInstance: GET of one task and the answer to "retry task". */
export interface WrappedTaskInstance {
  readonly id: number;
  readonly name: string;
  readonly taskDefinitionId: -1;
  readonly type: 'MANUAL';
  readonly status: TaskStatus;
  readonly operation: TaskOperation;
  readonly creator: { readonly id: number; readonly name: string };
  readonly cluster?: ClusterDocument;
  readonly executor: string;
  readonly createTime: string;
  readonly startTime: string;
  /** Present when FAILED or SUCCESSFUL. */
  readonly finishTime?: string;
  /** True = rolling back is forbidden. */
  readonly prohibitRollback: boolean;
  readonly subtasks: readonly SubtaskInstance[];
  /** Documented until V4.2 for TaskInstance; kept here. */
  readonly context: ContextDocument;
  /** Ours: present and true when the task has ended for good and takes no command any more. */
  readonly closed?: true;
  /** Ours: the commands that the task has obeyed, in their order; absent when there were none. */
  readonly commands?: readonly CommandDocument[];
  /** Ours: id, name and reason of the first subtask that is FAILED, or why the whole task ended. */
  readonly firstFailure?: { readonly subtaskId?: number; readonly name?: string; readonly message: string };
  /** Ours: how a task ended that did not end well, and why it takes no more commands. */
  readonly ending?: string;
  /** Ours, with `ending`: what its subtasks did, or may have half done, and nothing has undone. */
  readonly leftBehind?: readonly string[];
}

/** BasicTaskInstance: an element of the list. */
export interface BasicTaskInstance {
  readonly id: number;
  readonly name: string;
  readonly status: TaskStatus;
  /** Ours. */
  readonly operation: TaskOperation;
  /** Ours: as in WrappedTaskInstance. */
  readonly closed?: true;
  /** Ours: addresses of the hosts it works on. */
  readonly hosts: readonly string[];
  /** Ours. */
  readonly obproxyCluster?: { readonly id: number; readonly name: string };
  readonly creator: { readonly id: number; readonly name: string };
  readonly cluster?: ClusterDocument;
  readonly startTime: string;
  readonly finishTime?: string;
  readonly subtasks: readonly {
    readonly id: number;
    readonly name: string;
    readonly description: string;
    readonly status: SubtaskStatus;
    readonly operation: SubtaskOperation;
  }[];
}
