import type { SubError } from '../../operations/refusal';
import type { PageFacts } from './answers';
import { ocpTime } from './time';

/** What every enveloped answer says of its request. */
export interface AnswerFacts {
  readonly traceId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly server: string;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly heldBy?: number;
  readonly subErrors?: readonly (Omit<SubError, 'message'> & { readonly message: string })[];
}

/** Documented envelope of a success; `data` is absent, not null, when there is none. */
export function successEnvelope(facts: AnswerFacts, data: unknown): Record<string, unknown> {
  return { ...(data === undefined ? {} : { data }), ...common(facts, 200), successful: true };
}

/** Code of a throttled request. */
export const THROTTLED = '0';

/** Documented envelope of a failure. The one of throttling is the only sample of it: its code is the number 0. */
export function errorEnvelope(facts: AnswerFacts, status: number, error: ErrorBody): Record<string, unknown> {
  const shown = error.code === THROTTLED ? { ...error, code: 0 } : error;
  return { error: shown, ...common(facts, status), successful: false };
}

function common(facts: AnswerFacts, status: number): Record<string, unknown> {
  const now = Date.now();
  return {
    duration: Math.max(0, now - facts.receivedAt),
    server: facts.server,
    status,
    timestamp: ocpTime(now),
    traceId: facts.traceId,
  };
}

/** Documented form of a page. `totalPages` as in every sample (the tables say totalPage). */
export function pageOf<T>(
  contents: readonly T[],
  page: { readonly number: number; readonly size: number; readonly totalElements: number },
): { contents: readonly T[]; page: PageFacts } {
  return {
    contents,
    page: {
      number: page.number,
      size: page.size,
      totalElements: page.totalElements,
      totalPages: Math.ceil(page.totalElements / page.size),
    },
  };
}
