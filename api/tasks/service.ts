import { Refusal } from '../../operations/refusal';
import type { RuntimeConfig } from '../../runtime/config';
import type { Logger } from '../../runtime/logger';
import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { TemporalHandle } from '../../runtime/temporal';
import type { Store, TaskRow } from '../../store/types';
import { ABANDON } from '../../workflows/availableOperations';
import { taskWorkflowId } from '../../workflows/ids';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan, SubtaskCommand, SubtaskStatus, TaskCommand } from '../../workflows/plan';
import type { Language } from '../http/messages/language';
import { CommandLog } from './commandLog';
import { fromArchive } from './document/archived';
import { availableOf } from './document/available';
import { saidTask, submittedTask, unreadableTask } from './document/document';
import { basicDocument, placesOf, warningFields, workflowUrl } from './document/listed';
import { lockFields } from './document/locked';
import { inWords, type SaidTask } from './document/said';
import type { BasicTaskInstance, SubmittedTask, SubtaskInstance, TaskDocument } from './document/types';
import { type SentCommand, sendCommand, temporalRefusal, updateIdOf } from './temporal/commands';
import { HistoryReader, isOfPlan } from './temporal/historyReader';
import { acceptedTask, closeNeverRun } from './temporal/neverRun';
import { Reconciler } from './temporal/reconciler';
import { startStored } from './temporal/starter';

/** Who sends a command, and under which id: the same id sent twice is one command. */
export interface Command {
  readonly requestId: string;
  readonly who: string;
  /** Address of who sends it. */
  readonly from?: string;
  readonly why?: string;
}

/** Refusal 400 TSK10016 or TSK10009, 404 TSK10001, 503 when no worker polls. */
type CommandTask = (taskId: number, command: Command, language?: Language) => Promise<TaskDocument>;
/** Refusal 400 TSK10017 or TSK10010, 404 TSK10001, 503 when no worker polls. */
type CommandSubtask = (
  taskId: number,
  subtaskId: number,
  command: Command,
  language?: Language,
) => Promise<SubtaskInstance>;

/** Tasks as the API sees them: started, read and commanded in Temporal, archived in the inventory. */
export interface TaskService {
  /** The answer to the request that made the plan: roots READY, the rest PENDING. Pure. */
  submitted(plan: Plan): SubmittedTask;
  /**
   * Starts the workflow and marks the row as started; idempotent, at most 3 s. When Temporal is unreachable it
   * returns all the same and the reconciler starts the task later.
   */
  start(plan: Plan, workflowType: string): Promise<void>;
  /** The same for the tasks of one request; what cannot be started in 10 s is left to the reconciler as well. */
  startAll(plans: readonly Plan[], workflowType: string): Promise<void>;
  /** In English unless told otherwise. Undefined when there is no such task. Refusal 503 when Temporal does not answer. */
  read(taskId: number, language?: Language): Promise<TaskDocument | undefined>;
  /** In English unless told otherwise. */
  basic(rows: readonly TaskRow[], language?: Language): Promise<BasicTaskInstance[]>;
  /** Every FAILED subtask runs again. */
  retryTask: CommandTask;
  /** Undoes what a FAILED task has done, or goes on undoing it. */
  rollbackTask: CommandTask;
  /** Ends a FAILED task as it is, or one that never started; the document says what stays behind. */
  abandonTask: CommandTask;
  /** This FAILED subtask runs again. */
  retrySubtask: CommandSubtask;
  /** This FAILED subtask, or this failed undo, counts as done. */
  skipSubtask: CommandSubtask;
  /** This RUNNING subtask is told to stop. */
  cancelSubtask: CommandSubtask;
  /** Starts what was not started and archives what has closed, about every second. */
  startReconciler(): { stop(): Promise<void> };
}

export interface TaskServiceDeps {
  readonly temporal: TemporalHandle;
  readonly store: Store;
  readonly config: RuntimeConfig;
  readonly logger: Logger;
}

/** Open tasks of a list are read so many at a time. */
const PARALLEL_READS = 8;
/** Warnings that the document of a task shows, and an element of the list. */
const WARNINGS_SHOWN = 100;
const WARNINGS_LISTED = 5;
/** Tasks of one request are started so many at a time, and for so long. */
const PARALLEL_STARTS = 32;
const STARTING_MS = 10_000;
/** Nobody starts a task while it is closed as never started. */
const CLOSING_MS = 30_000;
/** How long a command is sent again to a workflow that has not yet seen what the document shows. */
const CATCH_UP_MS = 2_000;
const CATCH_UP_STEP_MS = 50;

/** The target tells it from a validator's refusal, which time may cure. */
function closedRefusal(document: TaskDocument, subtask: SubtaskInstance | undefined): Refusal {
  const { id, status } = document;
  const ended = say(status === 'RUNNING' ? 'workflow.notStarted' : 'workflow.ended');
  const what =
    subtask === undefined
      ? say('task.is', { id, status })
      : say('subtask.is', { id: subtask.id, name: subtask.name, status: subtask.status });
  const text = say('refused.closed', { what, id, ended });
  return new Refusal(400, subtask === undefined ? 'TSK10016' : 'TSK10017', text, { target: `task:${id}` });
}

