/** Many tasks open at once on one worker: what it costs the worker, Temporal and an operator who retries one. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTask } from '../api/tasks/temporal/starter';
import { startDevServer } from '../runtime/devServer';
import { connectTemporal } from '../runtime/temporal';
import { startObflow } from '../sandbox/stack/process';
import { taskWorkflowId } from '../workflows/ids';
import { TASK_UPDATES } from '../workflows/messages';
import { median, residentMiB, timed } from './measure';
import { installPlan } from './scaleTasks';

const TOGETHER = 20;
const RETRIES = 30;

/**
 * Starts `count` tasks that fail at their first subtask (their hosts are not in the inventory) and so wait for a person:
 * open workflows in the worker's cache. Prints a line for each thing measured.
 */
export async function benchOpen(count: number, say: (text: string) => void): Promise<void> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'obflow-scale-'));
  const server = await startDevServer({ dataDir, port: 0, uiPort: 0, persistent: true });
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: server.address,
    OBFLOW_DATA_DIR: dataDir,
    OBFLOW_LOG_LEVEL: 'error',
  };
  const worker = startObflow(['worker'], env, path.join(dataDir, 'worker.log'));
  const temporal = await connectTemporal({ address: server.address });
  try {
    await worker.line(/^ready/);
    const idle = residentMiB(worker.pid);
    const waiting = async () => (await temporal.client.workflow.count('NeedsOperator = true')).count;
    const filling = await timed(async () => {
      let next = 1;
      await Promise.all(
        Array.from({ length: TOGETHER }, async () => {
          while (next <= count) {
            const plan = installPlan(next);
            next += 1;
            await startTask(temporal, 'obflow', plan, 'addObproxy');
          }
        }),
      );
      while ((await waiting()) < count) await delay(200);
    });
    say(`${count} tasks started and waiting for a person after ${(filling / 1000).toFixed(1)} s`);
    const full = residentMiB(worker.pid);
    say(
      `worker ${idle.toFixed(0)} MiB idle, ${full.toFixed(0)} MiB with ${count} open: ${(((full - idle) * 1024) / count).toFixed(0)} KiB a task`,
    );
    const { historyLength, historySize } = await temporal.client.workflow
      .getHandle(taskWorkflowId(1))
      .describe();
    say(`history of one: ${historyLength} events, ${historySize} bytes`);
    const times: number[] = [];
    for (let number = 1; number <= RETRIES; number += 1) {
      const handle = temporal.client.workflow.getHandle(
        taskWorkflowId(Math.ceil((number * count) / RETRIES)),
      );
      times.push(
        await timed(() => handle.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{ who: 'bench' }] })),
      );
    }
    say(
      `retry of one of them, until the workflow has obeyed: p50 ${median(times).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms`,
    );
  } finally {
    await temporal.close();
    await worker.stop();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}
