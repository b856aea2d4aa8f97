import type { Request } from 'express';
import type { Logger } from '../../runtime/logger';
import type { NewAuditEvent, Store, User } from '../../store/types';
import { clientAddress } from './address';

/** What a handler adds to the audit of its call. */
export interface AuditNotes {
  /** Who has logged in or out by this call, which carries no login itself. */
  user?: User;
  taskIds: readonly number[];
  subtaskId?: number;
  /** `retryTask`, `skipSubtask`, … */
  command?: string;
  /** Of a command on a task: as its workflow's history knows it. */
  commandId?: string;
  /** As the operator gave it. */
  why?: string;
}

/** How a call ended. */
export interface AuditedResult {
  readonly status: number;
  /** Of the refusal. */
  readonly code?: string;
}

const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Not logged in, not allowed, too many: worth a line whatever the method. */
const REFUSED_AT_THE_DOOR = new Set([401, 403, 429]);
const MAX_PATH = 500;
const MINUTE_MS = 60_000;
/**
 * Lines a minute about callers who are not logged in, and about users who are throttled: nobody may fill the database
 * without a password, and a refusal must cost less than what it refuses.
 */
const BOUNDED = { each: 20, altogether: 200 };

/** Records every call that changes something, accepted or refused, and whoever was refused at the door. */
export class AuditTrail {
  readonly #audit: Store['audit'];
  readonly #logger: Logger;
  #minute = 0;
  #bounded = new Map<string, number>();
  #lines = 0;
  #leftOut = 0;

  constructor({ store, logger }: { readonly store: Store; readonly logger: Logger }) {
    this.#audit = store.audit;
    this.#logger = logger;
  }

  /**
   * Writes the call's line; it is stored before the call is answered. What happened has happened: when the database
   * does not take the line, it goes to the server's log instead. Never throws.
   */
  async record(
    call: {
      readonly request: Request;
      readonly user: User | undefined;
      readonly traceId: string;
      readonly notes: AuditNotes;
    },
    result: AuditedResult,
  ): Promise<void> {
    const { request, traceId, notes } = call;
    const user = call.user ?? notes.user;
    if (CHANGES_NOTHING.has(request.method) && !REFUSED_AT_THE_DOOR.has(result.status)) return;
    const address = clientAddress(request);
    const bounded = user === undefined ? address : result.status === 429 ? `user ${user.id}` : undefined;
    if (bounded !== undefined && !this.#mayWrite(bounded)) return;
    const event: NewAuditEvent = {
      ...(user === undefined ? {} : { user }),
      address,
      traceId,
      method: request.method,
      // Without the query, where people put what does not belong there.
      path: request.path.slice(0, MAX_PATH),
      ...notes,
      ...result,
    };
    try {
      await this.#audit.add(event);
    } catch (error) {
      this.#logger.error({ err: error, audit: event }, 'the audit line could not be stored; this is it');
    }
  }

  #mayWrite(whose: string): boolean {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    if (minute !== this.#minute) {
      if (this.#leftOut > 0) {
        this.#logger.warn(
          { leftOut: this.#leftOut },
          'more calls were refused at the door than the audit takes in a minute',
        );
      }
      this.#minute = minute;
      this.#bounded = new Map();
      this.#lines = 0;
      this.#leftOut = 0;
    }
    const lines = this.#bounded.get(whose) ?? 0;
    if (lines >= BOUNDED.each || this.#lines >= BOUNDED.altogether) {
      this.#leftOut += 1;
      return false;
    }
    this.#bounded.set(whose, lines + 1);
    this.#lines += 1;
    return true;
  }
}
