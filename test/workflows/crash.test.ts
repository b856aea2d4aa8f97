import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot } from '../../runtime/paths';
import { CHAIN, planOf } from '../support/plans';
import { TaskBed, until } from '../support/tasks';
import { sharedTemporal } from '../support/temporal';

// Inside node_modules, so that the script finds the packages it leaves out.
const folder = path.join(repositoryRoot(), 'node_modules', '.cache', `obflow-crash-${process.pid}`);
const script = path.join(folder, 'worker.cjs');
const children: ChildProcess[] = [];
let bed: TaskBed;

beforeAll(async () => {
  bed = await TaskBed.open();
  await build({
    entryPoints: [path.join(__dirname, '..', 'support', 'crashingWorker.ts')],
    outfile: script,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await bed.close();
  rmSync(folder, { recursive: true, force: true });
});

async function workerProcess(): Promise<{ child: ChildProcess; lines: string[] }> {
  const { bundle, address } = await sharedTemporal();
  const child = spawn(process.execPath, [script, address, bed.temporal.namespace, bed.taskQueue, bundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  child.stdout?.on('data', (data: Buffer) => lines.push(...data.toString().trim().split('\n')));
  return { child, lines };
}

it('a task whose worker is killed in the middle of a subtask goes on by itself, in the same run', async () => {
  const plan = planOf(CHAIN);
  const workflow = await bed.start(plan);
  const first = await workerProcess();
  await until('b runs', () => first.lines.includes('b 1'));
  await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
  first.child.kill('SIGKILL');
  const killed = Date.now();
  const second = await workerProcess();
  await workflow.result();
  expect(Date.now() - killed).toBeLessThan(30_000);
  expect(first.lines).toEqual(['a 1', 'b 1']);
  expect(second.lines).toEqual(['b 2', 'c 1']);
  const document = await bed.document(plan);
  expect(document.status).toBe('SUCCESSFUL');
  expect(document.subtasks[1]).toMatchObject({ runTime: 1, attempt: 2, operation: 'EXECUTE' });
});
