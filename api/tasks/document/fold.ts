/**
 * State of a task ← its history, event by event. The task's own machine decides what an event means, so the
 * document and the workflow cannot disagree. Workflow-task events are never looked at: some of them are invented by
 * the server for the reader and vanish again.
 */

import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { say } from '../../../runtime/messages/catalogue';
import { addressOfWorker, parseActivityId } from '../../../workflows/ids';
import { effectiveTimeout, type FailureContext, failureSaid } from '../../../workflows/interpreter/failures';
import { CommandRefusedError, type SubtaskState, TaskMachine } from '../../../workflows/interpreter/machine';
import type { Snapshot } from '../../../workflows/interpreter/snapshot';
import { ABANDONED, SUBTASK_UPDATES, subtaskIdOf, TASK_UPDATES } from '../../../workflows/messages';
import type { Plan, SubtaskCommand, SubtaskResult, TaskCommand, TaskStatus } from '../../../workflows/plan';
import { SEARCH_ATTRIBUTES } from '../../../workflows/searchAttributes';
import type { Said } from '../../../workflows/text';
import type { HistoryEvent } from '../temporal/historyService';

type Payload = temporal.api.common.v1.IPayload;
type Failure = temporal.api.failure.v1.IFailure;
type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;
/** temporal.api.enums.v1.RetryState, which is a type only. */
const RETRY_STATE_TIMEOUT = 3;
const RETRY_STATE_CANCEL_REQUESTED = 7;
/** What people type in the Web UI ends as one line of a log. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const MAX_SAID = 500;

/** What history says of the newest run of a subtask; times in ms since 1970. */
export interface RunFacts {
  readonly run: number;
  /** It is an undo. */
  readonly rollback: boolean;
  readonly scheduledTime: number;
  /** Of the last attempt, known when the run has ended. */
  startedTime?: number;
  finishTime?: number;
  attempt?: number;
  executor?: string;
}

/** How a closed workflow ended. */
export interface Closing {
  readonly successful: boolean;
  /** An operator accepted the failure. */
  readonly abandoned?: true;
  readonly time: number;
  /** For a person; '' when successful. */
  readonly reason: Said;
}

/** A protobuf int64. Long has no valueOf, so Number() would make a text of each first: a sixth of a fold's time. */
export function int64(value: unknown): number {
  return value !== null &&
    typeof value === 'object' &&
    'toNumber' in value &&
    typeof value.toNumber === 'function'
    ? Number(value.toNumber())
    : Number(value ?? 0);
}

/** Milliseconds since 1970 of a protobuf timestamp. */
export function millis(time: Timestamp): number {
  return int64(time?.seconds) * 1000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
}

/** The text of a raw failure, as the interpreter would say it. */
export function failureMessage(failure: Failure | null | undefined, context?: FailureContext): Said {
  if (failure === null || failure === undefined) return say('failed.noReason');
  return failureSaid(defaultFailureConverter.failureToError(failure, defaultPayloadConverter), context);
}

/** A command that the workflow obeyed, whoever gave it: the API, or a person in Temporal's Web UI or CLI. */
export interface GivenCommand {
  /** Of the update, unique in the task. */
  readonly id: string;
  /** What sent it, as it calls itself, e.g. `temporal-cli:root@ocp-1`; '' when it does not. */
  readonly client: string;
  readonly name: TaskCommand | SubtaskCommand;
  /** When it was accepted. */
  readonly time: number;
  readonly who?: string;
  /** Address of the API's client. */
  readonly from?: string;
  readonly why?: string;
  /** What it concerns, in the run that it began or ended. */
  readonly subtasks: readonly (Pick<SubtaskState, 'run' | 'operation'> & { readonly id: number })[];
}

/** A subtask, or an undo, that an operator's cancel has ended. */
export interface CancelledRun extends Pick<SubtaskState, 'run' | 'operation'> {
  readonly id: number;
  readonly time: number;
}

export class FoldedTask {
  machine: TaskMachine;
  closing: Closing | undefined;
  /** Newest event of the newest run that was applied; workflow-task events do not count. */
  lastEventId = 0;
  /** Id of the run in which the workflow goes on after the last event. */
  continuedAs: string | undefined;
  /** By subtask id. */
  readonly runs = new Map<number, RunFacts>();
  /** In the order they were given. */
  readonly commands: GivenCommand[] = [];
  /** In the order they ended. */
  readonly cancelled: CancelledRun[] = [];
  readonly #subtaskOfEvent = new Map<number, number>();
  #acknowledged: TaskStatus = 'RUNNING';
  #cancelRequestedBy = '';

  /**
   * The state before the first event.
   *
   * @param snapshot of a run whose predecessors are not known any more: then times and commands before it are missing
   */
  constructor(plan: Plan, snapshot?: Snapshot) {
    this.machine = new TaskMachine(plan, snapshot);
    if (snapshot?.status === 'FAILED') this.#acknowledged = 'FAILED';
  }

