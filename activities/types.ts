import type { Host, Hosts, OnceOptions, OnceResult } from '../hosts/types';
import type { RuntimeConfig } from '../runtime/config';
import type { Store } from '../store/types';
import type { SubtaskInput, SubtaskResult } from '../workflows/plan';

/** What activities work with; made once per worker. */
export interface ActivityDeps {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly config: RuntimeConfig;
}

/** Writes lines of the subtask's log (what an operator reads). Lines are stored in order; secrets are masked. */
export interface SubtaskLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
  /** From now on these texts appear as `***` in the log and in errors of this activity. */
  hide(...secrets: readonly string[]): void;
}

/** What one execution of one subtask sees. */
export interface SubtaskScope extends ActivityDeps {
  readonly input: SubtaskInput;
  readonly log: SubtaskLog;
  /** Aborted when the subtask is cancelled, timed out or the worker stops. */
  readonly signal: AbortSignal;
  /** The host of this subtask: the fan-out element of `host_ids`, else `host_id` of the context. */
  readonly hostId: number;
  /** The connection; every wait on it ends with the signal. Records in the inventory whether the host was reached. */
  host(): Promise<Host>;
  hostById(hostId: number): Promise<Host>;
  /**
   * Runs a script on the subtask's host at most once per run and name. When the subtask is cancelled the command is
   * really stopped; when only the worker stops it goes on, and the next attempt finds it.
   */
  once(name: string, script: string, options?: OnceOptions): Promise<OnceResult>;
  /** Waits; rejects as soon as the signal is aborted. */
  pause(ms: number): Promise<void>;
  /** Value of a context key; PermanentError naming the key when it is absent. */
  value(key: string): string;
  list(key: string): readonly string[];
}

/**
 * A documented subtask. `run` checks whether the wished state is there, does, and verifies by looking, so that
 * it may be repeated after any interruption. `rollback` removes only what this task made and is safe when `run`
 * never happened or stopped half-way. `run` throws TransientError or PermanentError, nothing else on purpose.
 */
export interface Subtask {
  run(scope: SubtaskScope): Promise<SubtaskResult | undefined>;
  rollback(scope: SubtaskScope): Promise<void>;
}
