import { Refusal } from '../../operations/refusal';
import type { RuntimeConfig } from '../../runtime/config';
import type { Logger } from '../../runtime/logger';
import type { TemporalHandle } from '../../runtime/temporal';
import type { Store, TaskRow } from '../../store/types';
import { taskWorkflowId } from '../../workflows/ids';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan, SubtaskCommand, SubtaskStatus, TaskCommand } from '../../workflows/plan';
import { CommandLog } from './commandLog';
import { basicDocument, submittedDocument, taskDocument } from './document/document';
import { FoldedTask } from './document/fold';
import type { BasicTaskInstance, SubtaskInstance, TaskInstance, WrappedTaskInstance } from './document/types';
import { type SentCommand, sendCommand, temporalRefusal } from './temporal/commands';
import { HistoryReader, isOfPlan } from './temporal/historyReader';
import { Reconciler } from './temporal/reconciler';
import { startTask } from './temporal/starter';

/** Who sends a command, and under which id: the same id sent twice is one command. */
export interface Command {
  readonly requestId: string;
  readonly who: string;
  /** Address of who sends it. */
  readonly from?: string;
  readonly why?: string;
}

/** Refusal 400 TSK10016 or TSK10009, 404 TSK10001, 503 when no worker polls. */
type CommandTask = (taskId: number, command: Command) => Promise<WrappedTaskInstance>;
/** Refusal 400 TSK10017 or TSK10010, 404 TSK10001, 503 when no worker polls. */
type CommandSubtask = (taskId: number, subtaskId: number, command: Command) => Promise<SubtaskInstance>;

