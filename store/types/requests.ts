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
  /** Of a command on a task: its id in the workflow's history. */
  readonly commandId?: string;
  /** As the operator gave it. */
  readonly why?: string;
  readonly status: number;
  /** Of the refusal. */
  readonly code?: string;
}

/** A command, or the end of a workflow, as its history tells it, whoever sent it. */
export interface ObeyedCommand {
  readonly commandId: string;
  /** ISO-8601. */
  readonly time: string;
  readonly taskId: number;
  readonly subtaskId?: number;
  readonly command: string;
  /** What sent it. */
  readonly address: string;
  readonly traceId: string;
  readonly path: string;
  readonly why?: string;
}

export interface AuditEvent extends Omit<NewAuditEvent, 'commandId'> {
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
  /** Adds the commands that no event is about yet; the call that sent one may still come, and takes the place of its event. */
  addObeyed(commands: readonly ObeyedCommand[]): Promise<void>;
  /** The newest first unless asked otherwise; sort fields `id`, `time`, `user`. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>>;
  /** Events before this time (ISO-8601, UTC). */
  countBefore(time: string): Promise<number>;
  /** Deletes them, some hundred at a time; resolves to their number. */
  deleteBefore(time: string): Promise<number>;
}
