import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { taskDocument } from '../../api/tasks/document/document';
import type { SubtaskInstance, WrappedTaskInstance } from '../../api/tasks/document/types';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import { startTask } from '../../api/tasks/temporal/starter';
import { ADD_OB_SERVER } from '../../operations/addObserver';
import { PermanentError, TransientError } from '../../runtime/errors';
import type { TemporalHandle } from '../../runtime/temporal';
import type { Store } from '../../store/types';
import { type RunningWorker, startWorker } from '../../worker/main';
import { activityId, taskWorkflowId } from '../../workflows/ids';
import type { Plan, SubtaskInput, SubtaskResult, TaskStateChange } from '../../workflows/plan';
import { sharedTemporal, testTemporal } from './temporal';
import { until } from './until';

export { until };

/** What a fake activity does in one execution; `signal` is aborted when it is cancelled. */
export type Behaviour = (
  input: SubtaskInput,
  attempt: number,
  signal: AbortSignal,
) => Promise<SubtaskResult | undefined> | SubtaskResult | undefined;

/** Fails with what a person must repair. */
export const broken: Behaviour = ({ name }) => {
  throw new PermanentError({
    type: 'DiskFull',
    tried: `run ${name}`,
    where: '192.0.2.7',
    cameBack: 'no space left on device',
    next: 'Make room in /home/admin and retry.',
  });
};

/** Fails with what waiting cures, `times` times. */
export function flaky(times: number): Behaviour {
  return ({ name }, attempt) => {
    if (attempt > times) return undefined;
    throw new TransientError({
      type: 'ConnectionRefused',
      tried: `run ${name}`,
      where: '192.0.2.7:22',
      cameBack: 'connection refused',
      next: 'It is tried again.',
    });
  };
}

/** A door that activities wait at until the test opens it. */
export function gate(): { behaviour: Behaviour; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open,
    behaviour: async (_input, _attempt, signal) => {
      const beat = setInterval(() => Context.current().heartbeat(), 100);
      try {
        await Promise.race([
          opened,
          new Promise<never>((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
        ]);
      } finally {
        clearInterval(beat);
      }
      return undefined;
    },
  };
}

/** Fake activities a … z, and those of a chain of 21 steps, with a task's states and executions on record, on a real server and a real worker. */
export class TaskBed {
  readonly temporal: TemporalHandle;
  readonly taskQueue = `test-${randomUUID()}`;
  readonly reader: HistoryReader;
  /** By subtask name, an undo's with `.rollback` behind it; what is not here succeeds at once. */
  readonly behaviours: Record<string, Behaviour> = {};
  /** `name/run#attempt`, undos as `name.rollback/run#attempt`, in the order they began. */
  readonly executions: string[] = [];
  readonly changes: TaskStateChange[] = [];
  /** Highest number of activities that ran together. */
  mostTogether = 0;
  #together = 0;
  readonly #store: Store | undefined;
  #workers: RunningWorker[] = [];

  /** @param inventory where task states are projected to; default nowhere */
  static async open(store?: Store): Promise<TaskBed> {
    return new TaskBed(await testTemporal(), store);
  }

  private constructor(temporal: TemporalHandle, store?: Store) {
    this.temporal = temporal;
    this.#store = store;
    this.reader = new HistoryReader(temporal);
  }

  async startWorker(): Promise<RunningWorker> {
    const { bundle } = await sharedTemporal();
    const worker = await startWorker({
      temporal: this.temporal,
      config: { taskQueue: this.taskQueue, logLevel: 'fatal' } as never,
      store: {} as Store,
      hosts: {} as never,
      activities: this.#activities(),
      workflows: { workflowBundle: { codePath: bundle } },
    });
    this.#workers.push(worker);
    return worker;
  }

  /** As it was opened, for the next test; what still runs goes on. */
  clear(): void {
    for (const name of Object.keys(this.behaviours)) delete this.behaviours[name];
    this.executions.length = 0;
    this.changes.length = 0;
    this.mostTogether = 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.drain()));
    await this.temporal.close();
  }

  async start(plan: Plan): Promise<WorkflowHandle> {
    await startTask(this.temporal, this.taskQueue, plan, 'addObproxy');
    return this.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
  }

  async document(plan: Plan): Promise<WrappedTaskInstance> {
    const reading = await this.reader.read(taskWorkflowId(plan.taskId));
    if (reading === undefined) throw new Error(`no workflow of task ${plan.taskId}`);
    return taskDocument(reading.folded, reading.pending);
  }

  /** The document as soon as the task is in this status. */
  documentWhen(plan: Plan, status: WrappedTaskInstance['status']): Promise<WrappedTaskInstance> {
    return until(
      `task ${plan.taskId} ${status}`,
      async () => {
        const document = await this.document(plan);
        return document.status === status ? document : undefined;
      },
      30_000,
    );
  }

  subtaskWhen(
    plan: Plan,
    name: string,
    fits: (subtask: SubtaskInstance) => boolean,
  ): Promise<SubtaskInstance> {
    return until(
      `${name} of task ${plan.taskId}`,
      async () => {
        const subtask = (await this.document(plan)).subtasks.find((candidate) => candidate.name === name);
        return subtask !== undefined && fits(subtask) ? subtask : undefined;
      },
      30_000,
    );
  }

  #activities(): object {
    const run = async (input: SubtaskInput): Promise<SubtaskResult | null> => {
      const { info, cancellationSignal } = Context.current();
      const undo = input.operation === 'ROLLBACK';
      const name = undo ? `${input.name}.rollback` : input.name;
      this.executions.push(`${name}/${input.run}#${info.attempt}`);
      if (info.activityType !== name) throw new Error(`${info.activityType} was called for ${name}`);
      if (info.activityId !== activityId(input.subtaskId, input.run, undo))
        throw new Error('wrong activity id');
      this.#together += 1;
      this.mostTogether = Math.max(this.mostTogether, this.#together);
      try {
        if (input.conflict !== undefined) {
          throw new PermanentError({
            type: 'ContextConflict',
            tried: 'start',
            cameBack: input.conflict,
            next: 'Correct it.',
          });
        }
        return (await this.behaviours[name]?.(input, info.attempt, cancellationSignal)) ?? null;
      } finally {
        this.#together -= 1;
      }
    };
    const names = [
      ...'abcdefghijklmnopqrstuvwxyz',
      ...['Prepare', 'Install', 'Start', 'Wait', 'Finish'],
      ...ADD_OB_SERVER.map(({ name }) => name),
    ];
    return {
      ...Object.fromEntries(names.flatMap((name) => [name, `${name}.rollback`]).map((name) => [name, run])),
      applyTaskState: async (change: TaskStateChange) => {
        const { traceId: _forTheLog, ...state } = change;
        this.changes.push(state);
        await this.#store?.tasks.applyStateChange(change);
      },
    };
  }
}

/** Opens a bed with one worker for the tests of a file, clears it after each, and closes it behind them. */
export function sharedTaskBed(take: (bed: TaskBed) => void): void {
  let bed: TaskBed | undefined;
  beforeAll(async () => {
    bed = await TaskBed.open();
    await bed.startWorker();
    take(bed);
  });
  afterEach(() => bed?.clear());
  afterAll(() => bed?.close());
}