/** Of a command other than abandon. */
function neverRanRefusal({ id, started }: TaskRow, subtask: boolean): Refusal {
  const why = say(started ? 'why.unknownToTemporal' : 'why.notStarted');
  const text = say('task.neverRan', { id, why });
  return new Refusal(400, subtask ? 'TSK10017' : 'TSK10016', text, { target: `task:${id}` });
}

/** The states of a subtask, as the document shows them, that a command may be meant for. */
const FIT_FOR: Readonly<Record<SubtaskCommand, readonly SubtaskStatus[]>> = {
  retrySubtask: ['FAILED'],
  skipSubtask: ['FAILED'],
  cancelSubtask: ['READY', 'RUNNING'],
};

/** Throws Refusal TSK10001 when the task has no such subtask. */
async function subtaskOf({ id, subtasks }: TaskDocument, subtaskId: number): Promise<SubtaskInstance> {
  // Their ids are one block.
  const first = await subtasks.at(0);
  const subtask = first === undefined ? undefined : await subtasks.at(subtaskId - first.id);
  if (subtask !== undefined) return subtask;
  throw new Refusal(404, 'TSK10001', say('subtask.unknown', { task: id, subtask: subtaskId }));
}

/** A task as it is now, and whether it has, or had, a workflow. */
interface ReadTask {
  readonly row: TaskRow;
  readonly document: TaskDocument;
  readonly hasRun: boolean;
}