  /** @throws Error when the first event is none of a task */
  static fromFirstEvent(event: HistoryEvent): FoldedTask {
    const { plan, snapshot } = startOf(event);
    const folded = new FoldedTask(plan, snapshot);
    folded.lastEventId = int64(event.eventId);
    return folded;
  }

  /**
   * The first event of the run that follows the one that was applied last.
   *
   * @throws Error when it is none
   */
  nextRun(event: HistoryEvent): void {
    const { snapshot } = startOf(event);
    if (snapshot === undefined) throw new Error('The run does not go on with an earlier one.');
    this.machine.resume(snapshot);
    this.#subtaskOfEvent.clear();
    this.continuedAs = undefined;
    this.lastEventId = int64(event.eventId);
  }

  /**
   * SUCCESSFUL only when the workflow has completed: then the locks are released. FAILED only when the workflow has
   * taken note, which its search attribute proves: then a retry is accepted and the list shows it, too.
   */
  get status(): TaskStatus {
    if (this.closing !== undefined) return this.closing.successful ? 'SUCCESSFUL' : 'FAILED';
    return this.machine.status === 'FAILED' && this.#acknowledged === 'FAILED' ? 'FAILED' : 'RUNNING';
  }

  /** Events come in the order of their ids; ones already applied are left out. */
  apply(event: HistoryEvent): void {
    const id = int64(event.eventId);
    if (id <= this.lastEventId || isWorkflowTaskEvent(event)) return;
    this.lastEventId = id;
    this.#applyActivity(event);
    this.#applyCommand(event);
    this.#applyClosing(event);
  }

