import { PermanentError, TransientError } from '../../runtime/errors';
import { inEnglish } from '../../workflows/text';

export type Verdict = 'ok' | 'warning' | 'problem';

/** One line of the doctor's. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** What to do, one sentence. */
  readonly next?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, verdict: 'ok', message });
export const warning = (check: string, message: string, next: string): Finding => ({
  check,
  verdict: 'warning',
  message,
  next,
});
export const problem = (check: string, message: string, next: string): Finding => ({
  check,
  verdict: 'problem',
  message,
  next,
});

/** An error as a finding; obflow's own say themselves what to do. */
export function problemOf(check: string, error: unknown, next: string): Finding {
  if (error instanceof TransientError || error instanceof PermanentError) {
    const { tried, where, cameBack, next: own } = error.trouble;
    const said = [cameBack].flat().map(inEnglish).join('; ');
    const at = where === undefined ? '' : ` on ${where}`;
    return problem(
      check,
      `Could not ${inEnglish(tried)}${at}: ${said.trim().replace(/\.$/, '')}.`,
      inEnglish(own),
    );
  }
  return problem(check, error instanceof Error ? error.message : String(error), next);
}
