/**
 * The types of a Plan: the whole task as data, and the input of every workflow. No imports, so that the
 * interpreter, the translator and the operations share one vocabulary without sharing code.
 *
 * The first event of a history holds the plan; with it the task document is a pure function of
 * (history, pending activities), and a changed chain touches new tasks only.
 */

/** OCP's context: everything is text. Values of fan-out elements carry a prefix, as in `host.1.zone`. */
export interface TaskContext {
  readonly stringMap: Readonly<Record<string, string>>;
  readonly listMap: Readonly<Record<string, readonly string[]>>;
}

/** The element of a fan-out that a subtask works on: key of the context's listMap, and one of its values. */
export interface FanOutElement {
  readonly key: string;
  readonly value: string;
}

export interface PlanSubtask {
  readonly id: number;
  /** 0..n-1, unique in the task, in topological order. */
  readonly seriesId: number;
  readonly name: string;
  /** Documented Java class name, e.g. `com.alipay.ocp.service.task.business.obproxy.StartObproxyTask`. */
  readonly className: string;
  /** Activity type: the class without package and "Task", e.g. `StartObproxy`. */
  readonly activity: string;
  /** Seconds for one run, all attempts included; 0 counts as 30. */
  readonly timeout: number;
  /** Index in the fan-out, -1 when the node is not split. */
  readonly parallelIdx: number;
  readonly element?: FanOutElement;
  readonly upstreams: readonly number[];
  readonly downstreams: readonly number[];
  readonly prohibitRollback: boolean;
  readonly prohibitSkip: boolean;
  /** Context keys the activity receives; a key may hold `{element}`, replaced by the element's value. */
  readonly needs: readonly string[];
  /** Where it works, for the Web UI: an IP address or a cluster name. */
  readonly target?: string;
  /** What stays behind when it has run and is not undone, e.g. `the installed package`; absent: nothing. */
  readonly leaves?: string;
}

export interface Plan {
  readonly taskId: number;
  readonly name: string;
  readonly creator: { readonly id: number; readonly name: string };
  /** Address of the API server that accepted the request. */
  readonly executor: string;
  /** ISO-8601 with milliseconds and offset; start time of the task in the document. */
  readonly createTime: string;
  readonly traceId: string;
  readonly hostId?: number;
  /** The OceanBase cluster the task is about (not the OBProxy cluster). */
  readonly cluster?: {
    readonly id: number;
    readonly name: string;
    readonly obClusterId: number;
    readonly type: string;
  };
  readonly context: TaskContext;
  /** Keys that activities receive as if they stood in the context, where the documented context has no room for them. */
  readonly unshown?: TaskContext;
  /** At most so many subtasks are READY or RUNNING together; 0 = no limit. */
  readonly concurrency: number;
  readonly subtasks: readonly PlanSubtask[];
}

/** What the document can say of a subtask. */
export type SubtaskStatus = 'PENDING' | 'READY' | 'RUNNING' | 'CANCELING' | 'FAILED' | 'SUCCESSFUL';
export type SubtaskOperation = 'EXECUTE' | 'RETRY' | 'SKIP' | 'CANCEL' | 'ROLLBACK' | 'ROLLBACK_SKIP';
export type TaskStatus = 'RUNNING' | 'FAILED' | 'SUCCESSFUL';
export type TaskOperation = 'EXECUTE' | 'RETRY' | 'ROLLBACK';

/** What an operator may ask of a task, or of one of its subtasks; also the names of the Temporal updates. */
export type TaskCommand = 'retryTask' | 'rollbackTask' | 'abandonTask';
export type SubtaskCommand = 'retrySubtask' | 'skipSubtask' | 'cancelSubtask';

/** Input of an activity. Small on purpose: history grows with the number of subtasks, not with its square. */
export interface SubtaskInput {
  readonly taskId: number;
  readonly subtaskId: number;
  /** Operator-visible run, from 1. */
  readonly run: number;
  readonly name: string;
  readonly operation: SubtaskOperation;
  readonly traceId: string;
  readonly element?: FanOutElement;
  /** The declared keys only (PlanSubtask.needs). */
  readonly context: TaskContext;
  /** Set when two upstreams gave one key different values: the activity fails with this text, doing nothing. */
  readonly conflict?: string;
}

/** Result of an activity: the keys it adds to the context of its downstreams. Never a secret. */
export interface SubtaskResult {
  readonly stringMap?: Readonly<Record<string, string>>;
  readonly listMap?: Readonly<Record<string, readonly string[]>>;
}

/** Input of the local activity that projects a task's state into the database. */
export interface TaskStateChange {
  readonly taskId: number;
  readonly status: TaskStatus;
  readonly operation: TaskOperation;
  /** True with the last change: locks are released, nothing follows. */
  readonly closed: boolean;
  /** Grows with each change of the task; a late duplicate never overwrites a newer one. */
  readonly sequence: number;
  /** For the worker's log; workflows of earlier versions do not send it. */
  readonly traceId?: string;
}
