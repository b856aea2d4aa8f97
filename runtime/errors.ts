/**
 * Two classes of trouble, nothing in between: what waiting can cure (TransientError) and what a person must
 * cure (PermanentError). Both speak to the person who must act: what was tried, where, what came back, what
 * to do next. Texts reach histories, logs and answers, so they never hold a secret.
 */
export interface Trouble {
  /** Stable name of the situation, e.g. `HostKeyChanged`; becomes the type of the Temporal failure. */
  readonly type: string;
  /** Documented OCP code where one fits, e.g. `CMP07002`. */
  readonly code?: string;
  /** What was tried, as a clause: "install obproxy-4.3.1.0-1.el7.x86_64.rpm". */
  readonly tried: string;
  /** Host address, cluster or file. */
  readonly where?: string;
  /** What came back, quoted and cut to size. */
  readonly cameBack: string;
  /** What to do next, one sentence. */
  readonly next: string;
}

function text(trouble: Trouble): string {
  const code = trouble.code === undefined ? '' : `${trouble.code}: `;
  const where = trouble.where === undefined ? '' : ` on ${trouble.where}`;
  return `${code}Could not ${trouble.tried}${where}: ${trouble.cameBack.trim().replace(/\.$/, '')}. ${trouble.next}`;
}

abstract class TroubleError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly trouble: Trouble;
  constructor(trouble: Trouble, options?: ErrorOptions) {
    super(text(trouble), options);
    this.name = trouble.type;
    this.type = trouble.type;
    this.code = trouble.code;
    this.trouble = trouble;
  }
}

/** Thrown when the same step may succeed a moment later: refused connections, a held rpm lock, a server starting. */
export class TransientError extends TroubleError {}

/** Thrown when nothing changes until somebody acts: wrong password, missing package, taken port. */
export class PermanentError extends TroubleError {}
