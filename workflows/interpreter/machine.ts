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
 *
 * A task that goes on in another run of its workflow is carried over as a snapshot (snapshot.ts).
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
import type { Said, Text } from '../text';
import { say } from '../texts';
import {
  addResult,
  type FlowingContext,
  flowing,
  type MergedContext,
  mergeContexts,
  pickNeeds,
} from './context';
import { expandPlan } from './expansion';
import { type CommandRefusal, refuseSubtaskCommand, refuseTaskCommand } from './refusals';
import { packStates, type Snapshot, unpackStates } from './snapshot';

/** READY here means "handed to Temporal"; whether a worker has it, only describe() knows. */
type MachineStatus = Exclude<SubtaskStatus, 'RUNNING'>;

export interface SubtaskState {
  /** Its place in the graph, and its node of the plan. */
  readonly plan: PlanSubtask;
  /** SUCCESSFUL or FAILED with operation ROLLBACK: not undone yet. */
  status: MachineStatus;
  operation: SubtaskOperation;
  /** Operator-visible run, from 1. */
  run: number;
  failure: Said | undefined;
}

/** Thrown when a command is given in a state that forbids it; validators ask `refuse…` first. */
export class CommandRefusedError extends Error {
  readonly refusal: CommandRefusal;
  constructor(refusal: CommandRefusal) {
    super(refusal.message.en);
    this.name = 'CommandRefusedError';
    this.refusal = refusal;
  }
}

