/**
 * A worker in a process of its own, to be killed: address, namespace, queue and bundle are its arguments. Subtask b
 * hangs in its first attempt, heartbeating; what it did is told on stdout, `b 1` = attempt 1 began.
 */
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { connectTemporal } from '../../runtime/temporal';
import { startWorker } from '../../worker/main';
import type { SubtaskInput } from '../../workflows/plan';

async function main(): Promise<void> {
  const [address = '', namespace = '', taskQueue = '', codePath = ''] = process.argv.slice(2);
  const shared = await connectTemporal({ address });
  const run = async ({ name }: SubtaskInput): Promise<null> => {
    const context = Context.current();
    console.log(`${name} ${context.info.attempt}`);
    if (name !== 'b' || context.info.attempt > 1) return null;
    setInterval(() => context.heartbeat(), 200);
    return context.cancelled;
  };
  await startWorker({
    temporal: { ...shared, namespace, client: new Client({ connection: shared.connection, namespace }) },
    config: { taskQueue, logLevel: 'silent' } as never,
    store: {} as never,
    hosts: {} as never,
    activities: { a: run, b: run, c: run, applyTaskState: async () => undefined },
    workflows: { workflowBundle: { codePath } },
  });
}

void main();
