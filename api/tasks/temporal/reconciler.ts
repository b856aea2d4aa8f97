import { setTimeout as delay } from 'node:timers/promises';
import { PermanentError } from '../../../runtime/errors';
import type { Logger } from '../../../runtime/logger';
import type { TemporalHandle } from '../../../runtime/temporal';
import type { Store, TaskRow } from '../../../store/types';
import { taskIdOf, taskWorkflowId } from '../../../workflows/ids';
import { CommandLog } from '../commandLog';
import { saidDocument } from '../document/document';
import { FoldedTask } from '../document/fold';
import { HistoryReader, isOfPlan, type TaskReading } from './historyReader';
import { startTask } from './starter';

export interface ReconcilerDeps {
  readonly temporal: TemporalHandle;
  readonly store: Store;
  readonly taskQueue: string;
  readonly logger: Logger;
  /** A workflow that Temporal does not know for so long is gone; default 10 minutes. */
  readonly goneAfterMs?: number;
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

/**
 * Brings rows and workflows together: starts tasks whose start was lost, stores the final document of closed ones,
 * which releases the locks of a workflow that somebody terminated or cancelled. Any number of them may run.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #reader: HistoryReader;
  readonly #commandLog: CommandLog;
  readonly #archived = new Set<number>();
  readonly #unknownSince = new Map<number, number>();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #sweptAt = 0;
  #complained = '';

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
    this.#reader = new HistoryReader(deps.temporal, 0);
    this.#commandLog = new CommandLog(deps);
    this.#loop = this.#run();
  }

  /** Returns when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#startLost();
        await this.#archiveClosed();
        if (Date.now() - this.#sweptAt >= SWEEP_MS) await this.#sweep();
        this.#complained = '';
      } catch (error) {
        this.#complain('tasks cannot be reconciled now; trying again every second', error);
      }
      await delay(INTERVAL_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #startLost(): Promise<void> {
    const { store, temporal, taskQueue, logger } = this.#deps;
    const before = new Date(Date.now() - UNSTARTED_AFTER_MS).toISOString();
    for (const row of await store.tasks.listUnstarted(before)) {
      if (this.#stop.signal.aborted) return;
      try {
        await startTask(temporal, taskQueue, row.plan, row.workflowType);
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        await this.#giveUp(row, error.message);
        continue;
      }
      await store.tasks.markStarted(row.id);
      logger.info({ traceId: row.plan.traceId, taskId: row.id }, 'started a task whose start had been lost');
    }
  }

  async #archiveClosed(): Promise<void> {
    const since = new Date(Date.now() - LOOK_BACK_MS).toISOString();
    const query = `ExecutionStatus != 'Running' AND CloseTime > '${since}' AND TaskQueue = '${this.#deps.taskQueue}'`;
    const seen = new Set<number>();
    for await (const { workflowId } of this.#deps.temporal.client.workflow.list({ query })) {
      if (this.#stop.signal.aborted) return;
      const taskId = taskIdOf(workflowId);
      if (taskId === undefined) continue;
      seen.add(taskId);
      if (!this.#archived.has(taskId)) await this.#archive(await this.#deps.store.tasks.find(taskId));
    }
    for (const taskId of this.#archived) if (!seen.has(taskId)) this.#archived.delete(taskId);
  }

  async #sweep(): Promise<void> {
    const rows = (await this.#deps.store.tasks.listOpen()).filter((row) => row.started);
    if (rows.length > 0) {
      const query = `ExecutionStatus = 'Running' AND TaskQueue = '${this.#deps.taskQueue}'`;
      const open = new Set<number | undefined>();
      for await (const { workflowId } of this.#deps.temporal.client.workflow.list({ query })) {
        open.add(taskIdOf(workflowId));
      }
      for (const row of rows) {
        if (this.#stop.signal.aborted) return;
        if (row.closed || !open.has(row.id)) await this.#archive(row);
      }
    }
    this.#sweptAt = Date.now();
  }

  async #archive(row: TaskRow | undefined): Promise<void> {
    if (row === undefined) return;
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
    const reason = `Temporal at ${address}, namespace ${namespace}, does not know the workflow of task ${row.id}`;
    const { goneAfterMs = GONE_AFTER_MS } = this.#deps;
    if (Date.now() - since < goneAfterMs) {
      const then = row.closed
        ? 'its document will lack what only the history knew'
        : 'the task counts as FAILED';
      this.#deps.logger.warn(
        { traceId: row.plan.traceId, taskId: row.id },
        `${reason}; if that lasts for ${goneAfterMs / 60_000} min, ${then}`,
      );
      return;
    }
    if (row.closed) await this.#storeAsReported(row, reason);
    else await this.#giveUp(row, `${reason}; it cannot go on.`);
  }

  /** The workflow had told its end before it was lost (restored backup, short retention): so it ended, and no other way. */
  async #storeAsReported(row: TaskRow, reason: string): Promise<void> {
    const { status, operation } = row;
    const successful = status === 'SUCCESSFUL';
    const folded = new FoldedTask(row.plan);
    const finishTime = row.finishTime ?? new Date().toISOString();
    folded.closing = { successful, time: Date.parse(finishTime), reason: successful ? '' : `${reason}.` };
    const document = saidDocument(folded, new Map());
    const subtasks = document.subtasks.map((subtask) =>
      successful && operation !== 'ROLLBACK' ? { ...subtask, status } : subtask,
    );
    await this.#deps.store.tasks.archive(row.id, {
      document: { ...document, operation, subtasks },
      status,
      operation,
      finishTime,
    });
    this.#archived.add(row.id);
    this.#unknownSince.delete(row.id);
  }

  async #giveUp(row: TaskRow, reason: string): Promise<void> {
    const folded = new FoldedTask(row.plan);
    folded.closing = { successful: false, time: Date.now(), reason };
    await this.#store(row, { folded, pending: new Map() });
  }

  async #store(row: TaskRow, { folded, pending }: TaskReading): Promise<void> {
    const { closing, machine, status } = folded;
    if (closing === undefined) return;
    await this.#commandLog.tell(folded);
    await this.#deps.store.tasks.archive(row.id, {
      document: saidDocument(folded, pending),
      status,
      operation: machine.operation,
      finishTime: new Date(closing.time).toISOString(),
    });
    this.#archived.add(row.id);
    this.#unknownSince.delete(row.id);
    if (!closing.successful)
      this.#deps.logger.warn(
        { traceId: row.plan.traceId, taskId: row.id },
        `the task ended: ${closing.reason}`,
      );
  }

  /** The same trouble is told once. */
  #complain(what: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.#complained && !this.#stop.signal.aborted) {
      this.#deps.logger.warn({ err: error }, what);
    }
    this.#complained = text;
  }
}
