import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { addTaskCommands } from '../../cli/task/command';
import { openStore } from '../../store';
import type { Store } from '../../store/types';
import type { Plan } from '../../workflows/plan';
import { PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { type Edges, type PlanOptions, planOf } from '../support/plans';
import { CHEAP_PASSWORDS } from '../support/store';
import { TaskBed } from '../support/tasks';

/** What one `obflow task …` left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real API, Temporal and worker whose activities are fakes, and the command as a person types it. */
export class TaskScene {
  readonly bed: TaskBed;
  readonly api: TestApi;
  readonly #store: Store;
  readonly #dataDir: string;
  readonly #reconciler: { stop(): Promise<void> };

  static async open(): Promise<TaskScene> {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'obflow-task-'));
    const store = await openStore({
      databaseUrl: `file:${path.join(dataDir, 'obflow.db')}`,
      masterKeyFile: path.join(dataDir, 'master.key'),
      passwordCost: CHEAP_PASSWORDS,
    });
    const bed = await TaskBed.open(store);
    const { temporal, taskQueue } = bed;
    const api = await startTestApi({ temporal, taskQueue, dataDir });
    await bed.startWorker();
    return new TaskScene(bed, api, store, dataDir);
  }

  private constructor(bed: TaskBed, api: TestApi, store: Store, dataDir: string) {
    this.bed = bed;
    this.api = api;
    this.#store = store;
    this.#dataDir = dataDir;
    this.#reconciler = api.tasks.startReconciler();
  }

  async close(): Promise<void> {
    await this.#reconciler.stop();
    await this.bed.close();
    await this.#store.close();
    await this.api.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** Stored, locked and started as an operation does it. */
  async submit(edges: Edges, options: PlanOptions & { change?: (plan: Plan) => Plan } = {}): Promise<Plan> {
    const draft = { ...planOf(edges, options), createTime: new Date().toISOString() };
    const plan = options.change?.(draft) ?? draft;
    await this.api.store.tasks.add({ plan, workflowType: 'addObproxy' });
    await this.api.store.locks.take(plan.taskId, [`host:${plan.taskId}`], [plan.taskId]);
    await this.api.tasks.start(plan, 'addObproxy');
    return plan;
  }

  /** Where the API is and who asks. */
  get env(): NodeJS.ProcessEnv {
    return { OBFLOW_URL: this.api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD };
  }

  /** What the command that runs now has printed so far, or the last one has. */
  get printed(): string {
    return printed.stdout + printed.stderr;
  }

  /** Runs `obflow task …` inside this process, with stdout no terminal. */
  async task(...args: (string | number)[]): Promise<Outcome> {
    return runTask(args.map(String), this.env);
  }
}

let printed = { stdout: '', stderr: '' };

/** `obflow task …` inside this process. */
export function runTask(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return runCommand(addTaskCommands, ['task', ...args], env);
}

/** A command inside this process; one at a time, because it has one stdout. */
export async function runCommand(
  add: (program: Command) => void,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Outcome> {
  printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += String(chunk);
      return true;
    }),
  );
  // The process is shared by test files, each with a module, and so a listener, of its own.
  const listening = process.stdout.listeners('error');
  // The threads of Temporal workers in this process listen on it, too, a dozen of them in some orders of files.
  const most = process.stdout.getMaxListeners();
  process.stdout.setMaxListeners(1_000);
  const before = { ...process.env };
  const exitCode = process.exitCode;
  Object.assign(process.env, env);
  process.exitCode = 0;
  try {
    const program = new Command('obflow').exitOverride();
    add(program);
    await program.parseAsync(args, { from: 'user' });
    return { ...printed, code: Number(process.exitCode) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ...printed, code: error.exitCode === 0 ? 0 : 2 };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const listener of process.stdout.listeners('error') as (() => void)[]) {
      if (!listening.includes(listener)) process.stdout.off('error', listener);
    }
    process.stdout.setMaxListeners(most);
    process.exitCode = exitCode;
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