/** Tasks as the API sees them: started, read and commanded in Temporal, archived in the inventory. */
export interface TaskService {
  /** The answer to the request that made the plan: roots READY, the rest PENDING. Pure. */
  submitted(plan: Plan): TaskInstance;
  /**
   * Starts the workflow and marks the row as started; idempotent, at most 3 s. When Temporal is unreachable it
   * returns all the same and the reconciler starts the task later.
   */
  start(plan: Plan, workflowType: string): Promise<void>;
  /** Undefined when there is no such task. Refusal 503 when Temporal does not answer. */
  read(taskId: number): Promise<WrappedTaskInstance | undefined>;
  basic(rows: readonly TaskRow[]): Promise<BasicTaskInstance[]>;
  /** Every FAILED subtask runs again. */
  retryTask: CommandTask;
  /** Undoes what a FAILED task has done, or goes on undoing it. */
  rollbackTask: CommandTask;
  /** Ends a FAILED task as it is; the document says what stays behind. */
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
/** How long a command is sent again to a workflow that has not yet seen what the document shows. */
const CATCH_UP_MS = 2_000;
const CATCH_UP_STEP_MS = 50;

/** The target tells it from a validator's refusal, which time may cure. */
function closedRefusal(document: WrappedTaskInstance, subtaskId: number | undefined): Refusal {
  const { id, status, subtasks } = document;
  const ended = status === 'RUNNING' ? 'has not been started yet' : 'has ended';
  const subtask = subtasks.find((candidate) => candidate.id === subtaskId);
  const what =
    subtask === undefined
      ? `Task ${id} is ${status}`
      : `Subtask ${subtask.id} (${subtask.name}) is ${subtask.status}`;
  const text = `${what}, and the workflow of task ${id} ${ended}: only an open task takes commands.`;
  return new Refusal(400, subtask === undefined ? 'TSK10016' : 'TSK10017', text, { target: `task:${id}` });
}

/** The states of a subtask, as the document shows them, that a command may be meant for. */
const FIT_FOR: Readonly<Record<SubtaskCommand, readonly SubtaskStatus[]>> = {
  retrySubtask: ['FAILED'],
  skipSubtask: ['FAILED'],
  cancelSubtask: ['READY', 'RUNNING'],
};

function subtaskOf({ id, subtasks }: WrappedTaskInstance, subtaskId: number): SubtaskInstance {
  const subtask = subtasks.find((candidate) => candidate.id === subtaskId);
  if (subtask !== undefined) return subtask;
  throw new Refusal(404, 'TSK10001', `Task ${id} has no subtask ${subtaskId}.`);
}

export function createTaskService(deps: TaskServiceDeps): TaskService {
  const { temporal, store, config, logger } = deps;
  const reader = new HistoryReader(temporal);
  const commandLog = new CommandLog(deps);

  async function readRow(row: TaskRow): Promise<WrappedTaskInstance> {
    if (row.closed && row.document !== null) return row.document as WrappedTaskInstance;
    const reading = await reader.read(taskWorkflowId(row.id)).catch((error: unknown) => {
      throw temporalRefusal(error);
    });
    if (reading !== undefined && isOfPlan(reading, row.plan)) {
      await commandLog.tell(reading.folded);
      return taskDocument(reading.folded, reading.pending);
    }
    const accepted = taskDocument(new FoldedTask(row.plan), new Map());
    if (!row.started) return accepted;
    const message = 'Temporal does not know the workflow of this task; see the log of the API.';
    return { ...accepted, status: row.status, operation: row.operation, firstFailure: { message } };
  }

  async function readOrRefuse(taskId: number): Promise<WrappedTaskInstance> {
    const row = await store.tasks.find(taskId);
    if (row === undefined) throw new Refusal(404, 'TSK10001', `There is no task ${taskId}.`);
    return readRow(row);
  }

  /**
   * What a document shows may be some milliseconds ahead of the workflow, which then refuses. As long as the
   * document allows the command, that refusal is not the client's.
   */
  async function obey(
    command: SentCommand,
    isAllowed: (document: WrappedTaskInstance) => boolean,
  ): Promise<WrappedTaskInstance> {
    const deadline = Date.now() + CATCH_UP_MS;
    for (;;) {
      try {
        const obeyed = await sendCommand(temporal, config.taskQueue, command);
        const document = await readOrRefuse(command.taskId);
        if (obeyed) {
          const { taskId, definition, argument } = command;
          logger.info({ taskId, subtaskId: argument.subtaskId, command: definition.name }, 'command obeyed');
          return document;
        }
        throw closedRefusal(document, command.argument.subtaskId);
      } catch (error) {
        const ahead = error instanceof Refusal && error.target === undefined && error.status === 400;
        if (!ahead || Date.now() > deadline) throw error;
        if (!isAllowed(await readOrRefuse(command.taskId))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, CATCH_UP_STEP_MS));
    }
  }

  const commandTask =
    (name: TaskCommand): CommandTask =>
    async (taskId, { requestId, ...argument }) => {
      await readOrRefuse(taskId);
      const definition = TASK_UPDATES[name].update;
      return obey({ taskId, definition, argument, requestId }, ({ status }) => status === 'FAILED');
    };

  const commandSubtask =
    (name: SubtaskCommand): CommandSubtask =>
    async (taskId, subtaskId, { requestId, ...who }) => {
      subtaskOf(await readOrRefuse(taskId), subtaskId);
      const definition = SUBTASK_UPDATES[name].update;
      const document = await obey(
        { taskId, definition, argument: { subtaskId, ...who }, requestId },
        (current) => FIT_FOR[name].includes(subtaskOf(current, subtaskId).status),
      );
      return subtaskOf(document, subtaskId);
    };

  return {
    submitted: submittedDocument,

    async start(plan, workflowType) {
      try {
        await startTask(temporal, config.taskQueue, plan, workflowType);
        await store.tasks.markStarted(plan.taskId);
        const { taskId, traceId, name } = plan;
        logger.info({ traceId, taskId, name, workflowId: taskWorkflowId(taskId) }, 'workflow started');
      } catch (error) {
        logger.warn(
          { err: error, traceId: plan.traceId, taskId: plan.taskId },
          'the task is stored but not started; trying again',
        );
      }
    },

    async read(taskId) {
      const row = await store.tasks.find(taskId);
      return row === undefined ? undefined : readRow(row);
    },

    async basic(rows) {
      const documents: BasicTaskInstance[] = [];
      for (let from = 0; from < rows.length; from += PARALLEL_READS) {
        const read = await Promise.all(
          rows
            .slice(from, from + PARALLEL_READS)
            .map(async (row) => basicDocument(await readRow(row), row.plan)),
        );
        documents.push(...read);
      }
      return documents;
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
