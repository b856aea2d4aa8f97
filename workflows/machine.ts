/**
 * The state machine of a task, as plain code: the interpreter drives it forward, the translator replays it from
 * history, unit tests exercise it without a server. Rules (OCP documentation; ocp-express source where the
 * documents are silent):
 *
 * 1. A subtask may start when all its upstreams are SUCCESSFUL and the concurrency limit leaves a place.
 * 2. While a subtask is FAILED nothing starts but what an operator asked for; running siblings finish.
 * 3. The task is FAILED when a subtask is FAILED and none is or will be running; it stays open.
 * 4. Retry task: every FAILED subtask runs again, run + 1, the task's operation becomes RETRY.
 * 5. Retry subtask: that one runs again, run + 1; the task's operation stays.
 */
import { addResult, type MergedContext, mergeContexts, pickNeeds } from './context';
import type {
  Plan,
  PlanSubtask,
  SubtaskInput,
  SubtaskOperation,
  SubtaskResult,
  SubtaskStatus,
  TaskContext,
  TaskOperation,
  TaskStateChange,
  TaskStatus,
} from './plan';

/** READY here means "handed to Temporal"; whether a worker has it, only describe() knows. */
type MachineStatus = Extract<SubtaskStatus, 'PENDING' | 'READY' | 'FAILED' | 'SUCCESSFUL'>;

export interface SubtaskState {
  readonly plan: PlanSubtask;
  status: MachineStatus;
  operation: SubtaskOperation;
  /** Operator-visible run, from 1. */
  run: number;
  failure: string | undefined;
}

