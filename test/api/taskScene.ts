import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openStore } from '../../store';
import type { Store } from '../../store/types';
import type { Plan } from '../../workflows/plan';
import { type Edges, type PlanOptions, planOf } from '../support/plans';
import { CHEAP_PASSWORDS } from '../support/store';
import { TaskBed } from '../support/tasks';
import { until } from '../support/until';
import { type Json, startTestApi, type TestApi } from './harness';

/** Tasks of fake activities behind the API: real Temporal, real worker, any number of API processes. */
export class TaskScene {
  readonly bed: TaskBed;
  readonly store: Store;
  readonly api: TestApi;
  readonly #dataDir: string;
  readonly #reconciler: { stop(): Promise<void> };
  readonly #others: TestApi[] = [];

  static async open(options: { worker?: boolean } = {}): Promise<TaskScene> {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'obflow-scene-'));
    const store = await openStore({
      databaseUrl: `file:${path.join(dataDir, 'obflow.db')}`,
      masterKeyFile: path.join(dataDir, 'master.key'),
      passwordCost: CHEAP_PASSWORDS,
    });
    const bed = await TaskBed.open(store);
    if (options.worker !== false) await bed.startWorker();
    const api = await startTestApi({ dataDir, temporal: bed.temporal, taskQueue: bed.taskQueue });
    return new TaskScene(dataDir, store, bed, api);
  }

  private constructor(dataDir: string, store: Store, bed: TaskBed, api: TestApi) {
    this.#dataDir = dataDir;
    this.store = store;
    this.bed = bed;
    this.api = api;
    this.#reconciler = api.tasks.startReconciler();
  }

  /** Another API process on the same database and Temporal. */
  async anotherApi(): Promise<TestApi> {
    const { temporal, taskQueue } = this.bed;
    const api = await startTestApi({ dataDir: this.#dataDir, temporal, taskQueue });
    this.#others.push(api);
    return api;
  }

  async close(): Promise<void> {
    await this.#reconciler.stop();
    for (const api of [...this.#others, this.api]) await api.stop();
    await this.bed.close();
    await this.store.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** Stored, locked and started as an operation does it. */
  async submit(edges: Edges, options: PlanOptions = {}): Promise<Plan> {
    const plan = { ...planOf(edges, options), createTime: new Date().toISOString() };
    await this.store.tasks.add({ plan, workflowType: 'addObproxy' });
    await this.store.locks.take(plan.taskId, [`host:${plan.taskId}`], [plan.taskId]);
    await this.api.tasks.start(plan, 'addObproxy');
    return plan;
  }

  path(plan: Plan, rest = ''): string {
    return `/api/v2/tasks/instances/${plan.taskId}${rest}`;
  }

  /** The document over HTTP as soon as it fits. */
  when(plan: Plan, what: string, fits: (document: Json) => boolean): Promise<Json> {
    return until(`task ${plan.taskId} ${what}`, async () => {
      const { body } = await this.api.send('GET', this.path(plan));
      return fits(body.data) ? body.data : undefined;
    });
  }

  whenStatus(plan: Plan, status: string): Promise<Json> {
    return this.when(plan, status, (document) => document.status === status);
  }
}
