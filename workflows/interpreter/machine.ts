/**
 * The state machine of a task, as plain code: the interpreter drives it forward, the translator replays it from
 * history, unit tests exercise it without a server. Rules (OCP documentation; ocp-express source where the
 * documents are silent; docs/task-engine.md has the table):
 *
 * 1. A subtask may start when all its upstreams are SUCCESSFUL and the concurrency limit leaves a place.
 * 2. While a subtask is FAILED nothing starts but what an operator asked for; running siblings finish.
 * 3. The task is FAILED when a subtask is FAILED and none is or will be running; it stays open.
 * 4. Retry task: every FAILED subtask runs again, run + 1, the task's operation becomes RETRY.
 * 5. Retry subtask: that one runs again, run + 1; the task's operation stays.
 * 6. Skip: a FAILED subtask counts as SUCCESSFUL without having run.
 * 7. Cancel: what runs is told to stop; it is FAILED when it has stopped, and SUCCESSFUL when that came too late.
 * 8. Rollback: every subtask that has started is undone, after all its downstreams, and is PENDING then. Rules 2 and 3
 *    hold for undoing as well. The task is SUCCESSFUL when nothing is left to undo.
 * 9. A failed undo is repeated by another rollback (run + 1), or skipped: then it counts as undone.
 * 10. Abandon: a FAILED task ends as it is.
 */

import type {
  Plan,
  PlanSubtask,
  SubtaskCommand,
  SubtaskInput,
  SubtaskOperation,
  SubtaskResult,
  SubtaskStatus,
  TaskCommand,
  TaskContext,
  TaskOperation,
  TaskStateChange,
  TaskStatus,
} from '../plan';
import { addResult, type MergedContext, mergeContexts, pickNeeds } from './context';
import { type CommandRefusal, refuseSubtaskCommand, refuseTaskCommand } from './refusals';

/** READY here means "handed to Temporal"; whether a worker has it, only describe() knows. */
type MachineStatus = Exclude<SubtaskStatus, 'RUNNING'>;

export interface SubtaskState {
  readonly plan: PlanSubtask;
  /** SUCCESSFUL or FAILED with operation ROLLBACK: not undone yet. */
  status: MachineStatus;
  operation: SubtaskOperation;
  /** Operator-visible run, from 1. */
  run: number;
  failure: string | undefined;
}

/** Thrown when a command is given in a state that forbids it; validators ask `refuse…` first. */
export class CommandRefusedError extends Error {
  readonly refusal: CommandRefusal;
  constructor(refusal: CommandRefusal) {
    super(refusal.message);
    this.name = 'CommandRefusedError';
    this.refusal = refusal;
  }
}

