import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { createActivities } from '../../activities';
import type { ActivityDeps, Subtask } from '../../activities/types';
import { taskDocument } from '../../api/tasks/document/document';
import type { SubtaskInstance, WrappedTaskInstance } from '../../api/tasks/document/types';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import { startTask } from '../../api/tasks/temporal/starter';
import type { TemporalHandle } from '../../runtime/temporal';
import type { Store } from '../../store/types';
import { type RunningWorker, startWorker } from '../../worker/main';
import { type Chain, plannedNodes } from '../../workflows/chain';
import { taskWorkflowId } from '../../workflows/ids';
import { expansionSize } from '../../workflows/interpreter/expansion';
import type { Plan, TaskContext } from '../../workflows/plan';
import { emptyStore } from './store';
import { sharedTemporal, testTemporal } from './temporal';
import { until } from './until';

/** Subtasks of a test as the product runs them: a real worker, a real server, an inventory; no hosts. */
export class SubtaskBed {
  readonly temporal: TemporalHandle;
  readonly store: Store;
  readonly taskQueue = `test-${randomUUID()}`;
  readonly reader: HistoryReader;
  readonly #subtasks: readonly Subtask[];
  readonly #closeStore: () => Promise<void>;
  readonly #workers: RunningWorker[] = [];

  static async open(subtasks: readonly Subtask[]): Promise<SubtaskBed> {
    const { store, remove } = await emptyStore();
    return new SubtaskBed(await testTemporal(), store, remove, subtasks);
  }

  private constructor(
    temporal: TemporalHandle,
    store: Store,
    closeStore: () => Promise<void>,
    subtasks: readonly Subtask[],
  ) {
    this.temporal = temporal;
    this.store = store;
    this.#closeStore = closeStore;
    this.#subtasks = subtasks;
    this.reader = new HistoryReader(temporal);
  }

  /** @param slots how many activities it runs together */
  async startWorker(
    options: { readonly slots?: number; readonly startTask?: ActivityDeps['startTask'] } = {},
  ): Promise<RunningWorker> {
    const { bundle } = await sharedTemporal();
    const config = { taskQueue: this.taskQueue, logLevel: 'fatal' } as never;
    const { startTask: start, slots } = options;
    const deps: ActivityDeps = {
      ...{ config, store: this.store, hosts: {} as never },
      ...(start === undefined ? {} : { startTask: start }),
    };
    const worker = await startWorker({
      ...deps,
      temporal: this.temporal,
      activities: createActivities(deps, this.#subtasks),
      workflows: { workflowBundle: { codePath: bundle } },
      ...(slots === undefined ? {} : { activitySlots: slots }),
    });
    this.#workers.push(worker);
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.drain()));
    await this.temporal.close();
    await this.#closeStore();
  }

  async plan(chain: Chain, context: TaskContext = { stringMap: {}, listMap: {} }): Promise<Plan> {
    const nodes = plannedNodes(chain, context);
    const { subtasks } = expansionSize({ nodes, context });
    return {
      taskId: await this.store.sequences.next('task'),
      name: 'Test task',
      creator: { id: 100, name: 'admin' },
      executor: '192.0.2.1',
      createTime: '2021-09-03T16:25:08.004+08:00',
      traceId: randomUUID(),
      context,
      concurrency: 10,
      firstSubtaskId: await this.store.sequences.next('subtask', subtasks),
      nodes,
    };
  }

  /** Stores the task's row, takes its locks and starts it, as a request does. */
  async start(plan: Plan, locks: readonly string[] = []): Promise<WorkflowHandle> {
    await this.store.tasks.add({ plan, workflowType: 'addObproxy' });
    await this.store.locks.take(plan.taskId, locks, []);
    await startTask(this.temporal, this.taskQueue, plan, 'addObproxy');
    await this.store.tasks.markStarted(plan.taskId);
    return this.handle(plan.taskId);
  }

  handle(taskId: number): WorkflowHandle {
    return this.temporal.client.workflow.getHandle(taskWorkflowId(taskId));
  }

  async document(taskId: number): Promise<WrappedTaskInstance> {
    const reading = await this.reader.read(taskWorkflowId(taskId));
    if (reading === undefined) throw new Error(`no workflow of task ${taskId}`);
    return taskDocument(reading.folded, reading.pending);
  }

  documentWhen(
    taskId: number,
    what: string,
    fits: (document: WrappedTaskInstance) => boolean,
  ): Promise<WrappedTaskInstance> {
    return until(
      `task ${taskId} ${what}`,
      async () => {
        const document = await this.document(taskId).catch(() => undefined);
        return document !== undefined && fits(document) ? document : undefined;
      },
      40_000,
    );
  }

  async subtaskWhen(
    taskId: number,
    name: string,
    fits: (subtask: SubtaskInstance) => boolean,
  ): Promise<SubtaskInstance> {
    const of = ({ subtasks }: WrappedTaskInstance) => subtasks.find((one) => one.name === name);
    const document = await this.documentWhen(taskId, `with ${name} as awaited`, (found) => {
      const subtask = of(found);
      return subtask !== undefined && fits(subtask);
    });
    return of(document) as SubtaskInstance;
  }

  async events(taskId: number): Promise<number> {
    return (await this.handle(taskId).describe()).historyLength;
  }

  async log(taskId: number, subtaskId: number): Promise<string[]> {
    return (await this.store.tasks.readLog(taskId, subtaskId)).map(({ text }) => text);
  }
}
