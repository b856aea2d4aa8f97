import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from '../../../runtime/logger';
import { say } from '../../../runtime/messages/catalogue';
import type { TemporalHandle } from '../../../runtime/temporal';
import type { Store, TaskRow } from '../../../store/types';
import { taskIdOf, taskWorkflowId } from '../../../workflows/ids';
import { inEnglish, type Said, type Text } from '../../../workflows/text';
import { CommandLog } from '../commandLog';
import { toArchive } from '../document/archived';
import { saidTask } from '../document/document';
import { FoldedTask } from '../document/fold';
import { HistoryReader, isOfPlan, type TaskReading } from './historyReader';
import { closeNeverRun } from './neverRun';
import { Retries } from './retries';
import { neverStarts, startStored } from './starter';

export interface ReconcilerDeps {
  readonly temporal: TemporalHandle;
  readonly store: Store;
  readonly taskQueue: string;
  readonly logger: Logger;
  /** A workflow that Temporal does not know for so long is gone; default 10 minutes. */
  readonly goneAfterMs?: number;
}

/** What the workflow of a task was started with. */
interface Memo {
  readonly traceId?: unknown;
  readonly createTime?: unknown;
}

const INTERVAL_MS = 1_000;
/** The request that made a row starts it itself; only what that left behind is ours. */
const UNSTARTED_AFTER_MS = 2_000;
/** How far back closed workflows are looked up each time: far more than visibility ever lags. */
const LOOK_BACK_MS = 120_000;
/** How often every open row is compared with the open workflows. */
const SWEEP_MS = 60_000;
/** Long enough that a wrong TEMPORAL_ADDRESS is corrected before. */
const GONE_AFTER_MS = 600_000;
/** Tasks are worked on so many at a time, and no new one is begun after so long: the other steps have their turn, too. */
const TOGETHER = 8;
const STEP_MS = 5_000;

/** The steps of a round, as the log tells what went wrong with them. */
const STEPS = {
  start: 'tasks that were not started',
  close: 'tasks that have closed',
  sweep: 'open tasks',
} as const;
type Step = keyof typeof STEPS;

