import { inEnglish, type Said } from '../workflows/text';

/** One field of a request that cannot be accepted (documented form of `error.subErrors[]`). */
export interface SubError {
  readonly object?: string;
  readonly field: string;
  readonly rejectedValue?: unknown;
  /** What is wrong with it, said to follow the field's name. */
  readonly message: Said;
}

/**
 * Thrown when a request cannot be accepted: nothing was stored, nothing started. Becomes the documented error
 * envelope with `status` (4xx or 503) and `code` (reference: OCP's error table, e.g. `ODP21001`).
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** The message, which the API can say in the client's language when it is of the catalogue. */
  readonly said: Said;
  readonly target: string | undefined;
  readonly subErrors: readonly SubError[];
  /** For 429 and 503: when it is worth trying again. */
  readonly retryAfterSeconds: number | undefined;
  /** The task that is in the way. */
  readonly heldBy: number | undefined;
  constructor(
    status: number,
    code: string,
    said: Said,
    more: {
      target?: string;
      subErrors?: readonly SubError[];
      retryAfterSeconds?: number;
      heldBy?: number;
    } = {},
  ) {
    super(inEnglish(said));
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.said = said;
    this.target = more.target;
    this.subErrors = more.subErrors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.heldBy = more.heldBy;
  }
}
