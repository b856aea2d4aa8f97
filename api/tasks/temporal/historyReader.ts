/** Reads tasks from Temporal, page by page, each event once. */
import { isGrpcServiceError } from '@temporalio/client';
import { ownTurn } from '../../../runtime/ownTurn';
import type { TemporalHandle } from '../../../runtime/temporal';
import { addressOfWorker } from '../../../workflows/ids';
import type { Plan } from '../../../workflows/plan';
import type { PendingActivity } from '../document/document';
import { FoldedTask, failureMessage, int64, millis } from '../document/fold';
import {
  type Description,
  type HistoryEvent,
  type HistoryPage,
  type HistoryService,
  historyService,
} from './historyService';

const PENDING_STATES = {
  1: 'SCHEDULED',
  2: 'STARTED',
  3: 'CANCEL_REQUESTED',
  4: 'PAUSED',
  5: 'PAUSE_REQUESTED',
} as const;
/** gRPC status NOT_FOUND. */
const NOT_FOUND = 5;
const PAGE = 1000;
/** Batches of events in a page of what is new. */
const MOST_NEW = 50;
/** A workflow that continues as new between two questions is asked again. */
const MAX_TRIES = 5;
/**
 * What is kept folded. A subtask costs about 2 kB (docs/scaling.md), a supported task may have 50 000. The task that was
 * read last is kept whatever its size, since it is the one that is asked for again.
 */
const KEPT = { tasks: 200, subtasks: 100_000 };

/** A task as Temporal knows it now. `folded` is shared and grows with later readings. */
export interface TaskReading {
  readonly folded: FoldedTask;
  readonly pending: ReadonlyMap<string, PendingActivity>;
}

/**
 * Whether the workflow was started from this plan. Task ids begin anew with a new database, so a namespace may hold
 * an older database's workflow of the same id.
 */
export function isOfPlan({ folded }: TaskReading, plan: Plan): boolean {
  const started = folded.machine.plan;
  return started.traceId === plan.traceId && started.createTime === plan.createTime;
}

interface Remembered {
  /** The newest run that was folded. */
  runId: string;
  readonly folded: FoldedTask;
  /** Length of the history that describe told before the events were read. */
  historyLength: number;
  /** Of a history that was read together with its describe: the last event that is surely no invention. */
  certain: number;
}

/** A run whose first page is read or on its way. */
interface RunBeginning {
  readonly runId: string;
  readonly page: Promise<HistoryPage>;
}

export class HistoryReader {
  readonly #temporal: TemporalHandle;
  readonly #service: HistoryService;
  readonly #most: typeof KEPT;
  /** Least recently read first. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Readings that begin when the one under way has ended. */
  readonly #next = new Map<string, Promise<TaskReading | undefined>>();

  /** @param most how many tasks are kept folded, and how many subtasks they may have together */
  constructor(temporal: TemporalHandle, most: Partial<typeof KEPT> = {}) {
    this.#temporal = temporal;
    this.#service = historyService(temporal);
    this.#most = { ...KEPT, ...most };
  }

  /**
   * The task's state now; undefined when Temporal does not know the workflow. A task that was read before costs a
   * describe and the new events only; a closed one just the describe.
   *
   * @throws ServiceError when Temporal does not answer within 5 s
   */
  read(workflowId: string): Promise<TaskReading | undefined> {
    // One at a time for a task, so that no event is folded twice; all who ask meanwhile share the next one. That begins
    // after they asked, so who has sent a command sees what came of it.
    const next = this.#next.get(workflowId);
    if (next !== undefined) return next;
    const underWay = this.#reading.get(workflowId);
    if (underWay === undefined) return this.#begin(workflowId);
    const shared = underWay
      .catch(() => undefined)
      .then(() => {
        this.#next.delete(workflowId);
        return this.#begin(workflowId);
      });
    this.#next.set(workflowId, shared);
    return shared;
  }

