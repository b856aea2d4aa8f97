import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { startDevServer } from '../runtime/devServer';
import { repositoryRoot } from '../runtime/paths';
import { connectTemporal, prepareNamespace, type TemporalHandle } from '../runtime/temporal';
import { taskWorkflowId } from '../workflows/ids';
import { temporalCpu } from './costs';
import { sizeOfManyHosts, timeOfManyHosts } from './manyHosts';
import { type BenchResult, result, timed } from './measure';
import { noOpPlan } from './plans';

const STEPS = 12;

/**
 * (a) a chain alone, (b) many at once and (h) one task of 50, 500 and 2 000 hosts: the interpreter against a bare
 * workflow of as many no-op activities; and what a plan of so many hosts weighs and costs.
 */
export async function benchEngine(rounds: number, mostHosts: number): Promise<BenchResult[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-bench-'));
  const server = await startDevServer({ dataDir, port: 0, uiPort: 0, persistent: true });
  const temporal = await connectTemporal({ address: server.address });
  await prepareNamespace(temporal);
  // As the product's connection to a Temporal beside it.
  const connection = await NativeConnection.connect({
    address: server.address,
    grpcCompression: { codec: 'none' },
  });
  const noOp = async () => null;
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: 'bench',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: path.join(repositoryRoot(), 'dist/bench/workflows.js'),
    }),
    activities: { noOp, applyTaskState: noOp },
    maxCachedWorkflows: 1000,
  });
  const running = worker.run();
  try {
    return [
      await alone(temporal, rounds),
      await together(temporal, rounds),
      ...(await floor(temporal, rounds, dataDir)),
      ...(await timeOfManyHosts(temporal, rounds, mostHosts)),
      ...sizeOfManyHosts(mostHosts),
    ];
  } finally {
    worker.shutdown();
    await running;
    await connection.close();
    await temporal.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function alone(temporal: TemporalHandle, rounds: number): Promise<BenchResult> {
  await planned(temporal);
  await bare(temporal);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours: number[] = [];
    const theirs: number[] = [];
    // In turn, so that a slow moment of the machine meets both.
    for (let i = 0; i < 8; i++) {
      theirs.push(await timed(() => bare(temporal)));
      ours.push(await timed(() => planned(temporal)));
    }
    ratios.push(sum(ours) / sum(theirs));
  }
  return result('(a) 12-step chain alone: runPlan / bare workflow, time', 'ratio', ratios, '<= 1.15');
}

async function together(temporal: TemporalHandle, rounds: number): Promise<BenchResult> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const theirs = await timed(() => many(100, 20, () => bare(temporal)));
    const ours = await timed(() => many(100, 20, () => planned(temporal)));
    ratios.push(theirs / ours);
  }
  return result('(b) 100 chains, 20 at once: runPlan / bare, throughput', 'ratio', ratios, '>= 0.85');
}

const FLOOR_CHAINS = 64;

/**
 * What no orchestrator on Temporal can go below: CPU-seconds of a bare workflow of as many no-op activities as an installation
 * has subtasks, sixteen at once, as a part of (m)'s control plane. This process is its worker and its client.
 */
async function floor(temporal: TemporalHandle, rounds: number, dataDir: string): Promise<BenchResult[]> {
  const server: number[] = [];
  const worker: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [serverBefore, workerBefore] = [temporalCpu(dataDir), process.cpuUsage()];
    await many(FLOOR_CHAINS, 16, () => bare(temporal));
    const { user, system } = process.cpuUsage(workerBefore);
    server.push((temporalCpu(dataDir) - serverBefore) / FLOOR_CHAINS);
    worker.push((user + system) / 1e6 / FLOOR_CHAINS);
  }
  return [
    result("(m) bare workflow of 12 no-op activities: Temporal's server", 'CPU-s', server, '-'),
    result('(m) bare workflow of 12 no-op activities: SDK worker and client', 'CPU-s', worker, '-'),
  ];
}

let next = 1;

function bare(temporal: TemporalHandle): Promise<unknown> {
  return temporal.client.workflow.execute('bareChain', {
    taskQueue: 'bench',
    workflowId: `bare-${next++}`,
    args: [STEPS],
  });
}

function planned(temporal: TemporalHandle): Promise<unknown> {
  const plan = noOpPlan(next++, STEPS);
  return temporal.client.workflow.execute('addObproxy', {
    taskQueue: 'bench',
    workflowId: taskWorkflowId(plan.taskId),
    args: [plan],
  });
}

async function many(count: number, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await work();
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
