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

/** The element of a split or group that a subtask works on: key of the context's listMap, and one of its values. */
export interface FanOutElement {
  /** With the elements of groups filled in, e.g. `21.zone1.server_ids`; its last part says what the values are. */
  readonly key: string;
  readonly value: string;
}

/** How a node becomes several subtasks, or a group is repeated. */
export interface Split {
  /**
   * Key of the context's listMap. Inside a group a `{key}` in it stands for the element that the group repeated by
   * `key` works on, as in `21.{zone_names}.server_ids`.
   */
  readonly by: string;
  /** One element after the other; absent: all at once, as far as the concurrency limit allows. */
  readonly serial?: true;
}

/** One documented subtask of the chain; split, one for each element of a list. */
export interface PlanNode {
  readonly name: string;
  /** Documented Java class name, e.g. `com.alipay.ocp.service.task.business.obproxy.StartObproxyTask`. */
  readonly className: string;
  /** Activity type: the class without package and "Task", e.g. `StartObproxy`. */
  readonly activity: string;
  /** Seconds for one run, all attempts included; 0 counts as 30. */
  readonly timeout: number;
  readonly split?: Split;
  /** Indexes of the items of the same list that come before it; absent: the one before, [] none. */
  readonly after?: readonly number[];
  /** Rolling the task back is forbidden once it has started. */
  readonly prohibitRollback?: true;
  readonly prohibitSkip?: true;
  /** It only looks until something is so: it can be broken off and begun again at any time, as the same run. */
  readonly waits?: true;
  /**
   * Context keys the activity receives. `{element}` in a key stands for the value of the innermost element, `{key}` for
   * that of the split or group by `key`.
   */
  readonly needs: readonly string[];
  /** What stays behind when it has run and is not undone, e.g. `the installed package`; absent: nothing. */
  readonly leaves?: string;
}

/** Nodes that are repeated for every element of a list, e.g. zone after zone. */
export interface PlanGroup {
  readonly repeat: Split;
  readonly after?: readonly number[];
  readonly nodes: readonly PlanItem[];
}

export type PlanItem = PlanNode | PlanGroup;

/**
 * A subtask as the expansion makes it from a node (interpreter/expansion.ts). Subtasks of one node may share their
 * arrays: a graph of n hosts must not cost n × n.
 */
export interface PlanSubtask {
  readonly id: number;
  /** 0..n-1, unique in the task, in topological order. */
  readonly seriesId: number;
  readonly node: PlanNode;
  /** Index among the elements of its node's split, -1 when the node is not split. */
  readonly parallelIdx: number;
  /** Outermost group first; what it works on is the last. Empty: the task as a whole. */
  readonly elements: readonly FanOutElement[];
  readonly upstreams: readonly number[];
  readonly downstreams: readonly number[];
  /** Where it works, for people: an IP address or a cluster name. */
  readonly target?: string;
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
  /** The task whose subtask submitted this one. */
  readonly parentTaskId?: number;
  readonly hostId?: number;
  /** The OceanBase cluster the task is about (not the OBProxy cluster). */
  readonly cluster?: {
    readonly id: number;
    readonly name: string;
    readonly obClusterId: number;
    readonly type: string;
  };
  /** The tenant the task is about. */
  readonly tenant?: {
    readonly id?: number;
    readonly name: string;
    readonly obTenantId?: number;
    readonly mode?: 'ORACLE' | 'MYSQL';
  };
  readonly context: TaskContext;
  /** Keys that activities receive as if they stood in the context, where the documented context has no room for them. */
  readonly unshown?: TaskContext;
  /** At most so many subtasks are READY or RUNNING together; 0 = as many as Temporal allows. */
  readonly concurrency: number;
  /** The workflow continues as new after so many events of its history; absent: the interpreter's own limit. */
  readonly continueAfter?: number;
  /** Of a reserved block as long as the expansion (`expansionSize`). */
  readonly firstSubtaskId: number;
  readonly nodes: readonly PlanItem[];
  /** Where subtasks work that have no element. */
  readonly place?: string;
  /** Where elements are, by the last part of their list's key (`host_ids`) and their value; else they are where the value says. */
  readonly places?: Readonly<Record<string, Readonly<Record<string, string>>>>;
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
  /** What it works on: the last of `elements`. */
  readonly element?: FanOutElement;
  /** Outermost group first; absent when there is no more than `element`. */
  readonly elements?: readonly FanOutElement[];
  /** The declared keys only (PlanNode.needs). */
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