  #begin(workflowId: string): Promise<TaskReading | undefined> {
    const reading = this.#read(workflowId).finally(() => this.#reading.delete(workflowId));
    this.#reading.set(workflowId, reading);
    return reading;
  }

  async #read(workflowId: string): Promise<TaskReading | undefined> {
    const known = this.#remembered.get(workflowId);
    this.#remembered.delete(workflowId);
    // Without anything to build on the whole history is asked for together with the describe, which saves a round
    // trip; what it lacks against the describe is read afterwards.
    let state = known === undefined ? this.#foldAll(workflowId) : Promise.resolve(known);
    state.catch(() => undefined);
    for (let tries = 1; ; tries++) {
      // Describe before the new events: then every pending activity is in the history.
      const described = await this.#describe(workflowId);
      const info = described?.workflowExecutionInfo;
      const runId = info?.execution?.runId;
      if (!described || !runId) return undefined;
      const historyLength = Number(info?.historyLength ?? 0);
      const current = await this.#upTo(workflowId, runId, historyLength, await state);
      if (current === undefined) {
        // The workflow went on in another run between describe and history, or was reset to one that we do not know.
        if (tries >= MAX_TRIES)
          throw new Error(`The runs of ${workflowId} change faster than they can be read.`);
        if (tries > 1) state = this.#foldAll(workflowId);
        continue;
      }
      this.#remember(workflowId, current);
      return { folded: current.folded, pending: pendingOf(described.pendingActivities ?? []) };
    }
  }

  /** The reading with the described run applied as far as it was described; undefined when it is of a later run. */
  async #upTo(
    workflowId: string,
    runId: string,
    historyLength: number,
    current: Remembered,
  ): Promise<Remembered | undefined> {
    while (current.runId !== runId) {
      await this.#foldNew(workflowId, current.runId, current.folded, MOST_NEW);
      const next = current.folded.continuedAs;
      if (next === undefined) return undefined;
      await this.#foldRun(workflowId, this.#beginning(workflowId, next), current);
    }
    if (current.historyLength !== historyLength && current.certain < historyLength) {
      await this.#foldNew(workflowId, runId, current.folded, historyLength - current.folded.lastEventId);
      if (current.folded.continuedAs !== undefined) return undefined;
    }
    current.historyLength = historyLength;
    // From now on only the length tells whether there is something new.
    current.certain = 0;
    return current;
  }

  #remember(workflowId: string, entry: Remembered): void {
    this.#remembered.set(workflowId, entry);
    const { tasks, subtasks } = this.#most;
    let sum = 0;
    for (const { folded } of this.#remembered.values()) sum += folded.machine.subtasks.size;
    for (const [oldest, { folded }] of this.#remembered) {
      const { size } = this.#remembered;
      if (size <= tasks && (sum <= subtasks || size === 1)) break;
      this.#remembered.delete(oldest);
      sum -= folded.machine.subtasks.size;
    }
  }

  async #describe(workflowId: string): Promise<Description | undefined> {
    const { namespace } = this.#temporal;
    try {
      return await this.#deadline(() =>
        this.#service.describeWorkflowExecution({ namespace, execution: { workflowId } }),
      );
    } catch (error) {
      // A missing namespace has the same code, and must not look like a missing workflow.
      const missing =
        isGrpcServiceError(error) && error.code === NOT_FOUND && !/namespace/i.test(error.details);
      if (missing) return undefined;
      throw error;
    }
  }

  /** Every event of every run, as far as Temporal still has them. */
  async #foldAll(workflowId: string): Promise<Remembered> {
    const page = await this.#page('getWorkflowExecutionHistory', workflowId, undefined, undefined, PAGE);
    const started = page.history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const newest = { runId: started?.originalExecutionRunId ?? '', page: Promise.resolve(page) };
    if (!started?.continuedExecutionRunId) return (await this.#foldRun(workflowId, newest, undefined)).entry;
    const oldest = await this.#oldestKnown(workflowId, started.firstExecutionRunId ?? '', newest.runId);
    let { entry, next } = await this.#foldRun(workflowId, oldest, undefined, newest);
    while (next !== undefined) ({ entry, next } = await this.#foldRun(workflowId, next, entry, newest));
    return entry;
  }

  /** The first run, or when it is past Temporal's retention the oldest that is not. */
  async #oldestKnown(workflowId: string, first: string, newest: string): Promise<RunBeginning> {
    const known = (runId: string, events: number) =>
      this.#page('getWorkflowExecutionHistory', workflowId, runId, undefined, events).catch(
        (error: unknown) => {
          if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined;
          throw error;
        },
      );
    const page = await known(first, PAGE);
    if (page !== undefined) return { runId: first, page: Promise.resolve(page) };
    for (let runId = newest; ; ) {
      const events = (await known(runId, 1))?.history?.events;
      const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (!before || (await known(before, 1)) === undefined) return this.#beginning(workflowId, runId);
      runId = before;
    }
  }

  #beginning(workflowId: string, runId: string): RunBeginning {
    const page = this.#page('getWorkflowExecutionHistory', workflowId, runId, undefined, PAGE);
    page.catch(() => undefined);
    return { runId, page };
  }

  /**
   * One run from its first event on. The server prepares the next page, and after the last one the first page of the run
   * that follows, while this one is folded.
   *
   * @param entry the task as the run before has left it
   * @param atHand what was read already of a later run
   */
  async #foldRun(
    workflowId: string,
    { runId, page: first }: RunBeginning,
    entry: Remembered | undefined,
    atHand?: RunBeginning,
  ): Promise<{ entry: Remembered; next: RunBeginning | undefined }> {
    let folded = entry?.folded;
    let isFirst = true;
    let certain = 0;
    let next: RunBeginning | undefined;
    let coming: Promise<HistoryPage> | undefined = first;
    while (coming !== undefined) {
      const page: HistoryPage = await coming;
      const events = page.history?.events ?? [];
      const token = page.nextPageToken ?? undefined;
      coming = undefined;
      if (token !== undefined && token.length > 0) {
        const run = runId === '' ? undefined : runId;
        coming = this.#page('getWorkflowExecutionHistory', workflowId, run, token, PAGE);
        coming.catch(() => undefined);
      } else {
        const follows = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
        if (follows) next = follows === atHand?.runId ? atHand : this.#beginning(workflowId, follows);
      }
      for (const event of events) {
        if (folded === undefined) folded = FoldedTask.fromFirstEvent(event);
        else if (isFirst) folded.nextRun(event);
        else folded.apply(event);
        isFirst = false;
        // The server appends workflow tasks that are not stored yet; those are no proof of completeness.
        if (!event.workflowTaskScheduledEventAttributes && !event.workflowTaskStartedEventAttributes) {
          certain = int64(event.eventId);
        }
      }
    }
    if (folded === undefined || isFirst) throw new Error(`The history of ${workflowId} is empty.`);
    if (entry === undefined) return { entry: { runId, folded, historyLength: 0, certain }, next };
    entry.runId = runId;
    entry.historyLength = 0;
    entry.certain = certain;
    return { entry, next };
  }

  /**
   * Newest first, until what is folded already: a page or two, however long the history is.
   *
   * @param expected how many new events there are, as far as is known. The server reads so many batches of events for a
   *   page, each of one to four: with 50 it answered the whole history of an installation at every look.
   */
  async #foldNew(workflowId: string, runId: string, folded: FoldedTask, expected: number): Promise<void> {
    const fresh: HistoryEvent[] = [];
    let nextPageToken: Uint8Array | null | undefined;
    // One more than is new, which tells that nothing is missing in between.
    const size = Math.min(Math.max(expected, 1) + 1, MOST_NEW);
    do {
      const page = await this.#page(
        'getWorkflowExecutionHistoryReverse',
        workflowId,
        runId,
        nextPageToken,
        size,
      );
      const events = page.history?.events ?? [];
      fresh.push(...events.filter((event) => int64(event.eventId) > folded.lastEventId));
      if (events.some((event) => int64(event.eventId) <= folded.lastEventId)) break;
      nextPageToken = page.nextPageToken;
    } while (nextPageToken !== null && nextPageToken !== undefined && nextPageToken.length > 0);
    for (const event of fresh.reverse()) folded.apply(event);
  }

  #page(
    method: 'getWorkflowExecutionHistory' | 'getWorkflowExecutionHistoryReverse',
    workflowId: string,
    runId: string | undefined,
    nextPageToken: Uint8Array | null | undefined,
    maximumPageSize: number,
  ): Promise<HistoryPage> {
    const { namespace } = this.#temporal;
    return this.#deadline(() =>
      this.#service[method]({
        namespace,
        execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
        maximumPageSize,
        ...(nextPageToken ? { nextPageToken } : {}),
      }),
    );
  }

  /** Answers for several tasks come in one piece from Temporal's connection. */
  async #deadline<T>(call: () => Promise<T>): Promise<T> {
    const answer = await this.#temporal.connection.withDeadline(Date.now() + 5_000, call);
    await ownTurn();
    return answer;
  }
}

function pendingOf(infos: NonNullable<Description['pendingActivities']>): Map<string, PendingActivity> {
  const now = Date.now();
  return new Map(
    infos.map((info) => {
      const id = info.activityId ?? '';
      const executor = addressOfWorker(info.lastWorkerIdentity ?? '');
      return [
        id,
        {
          activityId: id,
          state: PENDING_STATES[(info.state ?? 1) as keyof typeof PENDING_STATES] ?? 'SCHEDULED',
          attempt: info.attempt ?? 1,
          ...(info.lastStartedTime ? { lastStartedTime: millis(info.lastStartedTime) } : {}),
          ...(info.lastFailure ? { lastFailure: failureMessage(info.lastFailure) } : {}),
          seenAt: now,
          ...(executor === undefined ? {} : { executor }),
        },
      ];
    }),
  );
}
