/** Tasks, their logs and what they lock. */
import type { Plan, TaskOperation, TaskStateChange, TaskStatus } from '../../workflows/plan';
import type { Keyed } from '../../workflows/text';
import type { User } from './access';
import type { Page, PageRequest } from './paging';

export interface TaskRow {
  readonly id: number;
  readonly name: string;
  /** Exported workflow function, e.g. `addObproxy`. */
  readonly workflowType: string;
  readonly status: TaskStatus;
  readonly operation: TaskOperation;
  /** Nothing more can happen; locks are released. */
  readonly closed: boolean;
  /** The workflow is known to Temporal. */
  readonly started: boolean;
  readonly creator: User;
  readonly hostId: number | null;
  readonly clusterId: number | null;
  readonly clusterName: string | null;
  readonly tenantId: number | null;
  readonly tenantName: string | null;
  readonly type: 'MANUAL' | 'SYS_ONECE' | 'SCHEDULED' | 'SYS_SCHEDULED';
  readonly createTime: string;
  readonly finishTime: string | null;
  /** The task whose subtask has submitted it; null when a request asked for it. */
  readonly parentTaskId: number | null;
  readonly plan: Plan;
  /** Final document of a closed task; it survives Temporal's retention. What stands in parts is not in it. */
  readonly document: unknown | null;
}

/** How a task stands. */
export type TaskStanding = Pick<TaskRow, 'id' | 'status' | 'operation' | 'closed'>;

export interface LogLine {
  readonly subtaskId: number;
  readonly run: number;
  readonly operation: string;
  readonly time: string;
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  /** English; with line feeds when it is one text of several lines. */
  readonly text: string;
  /** Key and arguments of the text; absent for what exists in English alone. */
  readonly said?: Keyed;
}

/** What a subtask has warned of in the run that counts, its last. */
export interface TaskWarning {
  readonly subtaskId: number;
  /** Of the subtask. */
  readonly name: string;
  /** Where it works: an IP address or a cluster's name. */
  readonly target: string | null;
  readonly time: string;
  /** In English. */
  readonly text: string;
  /** Key and arguments of the text; absent when it only exists in English. */
  readonly said?: Keyed;
}

/** The first of a task's warnings, and how many there are. */
export interface TaskWarnings {
  readonly count: number;
  readonly first: readonly TaskWarning[];
}

export interface TaskFilter {
  /** Part of the name. */
  readonly name?: string;
  readonly status?: readonly string[];
  readonly type?: string;
  /** Part of the OceanBase cluster's name. */
  readonly clusterName?: string;
  /** Part of the name of the OceanBase or the OBProxy cluster. */
  readonly anyClusterName?: string;
  /** Part of the OBProxy cluster's name. */
  readonly obproxyClusterName?: string;
  readonly obproxyClusterId?: number;
  /** True: only those that are FAILED and wait for a person. */
  readonly waiting?: boolean;
  readonly clusterId?: number;
  readonly tenantName?: string;
  readonly tenantId?: number;
  readonly hostId?: number;
}

