/** Requests: those that must count once, and who sent which. */
import type { User } from './access';
import type { Page, PageRequest } from './paging';

/** A request under its Idempotency-Key, and who works on it: `owner` is made anew for every attempt. */
export interface KeyedRequest {
  readonly userId: number;
  readonly key: string;
  readonly owner: string;
}

/** What became of an attempt to work on a request. `requestId` is the same for all attempts. */
export type Claim =
  | { readonly kind: 'claimed'; readonly requestId: string }
  | { readonly kind: 'answered'; readonly data: unknown }
  /** Another owner works on it. */
  | { readonly kind: 'underWay' }
  /** The key belongs to a request with another digest. */
  | { readonly kind: 'otherRequest' };

export interface Idempotency {
  /**
   * Claims the request for `leaseMs`, or tells what became of it; forgets keys older than 24 h. A claim whose time is
   * over (its process died) goes to the next who asks.
   */
  claim(request: KeyedRequest & { readonly digest: string; readonly leaseMs: number }): Promise<Claim>;
  /** Prolongs the claim; false when another owner has it. */
  renew(request: KeyedRequest, leaseMs: number): Promise<boolean>;
  /** Stores the answer, which every later claim gets; false when another owner has the claim. */
  complete(request: KeyedRequest, data: unknown): Promise<boolean>;
  /** Ends the claim: the request may have had effects, and the next attempt finishes it under the same request id. */
  release(request: KeyedRequest): Promise<void>;
  /** The request changed nothing: the key is free again. */
  forget(request: KeyedRequest): Promise<void>;
  /** Forgets keys older than 24 h, and with them answers that may hold a secret. Resolves to their number. */
  deleteExpired(): Promise<number>;
}

/** One call that changes something, or was refused. Never holds a body. */
export interface NewAuditEvent {
  /** ISO-8601 UTC; now when absent. */
  readonly time?: string;
  readonly user?: User;
  readonly address: string;
  readonly traceId: string;
  readonly method: string;
  readonly path: string;
  /** Tasks the call started or was about. */
  readonly taskIds: readonly number[];
  readonly subtaskId?: number;
  /** `retryTask`, `skipSubtask`, … */
  readonly command?: string;
  /** As the operator gave it. */
  readonly why?: string;
  readonly status: number;
  /** Of the refusal. */
  readonly code?: string;
}

/** What became known of a task by its history. */
export interface TaskEvent extends NewAuditEvent {
  readonly time: string;
  readonly command: string;
}

export interface AuditEvent extends NewAuditEvent {
  readonly id: number;
  readonly time: string;
}

export interface AuditFilter {
  /** Name of the user. */
  readonly user?: string;
  readonly taskId?: number;
  /** ISO-8601, inclusive. */
  readonly from?: string;
  /** ISO-8601, exclusive. */
  readonly to?: string;
}

export interface Audit {
  add(event: NewAuditEvent): Promise<void>;
  /** Adds it unless one of the same task, time and command is there: every reader of a history comes with it. */
  addOnce(event: TaskEvent): Promise<void>;
  /** The newest first unless asked otherwise; sort fields `id`, `time`, `user`. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>>;
  /** Events before this time (ISO-8601, UTC). */
  countBefore(time: string): Promise<number>;
  /** Deletes them, some hundred at a time; resolves to their number. */
  deleteBefore(time: string): Promise<number>;
}