  #applyActivity(event: HistoryEvent): void {
    const time = millis(event.eventTime);
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const key = parseActivityId(scheduled.activityId ?? '');
      const state = key === undefined ? undefined : this.machine.subtasks.get(key.subtaskId);
      if (key === undefined || state === undefined) return;
      this.#subtaskOfEvent.set(int64(event.eventId), key.subtaskId);
      this.machine.start(key.subtaskId);
      this.runs.set(key.subtaskId, { run: key.run, rollback: key.rollback, scheduledTime: time });
      return;
    }
    const started = event.activityTaskStartedEventAttributes;
    if (started) {
      const facts = this.runs.get(this.#stateOf(started)?.plan.id ?? 0);
      if (facts === undefined) return;
      facts.startedTime = time;
      facts.attempt = started.attempt ?? 1;
      const executor = addressOfWorker(started.identity ?? '');
      if (executor !== undefined) facts.executor = executor;
      return;
    }
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes;
    const timedOut = event.activityTaskTimedOutEventAttributes;
    const canceled = event.activityTaskCanceledEventAttributes;
    const state = this.#stateOf(completed ?? failed ?? timedOut ?? canceled);
    if (state === undefined) return;
    const { plan } = state;
    const facts = this.runs.get(plan.id);
    if (facts !== undefined) facts.finishTime = time;
    const { run, operation } = state;
    // One that is not CANCELING was broken off at a seam of the history, or with the whole workflow.
    if (canceled && state.status === 'CANCELING') this.cancelled.push({ id: plan.id, run, operation, time });
    if (completed) this.machine.succeed(plan.id, resultOf(completed.result?.payloads?.[0]));
    else if (canceled) this.machine.fail(plan.id, failureMessage({ canceledFailureInfo: {} }), true);
    else {
      const { failure, retryState } = failed ?? timedOut ?? {};
      const cancelUnanswered = retryState === RETRY_STATE_CANCEL_REQUESTED;
      const outOfTime = failed !== null && failed !== undefined && retryState === RETRY_STATE_TIMEOUT;
      const context = { timeout: effectiveTimeout(plan.node.timeout), outOfTime, cancelUnanswered };
      this.machine.fail(plan.id, failureMessage(failure, context), cancelUnanswered);
    }
  }

  /** An accepted update that the workflow refused afterwards is refused by this machine as well. */
  #applyCommand(event: HistoryEvent): void {
    const state = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
    const taskState = state?.[SEARCH_ATTRIBUTES.TaskState.name];
    if (taskState) this.#acknowledged = decode<TaskStatus>(taskState);
    const input = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (!input) return;
    const id = event.workflowExecutionUpdateAcceptedEventAttributes?.protocolInstanceId ?? '';
    // Sent once more to a later run of the workflow, which obeys it no second time.
    if (this.machine.hasObeyed(id)) return;
    const name = input.name ?? '';
    const payload = input.args?.payloads?.[0];
    const argument = payload ? decode<unknown>(payload) : undefined;
    try {
      if (name in TASK_UPDATES) {
        this.#note(event, name as TaskCommand, argument, this.machine.commandTask(name as TaskCommand));
      } else if (name in SUBTASK_UPDATES) {
        const command = name as SubtaskCommand;
        const ids = this.machine.commandSubtask(command, subtaskIdOf(argument) ?? 0);
        this.#note(event, command, argument, ids);
      }
      this.machine.noteObeyed(id);
    } catch (error) {
      if (!(error instanceof CommandRefusedError)) throw error;
    }
    if (this.machine.status !== 'FAILED') this.#acknowledged = 'RUNNING';
  }

  #note(event: HistoryEvent, name: GivenCommand['name'], argument: unknown, ids: readonly number[]): void {
    const said = (typeof argument === 'object' && argument !== null ? argument : {}) as Record<
      string,
      unknown
    >;
    const text = (key: 'who' | 'from' | 'why') => {
      const line = oneLine(said[key]);
      return line === '' ? {} : { [key]: line };
    };
    const { protocolInstanceId, acceptedRequest } =
      event.workflowExecutionUpdateAcceptedEventAttributes ?? {};
    this.commands.push({
      id: protocolInstanceId ?? '',
      client: oneLine(acceptedRequest?.meta?.identity),
      name,
      time: millis(event.eventTime),
      ...text('who'),
      ...text('from'),
      ...text('why'),
      subtasks: ids.flatMap((id) => {
        const state = this.machine.subtasks.get(id);
        return state === undefined ? [] : [{ id, run: state.run, operation: state.operation }];
      }),
    });
  }

  #applyClosing(event: HistoryEvent): void {
    const time = millis(event.eventTime);
    const close = (successful: boolean, reason: Said) => {
      this.closing = { successful, time, reason };
    };
    const cancelRequested = event.workflowExecutionCancelRequestedEventAttributes;
    const failed = event.workflowExecutionFailedEventAttributes;
    const terminated = event.workflowExecutionTerminatedEventAttributes;
    const continued = event.workflowExecutionContinuedAsNewEventAttributes;
    if (cancelRequested) {
      this.#cancelRequestedBy = cancelRequested.identity ?? '';
      this.machine.stop();
    } else if (continued) this.continuedAs = continued.newExecutionRunId ?? undefined;
    else if (event.workflowExecutionCompletedEventAttributes) close(true, '');
    else if (failed?.failure?.applicationFailureInfo?.type === ABANDONED) {
      this.closing = { successful: false, abandoned: true, time, reason: failureMessage(failed.failure) };
    } else if (failed) close(false, say('ended.failed', { reason: failureMessage(failed.failure) }));
    else if (event.workflowExecutionTimedOutEventAttributes) close(false, say('ended.timeout'));
    else if (event.workflowExecutionCanceledEventAttributes) {
      const by = this.#cancelRequestedBy;
      close(false, by === '' ? say('ended.cancelled') : say('ended.cancelledBy', { by }));
    } else if (terminated) {
      const by = terminated.identity || say('by.somebody');
      const { reason } = terminated;
      close(false, reason ? say('ended.terminatedFor', { by, reason }) : say('ended.terminated', { by }));
    }
  }

  #stateOf(attributes: { scheduledEventId?: unknown } | null | undefined): SubtaskState | undefined {
    const id = this.#subtaskOfEvent.get(int64(attributes?.scheduledEventId));
    return id === undefined ? undefined : this.machine.subtasks.get(id);
  }
}

const oneLine = (value: unknown): string =>
  typeof value === 'string' ? value.replace(CONTROL, ' ').trim().slice(0, MAX_SAID) : '';

/** What a subtask added to the context; most add nothing, and `null` is not worth decoding 40 000 times. */
function resultOf(payload: Payload | undefined): SubtaskResult | null {
  return payload === undefined || (payload.data?.length ?? 0) <= 'null'.length ? null : decode(payload);
}

/** The input of a run: the plan, and behind a seam the state that the run before has left. */
function startOf(event: HistoryEvent): { plan: Plan; snapshot: Snapshot | undefined } {
  const [plan, snapshot] = event.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  if (plan === undefined) throw new Error('The history does not begin with the start of a task.');
  return {
    plan: decode<Plan>(plan),
    snapshot: snapshot === undefined ? undefined : decode<Snapshot>(snapshot),
  };
}

function decode<T>(payload: Payload): T {
  return defaultPayloadConverter.fromPayload<T>(payload);
}

function isWorkflowTaskEvent(event: HistoryEvent): boolean {
  return Boolean(
    event.workflowTaskScheduledEventAttributes ??
      event.workflowTaskStartedEventAttributes ??
      event.workflowTaskCompletedEventAttributes ??
      event.workflowTaskTimedOutEventAttributes ??
      event.workflowTaskFailedEventAttributes,
  );
}