export interface Tasks {
  /**
   * Inserts with status RUNNING, not started, not closed; of a submitted task, with the subtask of its parent that has
   * submitted it, and no other.
   */
  add(task: { plan: Plan; workflowType: string; parentSubtaskId?: number }): Promise<void>;
  /** The task that a subtask of a task has submitted. */
  childOf(parentTaskId: number, parentSubtaskId: number): Promise<TaskRow | undefined>;
  /** Ids of the tasks that a task has submitted. */
  childrenOf(parentTaskId: number): Promise<number[]>;
  find(id: number): Promise<TaskRow | undefined>;
  list(filter: TaskFilter, page: PageRequest): Promise<Page<TaskRow>>;
  /** Tasks by how they stand. */
  counts(): Promise<(Omit<TaskStanding, 'id'> & { readonly count: number })[]>;
  /** 0 when there is none. */
  newestId(): Promise<number>;
  /**
   * Seconds that the last successful tasks of a workflow took, of a cluster or of any, the newest first. Those that somebody had to
   * retry do not count: they have waited for a person.
   */
  took(workflowType: string, limit: number, clusterId?: number): Promise<number[]>;
  /** Those that are not closed, and those with a greater id, in the order of their ids. */
  openStates(after: number): Promise<TaskStanding[]>;
  /** Of the ones that there are, in the order of their ids. */
  statesOf(ids: readonly number[]): Promise<TaskStanding[]>;
  /**
   * Compare-and-set: who may start the task's workflow, or close it as never started, for `ms`. False when it has
   * started or closed, or when somebody else may.
   */
  claimStart(id: number, ms: number): Promise<boolean>;
  /** Ends the claim before its time. */
  releaseStart(id: number): Promise<void>;
  markStarted(id: number): Promise<void>;
  /** Ids of rows not started, not closed and older than the given ISO time, oldest first. */
  listUnstarted(before: string): Promise<number[]>;
  /** Rows not closed, or closed without a document, in the order of their ids. */
  listOpen(): Promise<Pick<TaskRow, 'id' | 'started' | 'closed'>[]>;
  /** Applies a state change unless a newer one (sequence) is stored; a closing one also releases the task's locks. */
  applyStateChange(change: TaskStateChange): Promise<void>;
  /**
   * Stores the final document, sets closed, status and finishTime, releases the task's locks. `parts` are stored one by
   * one before: nobody sees them until the task is closed.
   */
  archive(
    id: number,
    final: {
      document: unknown;
      parts?: AsyncIterable<readonly unknown[]>;
      status: TaskStatus;
      operation: TaskOperation;
      finishTime: string;
    },
  ): Promise<void>;
  /** One part of the final document, from 0. Throws Error when it has gone: the task was deleted meanwhile. */
  documentPart(id: number, part: number): Promise<readonly unknown[]>;
  appendLog(taskId: number, lines: readonly LogLine[]): Promise<void>;
  /** Appends the lines whose text is not yet in that run's log: for what may be told twice. */
  appendLogOnce(taskId: number, lines: readonly LogLine[]): Promise<void>;
  /** The runs and operations that have a log, in the order they began. */
  loggedRuns(taskId: number): Promise<Pick<LogLine, 'subtaskId' | 'run' | 'operation'>[]>;
  /** In the order written. */
  readLog(taskId: number, subtaskId: number): Promise<LogLine[]>;
  /** The lines behind an offset, 0 for all; `last` is the offset behind them, `before` the line that they follow. */
  readLogAfter(
    taskId: number,
    subtaskId: number,
    offset: number,
  ): Promise<{
    readonly lines: readonly LogLine[];
    readonly last: number;
    readonly before: Pick<LogLine, 'run' | 'operation'> | undefined;
  }>;
  /** The same lines of some operations of one run, up to 1 000 at a time: a log may be larger than memory. */
  readLogParts(
    taskId: number,
    of: { readonly subtaskId: number; readonly run: number; readonly operations: readonly string[] },
  ): AsyncIterable<LogLine[]>;
  /** Puts these in the place of what the subtask has warned of before; all of the subtask. */
  setWarnings(taskId: number, subtaskId: number, warnings: readonly TaskWarning[]): Promise<void>;
  /** Of the tasks that have any; at most `limit` of each, in the order of the subtasks. */
  warnings(taskIds: readonly number[], limit: number): Promise<Map<number, TaskWarnings>>;
  /** Tasks archived with a finish time before this one (ISO-8601, UTC). */
  countEndedBefore(time: string): Promise<number>;
  /** Deletes them with their documents and logs, a few at a time; resolves to their number. */
  deleteEndedBefore(time: string): Promise<number>;
}

/** A resource for the task alone, or one that any number of tasks may have together while none has it alone. */
export type LockWish = string | { readonly shared: string };

/** A resource that a task holds, and which others hold it together with it. */
export interface HeldLock {
  readonly resource: string;
  readonly shared: boolean;
  readonly others: readonly number[];
}

/** Who holds a resource. */
export interface LockHolder {
  readonly resource: string;
  readonly taskId: number;
  readonly name: string;
}

export interface Locks {
  /**
   * Takes every resource for the task. Tasks of one request share: `groupTaskIds` are the tasks made by the same
   * request. Returns the task that already holds one of them, or undefined when all were taken.
   */
  take(
    taskId: number,
    resources: readonly LockWish[],
    groupTaskIds: readonly number[],
  ): Promise<{ resource: string; taskId: number } | undefined>;
  /** In the form in which another task could wish for them. */
  heldBy(taskId: number): Promise<LockWish[]>;
  holder(resource: string): Promise<number | undefined>;
  /** The first of what a task holds, by name, and how much that is. */
  ofTask(
    taskId: number,
    limit: number,
  ): Promise<{ readonly count: number; readonly first: readonly HeldLock[] }>;
  /** The tasks that hold one of the resources. */
  holders(resources: readonly string[]): Promise<LockHolder[]>;
  /** The first of the resources that cannot be had, and which task has it. */
  firstHeld(resources: readonly LockWish[]): Promise<{ resource: string; taskId: number } | undefined>;
  release(taskId: number): Promise<void>;
}

export interface Sequences {
  /** Reserves `count` ids and returns the first. */
  next(name: 'task' | 'subtask' | 'user', count?: number): Promise<number>;
}