export function createTaskService(deps: TaskServiceDeps): TaskService {
  const { temporal, store, config, logger } = deps;
  const reader = new HistoryReader(temporal);
  const commandLog = new CommandLog(deps);

  async function readRow(row: TaskRow, language: Language = 'en-US'): Promise<ReadTask> {
    const { said, hasRun } = await saidRow(row);
    const { temporalUiUrl } = config;
    // After the history: who sees a subtask's end sees its warnings, too.
    const warnings = await store.tasks.warnings([row.id], WARNINGS_SHOWN);
    return {
      row,
      document: {
        ...inWords(said, language),
        ...warningFields(warnings.get(row.id), language),
        ...(row.closed ? {} : await lockFields(store, row.id, said.firstFailure?.message)),
        ...(hasRun && temporalUiUrl !== undefined
          ? { temporalUrl: workflowUrl(temporalUiUrl, temporal.namespace, row.id) }
          : {}),
      },
      hasRun,
    };
  }

  async function saidRow(row: TaskRow): Promise<{ said: SaidTask; hasRun: boolean }> {
    const final = fromArchive(row, store.tasks);
    // Of a document that an earlier release has archived, only the plan says where it worked.
    if (final !== undefined) return { said: { ...placesOf(row.plan), ...final }, hasRun: true };
    const reading = await reader.read(taskWorkflowId(row.id)).catch((error: unknown) => {
      throw temporalRefusal(error);
    });
    if (reading !== undefined && isOfPlan(reading, row.plan)) {
      await commandLog.tell(reading.folded);
      return { said: saidTask(reading.folded, reading.pending), hasRun: true };
    }
    const accepted = acceptedTask(row);
    const said = {
      ...('folded' in accepted
        ? saidTask(accepted.folded, new Map())
        : unreadableTask(row.plan, accepted.unreadable)),
      ...availableOf([ABANDON]),
    };
    if (!row.started) return { said, hasRun: false };
    const { status, operation } = row;
    const message = say('task.unknownToTemporal');
    const waiting = status === 'FAILED' ? { waiting: true as const } : {};
    return { said: { ...said, status, operation, ...waiting, firstFailure: { message } }, hasRun: false };
  }

  async function readOrRefuse(taskId: number, language?: Language): Promise<ReadTask> {
    const row = await store.tasks.find(taskId);
    if (row === undefined) throw new Refusal(404, 'TSK10001', say('task.unknown', { id: taskId }));
    return readRow(row, language);
  }

  /**
   * Closes a task without a workflow. Undefined when it turns out to have one after all. Throws Refusal 409 while
   * somebody is starting it.
   */
  async function abandonNeverRun(
    { row }: ReadTask,
    { requestId, ...argument }: Command,
    language?: Language,
  ): Promise<TaskDocument | undefined> {
    const { id, started } = row;
    if (!started) {
      if (!(await store.tasks.claimStart(id, CLOSING_MS))) {
        const text = say('task.starting', { id });
        throw new Refusal(409, 'TSK10016', text, { target: `task:${id}` });
      }
      try {
        // Whoever had the claim before may have started it.
        if ((await readOrRefuse(id)).hasRun) {
          await store.tasks.releaseStart(id);
          return undefined;
        }
      } catch (error) {
        await store.tasks.releaseStart(id);
        throw error;
      }
    }
    const time = Date.now();
    const why = started ? say('ended.unknown') : say('ended.neverStarted');
    const { who, why: because = '' } = argument;
    const reason = say('ended.abandoned', {
      ...{ id, why },
      by: who === '' ? '' : say('asked.by', { who }),
      because: because === '' ? '' : say('asked.because', { why: because }),
    });
    const commandId = updateIdOf('abandonTask', undefined, requestId);
    return closeNeverRun(
      deps,
      row,
      { successful: false, abandoned: true, time, reason },
      { id: commandId, client: '', name: 'abandonTask', time, ...argument, subtasks: [] },
      language,
    );
  }

  /**
   * What a document shows may be some milliseconds ahead of the workflow, which then refuses. As long as the
   * document allows the command, that refusal is not the client's.
   */
  async function obey(
    command: SentCommand,
    isAllowed: (document: TaskDocument) => boolean | Promise<boolean>,
    language?: Language,
  ): Promise<TaskDocument> {
    const deadline = Date.now() + CATCH_UP_MS;
    const { taskId, definition, argument } = command;
    for (;;) {
      try {
        const obeyed = await sendCommand(temporal, config.taskQueue, command);
        const { document } = await readOrRefuse(taskId, language);
        if (obeyed) {
          logger.info({ taskId, subtaskId: argument.subtaskId, command: definition.name }, 'command obeyed');
          return document;
        }
        const { subtaskId } = argument;
        throw closedRefusal(
          document,
          subtaskId === undefined ? undefined : await subtaskOf(document, subtaskId),
        );
      } catch (error) {
        const ahead = error instanceof Refusal && error.target === undefined && error.status === 400;
        if (!ahead || Date.now() > deadline) throw error;
        if (!(await isAllowed((await readOrRefuse(taskId)).document))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, CATCH_UP_STEP_MS));
    }
  }

  const commandTask =
    (name: TaskCommand): CommandTask =>
    async (taskId, command, language) => {
      const task = await readOrRefuse(taskId);
      if (!task.hasRun) {
        if (name !== 'abandonTask') throw neverRanRefusal(task.row, false);
        const closed = await abandonNeverRun(task, command, language);
        if (closed !== undefined) return closed;
      }
      const { requestId, ...argument } = command;
      const definition = TASK_UPDATES[name].update;
      return obey({ taskId, definition, argument, requestId }, ({ status }) => status === 'FAILED', language);
    };

  const commandSubtask =
    (name: SubtaskCommand): CommandSubtask =>
    async (taskId, subtaskId, { requestId, ...who }, language) => {
      const task = await readOrRefuse(taskId);
      await subtaskOf(task.document, subtaskId);
      if (!task.hasRun) throw neverRanRefusal(task.row, true);
      const definition = SUBTASK_UPDATES[name].update;
      const document = await obey(
        { taskId, definition, argument: { subtaskId, ...who }, requestId },
        async (current) => FIT_FOR[name].includes((await subtaskOf(current, subtaskId)).status),
        language,
      );
      return subtaskOf(document, subtaskId);
    };

  /** False when the reconciler has to do it. */
  async function start(plan: Plan, workflowType: string): Promise<boolean> {
    const { taskId, traceId, name } = plan;
    try {
      const { taskQueue } = config;
      if (await startStored({ temporal, taskQueue, tasks: store.tasks }, plan, workflowType)) {
        logger.info({ traceId, taskId, name, workflowId: taskWorkflowId(taskId) }, 'workflow started');
      }
      return true;
    } catch (error) {
      logger.warn({ err: error, traceId, taskId }, 'the task is stored but not started; trying again');
      return false;
    }
  }

  return {
    submitted: submittedTask,

    async start(plan, workflowType) {
      await start(plan, workflowType);
    },

    async startAll(plans, workflowType) {
      const waiting = [...plans];
      const deadline = Date.now() + STARTING_MS;
      const next = async (): Promise<void> => {
        for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
          // What is wrong for one is mostly wrong for all.
          if (!(await start(plan, workflowType)) || Date.now() > deadline) waiting.length = 0;
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_STARTS }, next));
    },

    async read(taskId, language) {
      const row = await store.tasks.find(taskId);
      return row === undefined ? undefined : (await readRow(row, language)).document;
    },

    async basic(rows, language = 'en-US') {
      const documents = await someAtATime(rows, PARALLEL_READS, async (row) => {
        const { said } = await saidRow(row);
        return basicDocument(inWords(said, language));
      });
      const warnings = await store.tasks.warnings(
        rows.map(({ id }) => id),
        WARNINGS_LISTED,
      );
      return documents.map((document) => ({
        ...document,
        ...warningFields(warnings.get(document.id), language),
      }));
    },

    retryTask: commandTask('retryTask'),
    rollbackTask: commandTask('rollbackTask'),
    abandonTask: commandTask('abandonTask'),
    retrySubtask: commandSubtask('retrySubtask'),
    skipSubtask: commandSubtask('skipSubtask'),
    cancelSubtask: commandSubtask('cancelSubtask'),

    startReconciler: () => new Reconciler({ temporal, store, taskQueue: config.taskQueue, logger }),
  };
}
