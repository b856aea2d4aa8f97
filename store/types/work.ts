/**
 * Tasks that change what exists: which task works on an object, and what becomes of its status. Statuses are data here:
 * the subtasks of the task say which, and the end of a task (locks.ts) knows none by name.
 */
import type { ObClusterStatus, ObproxyStatus, ObServerStatus, ObZoneStatus } from '../statuses';

/** Kinds of objects, and the statuses that each may have. */
export interface StatusOf {
  readonly obproxyServer: ObproxyStatus;
  readonly obServer: ObServerStatus;
  readonly obZone: ObZoneStatus;
  readonly obCluster: ObClusterStatus;
}
export type WorkKind = keyof StatusOf;

/** An object that a task can work on; zones have no ids. */
export type WorkObject<K extends WorkKind = WorkKind> = K extends 'obZone'
  ? { readonly kind: K; readonly clusterId: number; readonly name: string }
  : { readonly kind: K; readonly id: number };

/** The marks of a task on an object that it works on. */
export interface ObjectWork<S extends string = string> {
  readonly taskId: number;
  /** What the object's status says while the task has not settled another, e.g. STOPPING. */
  readonly status: S;
  /** Null when the task has made the object: it goes when the task comes to nothing. */
  readonly formerStatus: S | null;
  /** What it becomes when the task ends without having settled it; null: what it was before. */
  readonly endStatus: S | null;
}

/** What `begin` found when the object could not be had. */
export interface WorkRefusal {
  readonly status: string;
  /** The task that works on it; null when it is only the status that does not allow it. */
  readonly taskId: number | null;
}

export interface Work {
  /** Undefined when there is no such object. */
  find<K extends WorkKind>(
    object: WorkObject<K>,
  ): Promise<{ status: StatusOf[K]; work: ObjectWork<StatusOf[K]> | null } | undefined>;
  /**
   * The task works on the object from now on: its status becomes `status`, and what it was is kept. Repeated by the same
   * task it changes nothing. Answers the status before, or why the object cannot be had; undefined when there is none.
   *
   * @param from statuses that allow it
   */
  begin<K extends WorkKind>(
    object: WorkObject<K>,
    work: {
      readonly taskId: number;
      readonly status: StatusOf[K];
      readonly from: readonly StatusOf[K][];
      readonly endStatus?: StatusOf[K];
    },
  ): Promise<{ readonly former: StatusOf[K] } | { readonly refused: WorkRefusal } | undefined>;
  /**
   * From now on the object becomes this when the task ends without having settled it; null: what it was. False when it works
   * on none.
   */
  endAs<K extends WorkKind>(
    object: WorkObject<K>,
    taskId: number,
    endStatus: StatusOf[K] | null,
  ): Promise<boolean>;
  /**
   * What the object is from now on, whatever becomes of the task; also for one that nobody works on. Answers the task that
   * works on it instead, undefined when it is settled.
   */
  settle<K extends WorkKind>(
    object: WorkObject<K>,
    taskId: number,
    status: StatusOf[K],
  ): Promise<{ readonly taskId: number } | undefined>;
  /** The undo of `settle`: the working status again. False when the task works on no such object. */
  unsettle(object: WorkObject, taskId: number): Promise<boolean>;
  /** The undo of `begin`: the former status, and nobody works on it. Undefined when this task did not begin it. */
  restore<K extends WorkKind>(object: WorkObject<K>, taskId: number): Promise<StatusOf[K] | undefined>;
}