/**
 * Brings rows and workflows together: starts tasks whose start was lost, stores the final document of closed ones,
 * which releases the locks of a workflow that somebody terminated or cancelled, and closes as FAILED what can never start.
 * Each task is treated alone: trouble with one is tried again apart. Any number of reconcilers may run.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #reader: HistoryReader;
  readonly #commandLog: CommandLog;
  readonly #archived = new Set<number>();
  readonly #unknownSince = new Map<number, number>();
  readonly #retries: Readonly<Record<Step, Retries>> = {
    start: new Retries(),
    close: new Retries(),
    sweep: new Retries(),
  };
  readonly #complained = new Map<Step, string>();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #sweptAt = 0;

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
    this.#reader = new HistoryReader(deps.temporal, { tasks: 0 });
    this.#commandLog = new CommandLog(deps);
    this.#loop = this.#run();
  }

  /** Returns when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#step('start', () => this.#startLost());
      await this.#step('close', () => this.#archiveClosed());
      if (Date.now() - this.#sweptAt >= SWEEP_MS) await this.#step('sweep', () => this.#sweep());
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What ends a whole step is that the database or Temporal cannot be had: the same trouble is told once. */
  async #step(step: Step, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#complained.delete(step);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== this.#complained.get(step) && !this.#stop.signal.aborted) {
        this.#deps.logger.warn(
          { err: error },
          `${STEPS[step]} cannot be looked at now; trying again every second`,
        );
      }
      this.#complained.set(step, text);
    }
  }

  /**
   * Each task for itself; one that fails comes again later, the others go on.
   *
   * @param work resolves to false when somebody else is at it
   */
  async #each(
    step: Step,
    taskIds: readonly number[],
    work: (row: TaskRow) => Promise<boolean>,
  ): Promise<void> {
    const { store, logger } = this.#deps;
    const retries = this.#retries[step];
    retries.keep(taskIds);
    // After they were listed: while one of them is open, nobody else makes another Temporal theirs.
    if (taskIds.length > 0) await store.temporal.mustBeOwn();
    const waiting = taskIds
      .filter((taskId) => retries.isDue(taskId))
      .sort((one, other) => retries.tries(one) - retries.tries(other));
    const deadline = Date.now() + STEP_MS;
    const next = async (): Promise<void> => {
      for (;;) {
        const taskId = this.#stop.signal.aborted || Date.now() > deadline ? undefined : waiting.shift();
        if (taskId === undefined) return;
        try {
          const row = await store.tasks.find(taskId);
          if (row === undefined || (await work(row)) !== false) retries.done(taskId);
        } catch (error) {
          const isNew = retries.failed(taskId, error);
          const text = `task ${taskId}, one of the ${STEPS[step]}, cannot be reconciled now; it is tried again apart`;
          logger[isNew ? 'warn' : 'debug']({ err: error, taskId }, text);
        }
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, next));
  }

  async #startLost(): Promise<void> {
    const { store, temporal, taskQueue, logger } = this.#deps;
    const before = new Date(Date.now() - UNSTARTED_AFTER_MS).toISOString();
    await this.#each('start', await store.tasks.listUnstarted(before), async (row) => {
      try {
        const how = { temporal, taskQueue, tasks: store.tasks };
        if (!(await startStored(how, row.plan, row.workflowType))) return false;
      } catch (error) {
        const reason = neverStarts(error);
        if (reason === undefined) throw error;
        await this.#giveUp(row, reason);
        return true;
      }
      logger.info({ traceId: row.plan.traceId, taskId: row.id }, 'started a task whose start had been lost');
      return true;
    });
  }

  async #archiveClosed(): Promise<void> {
    const since = new Date(Date.now() - LOOK_BACK_MS).toISOString();
    // A run that continued as new has not ended its task.
    const ended = "ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'";
    const query = `${ended} AND CloseTime > '${since}' AND TaskQueue = '${this.#deps.taskQueue}'`;
    const seen = new Set<number>();
    for await (const { workflowId } of this.#deps.temporal.client.workflow.list({ query })) {
      const taskId = taskIdOf(workflowId);
      if (taskId !== undefined) seen.add(taskId);
    }
    for (const taskId of this.#archived) if (!seen.has(taskId)) this.#archived.delete(taskId);
    const fresh = [...seen].filter((taskId) => !this.#archived.has(taskId));
    await this.#each('close', fresh, async (row) => {
      await this.#archive(row);
      return true;
    });
  }

  async #sweep(): Promise<void> {
    const { store, temporal, taskQueue } = this.#deps;
    // Read before the workflows: what closes meanwhile is looked at once too often, not once too seldom.
    const rows = await store.tasks.listOpen();
    const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
    const open = new Map<number, Memo>();
    for await (const { workflowId, memo } of temporal.client.workflow.list({ query })) {
      const taskId = taskIdOf(workflowId);
      if (taskId !== undefined) open.set(taskId, { ...memo });
    }
    const known = new Set(rows.map(({ id }) => id));
    const stray = [...open.keys()].filter((id) => !known.has(id));
    const gone = rows.filter(({ id, started, closed }) => started && (closed || !open.has(id)));
    await this.#each('sweep', [...gone.map(({ id }) => id), ...stray], async (row) => {
      const memo = open.get(row.id);
      if (memo !== undefined && row.closed && row.document !== null) await this.#endStray(row, memo);
      else await this.#archive(row);
      return true;
    });
    this.#sweptAt = Date.now();
  }

  /**
   * A workflow that runs although its task has ended here, closed as never started or as lost: its locks are others'
   * by now. Temporal's list may lag, so mostly it has ended already.
   */
  async #endStray({ id, plan }: TaskRow, { traceId, createTime }: Memo): Promise<void> {
    if (traceId !== plan.traceId || createTime !== plan.createTime) return;
    const handle = this.#deps.temporal.client.workflow.getHandle(taskWorkflowId(id));
    try {
      await handle.terminate(`obflow has closed task ${id} and released its locks`);
      this.#deps.logger.warn(
        { traceId: plan.traceId, taskId: id },
        'ended a workflow whose task had been closed',
      );
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async #archive(row: TaskRow): Promise<void> {
    if (row.closed && row.document !== null) {
      this.#archived.add(row.id);
      return;
    }
    const reading = await this.#reader.read(taskWorkflowId(row.id));
    if (reading === undefined || !isOfPlan(reading, row.plan)) return this.#noteUnknown(row);
    this.#unknownSince.delete(row.id);
    if (reading.folded.closing !== undefined) await this.#store(row, reading);
  }

  async #noteUnknown(row: TaskRow): Promise<void> {
    if (!row.started) return;
    const since = this.#unknownSince.get(row.id) ?? Date.now();
    this.#unknownSince.set(row.id, since);
    const { address, namespace } = this.#deps.temporal;
    const reason = say('ended.unknownAt', { address, namespace, task: row.id });
    const { goneAfterMs = GONE_AFTER_MS } = this.#deps;
    if (Date.now() - since < goneAfterMs) {
      const then = row.closed
        ? 'its document will lack what only the history knew'
        : 'the task counts as FAILED';
      this.#deps.logger.warn(
        { traceId: row.plan.traceId, taskId: row.id },
        `${reason.en}; if that lasts for ${goneAfterMs / 60_000} min, ${then}`,
      );
      return;
    }
    if (row.closed) await this.#storeAsReported(row, reason);
    else await this.#giveUp(row, say('ended.cannotGoOn', { reason }));
  }

  /** The workflow had told its end before it was lost (restored backup, short retention): so it ended, and no other way. */
  async #storeAsReported(row: TaskRow, reason: Text): Promise<void> {
    const { status, operation } = row;
    const successful = status === 'SUCCESSFUL';
    const folded = new FoldedTask(row.plan);
    const finishTime = row.finishTime ?? new Date().toISOString();
    folded.closing = {
      successful,
      time: Date.parse(finishTime),
      reason: successful ? '' : say('ended.as', { reason }),
    };
    const document = saidTask(folded, new Map());
    const subtasks = document.subtasks.map((subtask) =>
      successful && operation !== 'ROLLBACK' ? { ...subtask, status } : subtask,
    );
    await this.#deps.store.tasks.archive(row.id, {
      ...(await toArchive({ ...document, operation, subtasks })),
      status,
      operation,
      finishTime,
    });
    this.#forget(row);
  }

  async #giveUp(row: TaskRow, reason: Said): Promise<void> {
    await closeNeverRun(this.#deps, row, { successful: false, time: Date.now(), reason });
    this.#forget(row);
  }

  async #store(row: TaskRow, { folded, pending }: TaskReading): Promise<void> {
    const { closing, machine, status } = folded;
    if (closing === undefined) return;
    await this.#commandLog.tell(folded);
    await this.#deps.store.tasks.archive(row.id, {
      ...(await toArchive(saidTask(folded, pending))),
      status,
      operation: machine.operation,
      finishTime: new Date(closing.time).toISOString(),
    });
    this.#forget(row);
    if (!closing.successful)
      this.#deps.logger.warn(
        { traceId: row.plan.traceId, taskId: row.id },
        `the task ended: ${inEnglish(closing.reason)}`,
      );
  }

  #forget({ id }: TaskRow): void {
    this.#archived.add(id);
    this.#unknownSince.delete(id);
  }
}