export class TaskMachine {
  readonly plan: Plan;
  /** In topological order, which is that of their ids. */
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
  #left = 0;
  readonly #outputs = new Map<number, FlowingContext>();
  /** What subtasks added, where they added something. */
  readonly #results = new Map<number, SubtaskResult>();
  /** By the list of upstreams, which the subtasks of a node share. */
  readonly #merged = new Map<readonly number[], MergedContext>();
  readonly #root: FlowingContext;
  /** Ids of the commands that were obeyed, in all runs of the workflow. */
  readonly #obeyed = new Set<string>();
  #holding = false;
  #stopping = false;
  readonly #counts: Record<MachineStatus, number> = {
    PENDING: 0,
    READY: 0,
    CANCELING: 0,
    FAILED: 0,
    SUCCESSFUL: 0,
  };
  #operation: TaskOperation = 'EXECUTE';
  #status: TaskStatus = 'RUNNING';
  #ended = false;
  #sequence = 0;

  /**
   * @param snapshot where an earlier run of the workflow has left the task
   * @throws GraphError when the plan cannot be expanded
   */
  constructor(plan: Plan, snapshot?: Snapshot) {
    this.plan = plan;
    this.#root = flowing(withUnshown(plan));
    const subtasks = expandPlan(plan);
    this.#counts.PENDING = subtasks.length;
    this.subtasks = new Map(
      subtasks.map((subtask) => [
        subtask.id,
        { plan: subtask, status: 'PENDING', operation: 'EXECUTE', run: 1, failure: undefined },
      ]),
    );
    if (snapshot !== undefined) this.resume(snapshot);
    else {
      this.#reckon();
      this.#settle();
    }
  }

  /** What another run of the workflow needs to go on. Throws Error while something is active. */
  snapshot(): Snapshot {
    if (this.#active.size > 0) throw new Error(`${this.#active.size} subtasks are under way.`);
    return {
      operation: this.#operation,
      status: this.#status,
      sequence: this.#sequence,
      ...packStates([...this.subtasks.values()]),
      failed: [...this.#failed].map((id) => [id, this.#state(id).failure ?? ''] as const),
      asked: [...this.#asked],
      results: [...this.#results],
      obeyed: [...this.#obeyed],
    };
  }

  /** Goes on where another run of the workflow has left the task; what the machine knew before is forgotten. */
  resume(snapshot: Snapshot): void {
    const states = [...this.subtasks.values()];
    unpackStates(snapshot, states);
    for (const status of STATUSES) this.#counts[status] = 0;
    for (const { status } of states) this.#counts[status] += 1;
    for (const set of [this.#active, this.#failed, this.#asked, this.#eligible]) set.clear();
    for (const map of [this.#merged, this.#outputs, this.#results]) map.clear();
    this.#holding = false;
    this.#operation = snapshot.operation;
    this.#status = snapshot.status;
    this.#sequence = snapshot.sequence;
    for (const [id, failure] of snapshot.failed) {
      this.#failed.add(id);
      // A machine that has seen it fail knows the whole reason.
      this.#state(id).failure ??= failure;
    }
    for (const id of snapshot.asked) this.#asked.add(id);
    for (const [id, result] of snapshot.results) this.#results.set(id, result);
    for (const id of snapshot.obeyed) this.#obeyed.add(id);
    const undoing = snapshot.operation === 'ROLLBACK';
    for (const state of states) {
      const { plan, status } = state;
      if (status !== 'FAILED') state.failure = undefined;
      if (status === 'SUCCESSFUL' || (undoing && status !== 'PENDING')) {
        this.#outputs.set(plan.id, addResult(this.#contextOf(plan).context, this.#results.get(plan.id)));
      }
    }
    this.#reckon();
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

  get failedCount(): number {
    return this.#failed.size;
  }

  /** How many subtasks are in each status. */
  get counts(): Readonly<Record<MachineStatus, number>> {
    return this.#counts;
  }

  /** What is READY or CANCELING now. */
  get underWay(): SubtaskState[] {
    return [...this.#active].map((id) => this.#state(id));
  }

  isFailed(id: number): boolean {
    return this.#failed.has(id);
  }

  /** What a subtask added to the context; undefined when it added nothing, or has not run. */
  resultOf(id: number): SubtaskResult | undefined {
    return this.#results.get(id);
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

  /** Starts nothing more until it is taken back: what runs shall end, so that the task can go on in another run. */
  hold(on: boolean): void {
    this.#holding = on;
  }

  /** The workflow was cancelled: what stops now has not been put off, it has failed. */
  stop(): void {
    this.#stopping = true;
  }

  /** Ids that may start now, to run or to be undone: at most as many as the concurrency limit leaves places for. */
  startable(): number[] {
    if (this.closed || this.#holding) return [];
    const { concurrency } = this.plan;
    const places = Math.min(concurrency > 0 ? concurrency : MOST_TOGETHER, MOST_TOGETHER) - this.#active.size;
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
    this.#set(state, 'READY');
    state.failure = undefined;
    const undone = this.#operation === 'ROLLBACK' ? this.#outputs.get(id) : undefined;
    const merged = this.#contextOf(state.plan);
    const { node, elements } = state.plan;
    const element = elements.at(-1);
    const conflict = this.#operation === 'ROLLBACK' ? undefined : merged.conflict;
    return {
      taskId: this.plan.taskId,
      subtaskId: id,
      run: state.run,
      name: node.name,
      operation: state.operation,
      traceId: this.plan.traceId,
      ...(element === undefined ? {} : { element }),
      ...(elements.length > 1 ? { elements } : {}),
      context: pickNeeds(undone ?? merged.context, node.needs, elements),
      ...(conflict === undefined ? {} : { conflict }),
    };
  }

  /** What was started has ended well: it is done, or undone. */
  succeed(id: number, result?: SubtaskResult | null): void {
    const state = this.#state(id);
    this.#active.delete(id);
    if (this.#operation === 'ROLLBACK') this.#undone(state);
    else {
      const { stringMap = {}, listMap = {} } = result ?? {};
      if (Object.keys(stringMap).length + Object.keys(listMap).length > 0) {
        this.#results.set(id, { stringMap, listMap });
      }
      this.#outputs.set(id, addResult(this.#contextOf(state.plan).context, result));
      this.#done(state);
    }
    this.#settle();
  }

  /** What was started was broken off by nobody's command, at a seam of the history: it goes on as the same run. */
  #putBack(state: SubtaskState): void {
    const { id } = state.plan;
    this.#eligible.add(id);
    this.#asked.add(id);
    this.#set(state, this.#operation === 'ROLLBACK' ? 'SUCCESSFUL' : 'PENDING');
  }

  #set(state: SubtaskState, status: MachineStatus): void {
    this.#counts[state.status] -= 1;
    this.#counts[status] += 1;
    state.status = status;
  }

  /**
   * @param failure what the operator reads: what was tried, where, what came back, what to do next
   * @param cancelled it stopped because it was told to
   */
  fail(id: number, failure: Said, cancelled = false): void {
    const state = this.#state(id);
    this.#active.delete(id);
    if (cancelled && state.status === 'READY' && !this.#stopping) this.#putBack(state);
    else {
      this.#failed.add(id);
      this.#set(state, 'FAILED');
      if (cancelled && this.#operation !== 'ROLLBACK') state.operation = 'CANCEL';
      state.failure = failure;
    }
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

  /** Whether the command of this id was obeyed, in this run of the workflow or in an earlier one. */
  hasObeyed(commandId: string): boolean {
    return this.#obeyed.has(commandId);
  }

  /** Ids count from the oldest; those that nobody will send again are forgotten. */
  noteObeyed(commandId: string): void {
    this.#obeyed.add(commandId);
    for (const oldest of this.#obeyed) {
      if (this.#obeyed.size <= MAX_OBEYED) break;
      this.#obeyed.delete(oldest);
    }
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
    else if (command === 'cancelSubtask') this.#set(state, 'CANCELING');
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
  ): Text | undefined {
    if (this.plan.context.stringMap.prohibit_rollback === 'true') return say('forbidden.byContext');
    for (const state of this.subtasks.values()) {
      const { plan } = state;
      if (plan.node.prohibitRollback !== true || ['PENDING', 'READY'].includes(statusOf(state))) continue;
      return say('forbidden.bySubtask', { subtask: plan.id, name: plan.node.name });
    }
    return undefined;
  }

  /** What subtasks have done, or may have half done, and nothing has undone; one line each. */
  leftBehind(): string[] {
    const lines: string[] = [];
    for (const { plan, status, operation } of this.subtasks.values()) {
      const { leaves, name } = plan.node;
      if (leaves === undefined) continue;
      // PENDING: never ran, or undone; but not when its undo was skipped, or when only its repetition never began.
      if (status === 'PENDING' && operation !== 'ROLLBACK_SKIP' && operation !== 'RETRY') continue;
      const where = plan.target === undefined ? '' : `${plan.target}: `;
      const sure = status === 'SUCCESSFUL' && operation !== 'SKIP' ? '' : 'perhaps ';
      lines.push(`${where}${sure}${leaves} (${name}, ${plan.id})`);
    }
    return lines;
  }

  #state(id: number): SubtaskState {
    const state = this.subtasks.get(id);
    if (state === undefined) throw new Error(`Task ${this.plan.taskId} has no subtask ${id}.`);
    return state;
  }

  #done(state: SubtaskState): void {
    this.#set(state, 'SUCCESSFUL');
    this.#left -= 1;
    this.#release(state.plan.downstreams);
  }

  #undone(state: SubtaskState): void {
    this.#set(state, 'PENDING');
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
    for (const state of started) state.operation = 'ROLLBACK';
    this.#failed.clear();
    this.#reckon('ROLLBACK');
    this.#settle('ROLLBACK');
    return started.map(({ plan }) => plan.id);
  }

  /** What is left, what waits for how much of it, and what may start: from the states alone. */
  #reckon(operation: TaskOperation = this.#operation): void {
    const undoing = operation === 'ROLLBACK';
    const isLeft = (id: number): boolean => {
      const { status } = this.#state(id);
      return undoing ? status !== 'PENDING' : status !== 'SUCCESSFUL';
    };
    this.#left = 0;
    this.#eligible.clear();
    for (const [id, { plan }] of this.subtasks) {
      const before = (undoing ? plan.downstreams : plan.upstreams).filter(isLeft).length;
      this.#waitsFor.set(id, before);
      if (!isLeft(id)) continue;
      this.#left += 1;
      if (before === 0 && !this.#failed.has(id)) this.#eligible.add(id);
    }
  }

  #askFor(id: number, operation: 'RETRY' | 'ROLLBACK'): void {
    const state = this.#state(id);
    this.#failed.delete(id);
    this.#eligible.add(id);
    this.#asked.add(id);
    if (operation === 'RETRY') this.#set(state, 'PENDING');
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

  #contextOf({ upstreams }: PlanSubtask): MergedContext {
    if (upstreams.length === 0) return { context: this.#root };
    let merged = this.#merged.get(upstreams);
    if (merged === undefined) {
      merged = mergeContexts(
        upstreams.map((id) => ({
          name: `${this.#state(id).plan.node.name} (${id})`,
          context: this.#outputs.get(id) ?? this.#root,
        })),
      );
      if (upstreams.length > 1) this.#merged.set(upstreams, merged);
    }
    return merged;
  }
}

const STATUSES = [
  'PENDING',
  'READY',
  'CANCELING',
  'FAILED',
  'SUCCESSFUL',
] as const satisfies readonly MachineStatus[];

/** Temporal refuses a workflow more than 2 000 activities at a time. */
const MOST_TOGETHER = 1_000;

/** So many commands a person cannot give in the time in which one is sent again. */
const MAX_OBEYED = 1_000;

function withUnshown({ context, unshown }: Plan): TaskContext {
  if (unshown === undefined) return context;
  return {
    stringMap: { ...unshown.stringMap, ...context.stringMap },
    listMap: { ...unshown.listMap, ...context.listMap },
  };
}