/** Why a command cannot be obeyed now; `message` speaks to the person who gave it. */
export interface CommandRefusal {
  /** OCP's error table: unknown id, wrong state of the task, wrong state of the subtask. */
  readonly code: 'TSK10001' | 'TSK10016' | 'TSK10017';
  readonly message: string;
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
  readonly #unfinishedUpstreams = new Map<number, number>();
  /** PENDING subtasks whose upstreams are done. */
  readonly #eligible = new Set<number>();
  readonly #active = new Set<number>();
  readonly #failed = new Set<number>();
  #successful = 0;
  readonly #outputs = new Map<number, TaskContext>();
  readonly #merged = new Map<string, MergedContext>();
  #operation: TaskOperation = 'EXECUTE';
  #status: TaskStatus = 'RUNNING';
  #sequence = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.subtasks = new Map(
      plan.subtasks.map((subtask) => [
        subtask.id,
        { plan: subtask, status: 'PENDING', operation: 'EXECUTE', run: 1, failure: undefined },
      ]),
    );
    for (const subtask of plan.subtasks) {
      this.#unfinishedUpstreams.set(subtask.id, subtask.upstreams.length);
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

  /** How many subtasks are READY or RUNNING. */
  get active(): number {
    return this.#active.size;
  }

  /** FAILED subtasks in the order they failed. */
  get failed(): SubtaskState[] {
    return [...this.#failed].map((id) => this.#state(id));
  }

  /** What the database should show now. `sequence` grows with every change of status or operation. */
  get change(): TaskStateChange {
    return {
      taskId: this.plan.taskId,
      status: this.#status,
      operation: this.#operation,
      closed: this.#status === 'SUCCESSFUL',
      sequence: this.#sequence,
    };
  }

  /** Ids that may start now: rule 1 and 2, at most as many as the concurrency limit leaves places for. */
  startable(): number[] {
    const limit = this.plan.concurrency > 0 ? this.plan.concurrency : Number.POSITIVE_INFINITY;
    const places = limit - this.#active.size;
    const startable: number[] = [];
    for (const id of this.#eligible) {
      if (startable.length >= places) break;
      if (this.#failed.size === 0 || this.#isAskedFor(id)) startable.push(id);
    }
    return startable;
  }

  /** The subtask is handed to Temporal; answers what its activity receives. */
  start(id: number): SubtaskInput {
    const state = this.#state(id);
    this.#eligible.delete(id);
    this.#active.add(id);
    state.status = 'READY';
    const { context, conflict } = this.#contextOf(state.plan);
    const { element } = state.plan;
    return {
      taskId: this.plan.taskId,
      subtaskId: id,
      run: state.run,
      name: state.plan.name,
      operation: state.operation,
      traceId: this.plan.traceId,
      ...(element === undefined ? {} : { element }),
      context: pickNeeds(context, state.plan),
      ...(conflict === undefined ? {} : { conflict }),
    };
  }

  succeed(id: number, result?: SubtaskResult | null): void {
    const state = this.#state(id);
    this.#active.delete(id);
    state.status = 'SUCCESSFUL';
    this.#successful += 1;
    this.#outputs.set(id, addResult(this.#contextOf(state.plan).context, result));
    for (const downstream of state.plan.downstreams) {
      const left = (this.#unfinishedUpstreams.get(downstream) ?? 0) - 1;
      this.#unfinishedUpstreams.set(downstream, left);
      if (left === 0) this.#eligible.add(downstream);
    }
    this.#settle();
  }

  /** @param failure what the operator reads: what was tried, where, what came back, what to do next */
  fail(id: number, failure: string): void {
    const state = this.#state(id);
    this.#active.delete(id);
    this.#failed.add(id);
    state.status = 'FAILED';
    state.failure = failure;
    this.#settle();
  }

  /** Undefined when "retry task" is allowed now. */
  refuseRetryTask(): CommandRefusal | undefined {
    if (this.#status === 'FAILED') return undefined;
    const message = `Task ${this.plan.taskId} is ${this.#status}; retry is allowed when it is FAILED.`;
    return { code: 'TSK10016', message };
  }

  /** Undefined when "retry subtask" is allowed for this id now. */
  refuseRetrySubtask(id: number): CommandRefusal | undefined {
    const state = this.subtasks.get(id);
    if (state === undefined) {
      return { code: 'TSK10001', message: `Task ${this.plan.taskId} has no subtask ${id}.` };
    }
    if (state.status === 'FAILED') return undefined;
    const shown = this.#active.has(id) ? 'READY or RUNNING' : state.status;
    const message = `Subtask ${id} (${state.plan.name}) is ${shown}; retry is allowed when it is FAILED.`;
    return { code: 'TSK10017', message };
  }

  /** Rule 4. @throws CommandRefusedError in a state other than FAILED */
  retryTask(): number[] {
    const refusal = this.refuseRetryTask();
    if (refusal !== undefined) throw new CommandRefusedError(refusal);
    const ids = [...this.#failed];
    for (const id of ids) this.#askFor(id);
    this.#settle('RETRY');
    return ids;
  }

  /** Rule 5. @throws CommandRefusedError when the subtask is unknown or not FAILED */
  retrySubtask(id: number): void {
    const refusal = this.refuseRetrySubtask(id);
    if (refusal !== undefined) throw new CommandRefusedError(refusal);
    this.#askFor(id);
    this.#settle();
  }

  #state(id: number): SubtaskState {
    const state = this.subtasks.get(id);
    if (state === undefined) throw new Error(`Task ${this.plan.taskId} has no subtask ${id}.`);
    return state;
  }

  #askFor(id: number): void {
    const state = this.#state(id);
    this.#failed.delete(id);
    this.#eligible.add(id);
    state.status = 'PENDING';
    state.operation = 'RETRY';
    state.run += 1;
    state.failure = undefined;
  }

  /** Asked for by an operator and still waiting for a place: a new failure elsewhere does not take that back. */
  #isAskedFor(id: number): boolean {
    return this.#state(id).operation === 'RETRY';
  }

  #settle(operation: TaskOperation = this.#operation): void {
    const asked = this.#failed.size > 0 && [...this.#eligible].some((id) => this.#isAskedFor(id));
    const status =
      this.#successful === this.subtasks.size
        ? 'SUCCESSFUL'
        : this.#failed.size > 0 && this.#active.size === 0 && !asked
          ? 'FAILED'
          : 'RUNNING';
    if (status === this.#status && operation === this.#operation) return;
    this.#status = status;
    this.#operation = operation;
    this.#sequence += 1;
  }

  #contextOf(subtask: PlanSubtask): MergedContext {
    if (subtask.upstreams.length === 0) return { context: this.plan.context };
    // Neighbouring nodes of a fan-out share their upstreams, so one merge serves the whole node.
    const key = subtask.upstreams.join();
    let merged = this.#merged.get(key);
    if (merged === undefined) {
      merged = mergeContexts(
        subtask.upstreams.map((id) => ({
          name: `${this.#state(id).plan.name} (${id})`,
          context: this.#outputs.get(id) ?? this.plan.context,
        })),
      );
      this.#merged.set(key, merged);
    }
    return merged;
  }
}
