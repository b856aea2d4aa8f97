import type { Host, Hosts, OnceOptions, OnceResult } from '../hosts/types';
import type { RuntimeConfig } from '../runtime/config';
import type { Store } from '../store/types';
import type { SubtaskDefinition } from '../workflows/chain';
import type { Plan, SubtaskInput, SubtaskResult } from '../workflows/plan';
import type { Said } from '../workflows/text';
import type { ChildDraft } from './common/childDraft';
import type { HostService, SERVICE } from './host/service';

/** What activities work with; made once per worker. */
export interface ActivityDeps {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly config: RuntimeConfig;
  /** Starts a task whose row is stored; absent or failing: the reconciler of an API server starts it within seconds. */
  readonly startTask?: (plan: Plan, workflowType: string) => Promise<unknown>;
}

/**
 * Writes lines of the subtask's log (what an operator reads), as texts of the catalogue, so that they can be read in Chinese.
 * Lines are stored in order; secrets are masked.
 */
export interface SubtaskLog {
  info(line: Said): void;
  warn(line: Said): void;
  error(line: Said): void;
  /** From now on these texts appear as `***` in the log and in errors of this activity. */
  hide(...secrets: readonly string[]): void;
}

/** A text or a list of the context; with `?` it may be absent. */
export type NeedKind = 'value' | 'value?' | 'list' | 'list?';

/**
 * The keys of the context that a subtask receives, by how it uses them. A key may be a template: `host.{element}.zone`
 * stands for the key with the element of the subtask filled in, `{cluster_id}.{zone_names}.server_ids` with those of the
 * groups around it; it is declared and asked for as the template.
 */
export type Needs = Readonly<Record<string, NeedKind>>;

/** Nothing of the context: what every subtask's scope fits. */
export type NoNeeds = Readonly<Record<never, NeedKind>>;

type Values<N extends Needs> = {
  readonly [K in keyof N as N[K] extends 'value' | 'value?' ? K : never]: N[K] extends 'value'
    ? string
    : string | undefined;
};

type Lists<N extends Needs> = {
  readonly [K in keyof N as N[K] extends 'list' | 'list?' ? K : never]: N[K] extends 'list'
    ? readonly string[]
    : readonly string[] | undefined;
};

declare const NEEDS: unique symbol;

/** What one execution of one subtask sees; `N` are the keys that it, or a part of it, needs. */
export interface SubtaskScope<N extends Needs = NoNeeds> extends ActivityDeps {
  /** For the compiler only: a scope fits who needs the same keys or fewer. */
  readonly [NEEDS]?: Values<N> & Lists<N>;
  readonly input: SubtaskInput;
  readonly log: SubtaskLog;
  /** Aborted when the subtask is cancelled, timed out or the worker stops. */
  readonly signal: AbortSignal;
  /**
   * The host of this subtask, or of the server that it is about: from its element (`host_ids`, `server_ids`,
   * `obproxy_server_ids`), else from `host_id`, `server_id` or `obproxy_server_id` of the context, as far as it needs
   * them. PermanentError when nothing of these names one.
   */
  hostId(): Promise<number>;
  /** The connection; every wait on it ends with the signal. Records in the inventory whether the host was reached. */
  host(): Promise<Host>;
  hostById(hostId: number): Promise<Host>;
  /** The service on the host that this subtask is about, for those that serve any of them (host/). */
  service(this: SubtaskScope<typeof SERVICE>): HostService;
  /**
   * Runs a script on the subtask's host at most once per run and name. When the subtask is cancelled the command is
   * really stopped; when only the worker stops it goes on, and the next attempt finds it.
   */
  once(name: string, script: string, options?: OnceOptions): Promise<OnceResult>;
  /**
   * Submits a task of its own, once for this subtask however often it is repeated; resolves to the key `child_task_id`,
   * which this subtask returns and WaitDagSuccess needs. Its undo is `undoSubmit`. See common/submitTask.ts.
   */
  submit(draft: ChildDraft): Promise<SubtaskResult>;
  /** Waits; rejects as soon as the signal is aborted. */
  pause(ms: number): Promise<void>;
  /**
   * For a wait that may be long: ends this attempt, and Temporal begins another one after a pause that grows from 1 s by a
   * tenth to 60 s, or after `afterSeconds`. No slot is held meanwhile; the subtask's timeout is the limit. The document
   * shows `text`, and the log has each new one once, and again after an hour.
   *
   * @param text what was seen, e.g. `10.0.0.7:2882: INACTIVE, does not serve yet`
   */
  notYet(text: Said, options?: { readonly afterSeconds?: number }): never;
  /** Whether an attempt before this one has said so: what comes soon would have come, so one look is enough now. */
  readonly goesOn: boolean;
  /** A declared text. PermanentError naming the key when it is absent and not declared as one that may be. */
  readonly value: <K extends keyof Values<N>>(key: K) => Values<N>[K];
  /** The same for a list. */
  readonly list: <K extends keyof Lists<N>>(key: K) => Lists<N>[K];
}

/** What a subtask does and how that is undone. */
export interface SubtaskWork<N extends Needs> {
  /** Resolves to the context keys it adds for those after it. */
  run(scope: SubtaskScope<N>): Promise<SubtaskResult | undefined>;
  rollback(scope: SubtaskScope<N>): Promise<void>;
}

/** A scope as it is opened for a subtask of any needs; what is not declared is not answered. */
export interface OpenScope extends Omit<SubtaskScope, 'value' | 'list' | typeof NEEDS> {
  value(key: string): string | undefined;
  list(key: string): readonly string[] | undefined;
}

/** A documented subtask, whole: what a chain's node takes over from it, and what the worker does. Made by `subtask`. */
export interface Subtask extends SubtaskDefinition {
  /** `needs` with how each key is used. */
  readonly keys: Needs;
  run(scope: OpenScope): Promise<SubtaskResult | undefined>;
  rollback(scope: OpenScope): Promise<void>;
}
