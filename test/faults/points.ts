/** The points of a subtask's execution at which the suite can stop a worker. */

export interface Point {
  readonly taskId: number;
  readonly subtaskId: number;
  /** Activity type, `.rollback` included. */
  readonly activity: string;
  readonly run: number;
  readonly attempt: number;
  /** 0 = before the activity does anything; counts what it asks of hosts and inventory, twice each. */
  readonly index: number;
  /** `call` and `answer`: before a call leaves, and before its answer is used. */
  readonly kind: 'before' | 'call' | 'answer' | 'after';
  /** E.g. `host.once start`, `inventory.obproxy.updateServerStatus`. */
  readonly what: string;
}

/** `fail`: the activity ends with an error that only a person can repair. */
export type Verdict = 'go' | 'fail';

/** Environment variables of the programs under test. */
export const CONTROL_URL = 'OBFLOW_TEST_CONTROL';
/** File with a JSON object of timeouts in seconds by activity, read whenever a plan is made. */
export const TIMEOUTS_FILE = 'OBFLOW_TEST_TIMEOUTS';

export function describePoint(point: Point): string {
  return `${point.activity}[${point.index}] ${point.kind} ${point.what}`.trim();
}