export class TaskMachine {
  readonly plan: Plan;
  /** In the order of the plan. */
  readonly subtasks: ReadonlyMap<number, SubtaskState>;
  /** Upstreams to be done before a subtask may run; in a rollback, downstreams to be undone before it may be undone. */
  readonly #waitsFor = new Map<number, number>();
  /** May start as soon as there is a place. */
  readonly #eligible = new Set<number>();
  /** Of the eligible, those that an operator asked for: a failure elsewhere does not take that back. */
  readonly #asked = new Set<number>();
  readonly #active = new Set<number>();
  readonly #failed = new Set<number>();
  /** Subtasks that are not done yet, or not undone yet. */
  #left: number;
  readonly #outputs = new Map<number, TaskContext>();
  readonly #merged = new Map<string, MergedContext>();
  readonly #root: TaskContext;
  #operation: TaskOperation = 'EXECUTE';
  #status: TaskStatus = 'RUNNING';
  #ended = false;
  #sequence = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.#root = withUnshown(plan);
    this.#left = plan.subtasks.length;
    this.subtasks = new Map(
      plan.subtasks.map((subtask) => [
        subtask.id,
        { plan: subtask, status: 'PENDING', operation: 'EXECUTE', run: 1, failure: undefined },
      ]),
    );
    for (const subtask of plan.subtasks) {
      this.#waitsFor.set(subtask.id, subtask.upstreams.length);
      if (subtask.upstreams.length === 0) this.#eligible.add(subtask.id);
    }
    this.#settle();
  }

  get status(): TaskStatus {
    return this.#status;
  }

  get operation(): TaskOperation {
    return this.#operation;
  }

  /** Nothing can happen to the task any more. */
  get closed(): boolean {
    return this.#ended || this.#status === 'SUCCESSFUL';
  }

  /** How many subtasks are READY, RUNNING or CANCELING. */
  get active(): number {
    return this.#active.size;
  }

  /** What waits for an operator, in the order it failed: FAILED subtasks, or failed undos. */
  get failed(): SubtaskState[] {
    return [...this.#failed].map((id) => this.#state(id));
  }

  isFailed(id: number): boolean {
    return this.#failed.has(id);
  }

  /** What the database should show now. `sequence` grows with every change of status or operation, and with the end. */
  get change(): TaskStateChange {
    return {
      taskId: this.plan.taskId,
      status: this.#status,
      operation: this.#operation,
      closed: this.closed,
      sequence: this.#sequence,
    };
  }

  /** Ids that may start now, to run or to be undone: at most as many as the concurrency limit leaves places for. */
  startable(): number[] {
    if (this.closed) return [];
    const limit = this.plan.concurrency > 0 ? this.plan.concurrency : Number.POSITIVE_INFINITY;
    const places = limit - this.#active.size;
    const startable: number[] = [];
    for (const id of this.#failed.size === 0 ? this.#eligible : this.#asked) {
      if (startable.length >= places) break;
      startable.push(id);
    }
    return startable;
  }

  /** The subtask is handed to Temporal; answers what its activity receives. */
  start(id: number): SubtaskInput {
    const state = this.#state(id);
    this.#eligible.delete(id);
    this.#asked.delete(id);
    this.#active.add(id);
    state.status = 'READY';
    state.failure = undefined;
    const undone = this.#operation === 'ROLLBACK' ? this.#outputs.get(id) : undefined;
    const merged = this.#contextOf(state.plan);
    const { element } = state.plan;
    const conflict = this.#operation === 'ROLLBACK' ? undefined : merged.conflict;
    return {
      taskId: this.plan.taskId,
      subtaskId: id,
      run: state.run,
      name: state.plan.name,
      operation: state.operation,
      traceId: this.plan.traceId,
      ...(element === undefined ? {} : { element }),
      context: pickNeeds(undone ?? merged.context, state.plan),
      ...(conflict === undefined ? {} : { conflict }),
    };
  }

  /** What was started has ended well: it is done, or undone. */
  succeed(id: number, result?: SubtaskResult | null): void {
    const state = this.#state(id);
    this.#active.delete(id);
    if (this.#operation === 'ROLLBACK') this.#undone(state);
    else {
      this.#outputs.set(id, addResult(this.#contextOf(state.plan).context, result));
      this.#done(state);
    }
    this.#settle();
  }

  /**
   * @param failure what the operator reads: what was tried, where, what came back, what to do next
   * @param cancelled it stopped because it was told to
   */
  fail(id: number, failure: string, cancelled = false): void {
    const state = this.#state(id);
    this.#active.delete(id);
    this.#failed.add(id);
    state.status = 'FAILED';
    if (cancelled && this.#operation !== 'ROLLBACK') state.operation = 'CANCEL';
    state.failure = failure;
    this.#settle();
  }

  /** Undefined when the task takes this command now. */
  refuseTaskCommand(command: TaskCommand): CommandRefusal | undefined {
    return refuseTaskCommand(this, command);
  }

  /** Undefined when this subtask takes this command now. */
  refuseSubtaskCommand(command: SubtaskCommand, id: number): CommandRefusal | undefined {
    return refuseSubtaskCommand(this, command, id);
  }

  /** Rules 4, 8, 9 and 10; answers the subtasks it concerns. @throws CommandRefusedError */
  commandTask(command: TaskCommand): number[] {
    const refusal = this.refuseTaskCommand(command);
    if (refusal !== undefined) throw new CommandRefusedError(refusal);
    const failed = [...this.#failed];
    if (command === 'abandonTask') this.end();
    else if (command === 'retryTask') {
      for (const id of failed) this.#askFor(id, 'RETRY');
      this.#settle('RETRY');
    } else if (this.#operation === 'ROLLBACK') {
      for (const id of failed) this.#askFor(id, 'ROLLBACK');
      this.#settle();
    } else return this.#beginRollback();
    return failed;
  }

  /** Rules 5, 6, 7 and 9; answers the subtask's id. @throws CommandRefusedError */
  commandSubtask(command: SubtaskCommand, id: number): number[] {
    const refusal = this.refuseSubtaskCommand(command, id);
    if (refusal !== undefined) throw new CommandRefusedError(refusal);
    const state = this.#state(id);
    if (command === 'retrySubtask') this.#askFor(id, 'RETRY');
    else if (command === 'cancelSubtask') state.status = 'CANCELING';
    else {
      this.#failed.delete(id);
      state.failure = undefined;
      if (this.#operation === 'ROLLBACK') {
        this.#undone(state);
        state.operation = 'ROLLBACK_SKIP';
      } else {
        this.#outputs.set(id, this.#contextOf(state.plan).context);
        this.#done(state);
        state.operation = 'SKIP';
      }
    }
    this.#settle();
    return [id];
  }

  /** The task ends FAILED, whatever its state: abandoned, or its workflow was cancelled. */
  end(): void {
    if (this.closed) return;
    this.#ended = true;
    this.#status = 'FAILED';
    this.#sequence += 1;
  }

  /**
   * Why a rollback may not begin; undefined when it may (OCP documentation; ocp-express source).
   *
   * @param statusOf for the document, which knows what a worker has
   */
  rollbackForbiddenBy(
    statusOf: (state: SubtaskState) => SubtaskStatus = ({ status }) => status,
  ): string | undefined {
    if (this.plan.context.stringMap.prohibit_rollback === 'true') return 'its context forbids it';
    for (const state of this.subtasks.values()) {
      const { plan } = state;
      if (!plan.prohibitRollback || ['PENDING', 'READY'].includes(statusOf(state))) continue;
      return `subtask ${plan.id} (${plan.name}) has started and cannot be undone`;
    }
    return undefined;
  }

  /** What subtasks have done, or may have half done, and nothing has undone; one line each. */
  leftBehind(): string[] {
    const lines: string[] = [];
    for (const { plan, status, operation } of this.subtasks.values()) {
      if (plan.leaves === undefined) continue;
      // PENDING: never ran, or undone; but not when its undo was skipped, or when only its repetition never began.
      if (status === 'PENDING' && operation !== 'ROLLBACK_SKIP' && operation !== 'RETRY') continue;
      const where = plan.target === undefined ? '' : `${plan.target}: `;
      const sure = status === 'SUCCESSFUL' && operation !== 'SKIP' ? '' : 'perhaps ';
      lines.push(`${where}${sure}${plan.leaves} (${plan.name}, ${plan.id})`);
    }
    return lines;
  }

  #state(id: number): SubtaskState {
    const state = this.subtasks.get(id);
    if (state === undefined) throw new Error(`Task ${this.plan.taskId} has no subtask ${id}.`);
    return state;
  }

  #done(state: SubtaskState): void {
    state.status = 'SUCCESSFUL';
    this.#left -= 1;
    this.#release(state.plan.downstreams);
  }

  #undone(state: SubtaskState): void {
    state.status = 'PENDING';
    state.failure = undefined;
    this.#left -= 1;
    this.#release(state.plan.upstreams);
  }

  #release(neighbours: readonly number[]): void {
    for (const id of neighbours) {
      const left = (this.#waitsFor.get(id) ?? 0) - 1;
      this.#waitsFor.set(id, left);
      if (left === 0) this.#eligible.add(id);
    }
  }

  #beginRollback(): number[] {
    const started = [...this.subtasks.values()].filter(({ status }) => status !== 'PENDING');
    this.#left = started.length;
    this.#failed.clear();
    this.#eligible.clear();
    this.#waitsFor.clear();
    for (const state of started) {
      state.operation = 'ROLLBACK';
      const after = state.plan.downstreams.filter((id) => this.#state(id).status !== 'PENDING');
      this.#waitsFor.set(state.plan.id, after.length);
      if (after.length === 0) this.#eligible.add(state.plan.id);
    }
    this.#settle('ROLLBACK');
    return started.map(({ plan }) => plan.id);
  }

  #askFor(id: number, operation: 'RETRY' | 'ROLLBACK'): void {
    const state = this.#state(id);
    this.#failed.delete(id);
    this.#eligible.add(id);
    this.#asked.add(id);
    if (operation === 'RETRY') state.status = 'PENDING';
    state.operation = operation;
    state.run += 1;
    state.failure = undefined;
  }

  #settle(operation: TaskOperation = this.#operation): void {
    const stopped = this.#failed.size > 0 && this.#active.size === 0 && this.#asked.size === 0;
    const status = this.#left === 0 ? 'SUCCESSFUL' : stopped || this.#ended ? 'FAILED' : 'RUNNING';
    if (status === this.#status && operation === this.#operation) return;
    this.#status = status;
    this.#operation = operation;
    this.#sequence += 1;
  }

  #contextOf(subtask: PlanSubtask): MergedContext {
    if (subtask.upstreams.length === 0) return { context: this.#root };
    // Neighbouring nodes of a fan-out share their upstreams, so one merge serves the whole node.
    const key = subtask.upstreams.join();
    let merged = this.#merged.get(key);
    if (merged === undefined) {
      merged = mergeContexts(
        subtask.upstreams.map((id) => ({
          name: `${this.#state(id).plan.name} (${id})`,
          context: this.#outputs.get(id) ?? this.#root,
        })),
      );
      this.#merged.set(key, merged);
    }
    return merged;
  }
}

function withUnshown({ context, unshown }: Plan): TaskContext {
  if (unshown === undefined) return context;
  return {
    stringMap: { ...unshown.stringMap, ...context.stringMap },
    listMap: { ...unshown.listMap, ...context.listMap },
  };
}
