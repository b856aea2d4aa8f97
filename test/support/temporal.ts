import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { connectTemporal, prepareNamespace, type TemporalHandle } from '../../runtime/temporal';
import type { SharedTemporal } from './globalSetup';

const DAY = 86_400;

/** Addresses of the run's Temporal dev server and its workflow bundle; the first caller waits for the start (about 2 s). */
export async function sharedTemporal(): Promise<SharedTemporal> {
  const response = await fetch(process.env.TEST_SERVERS ?? '');
  if (!response.ok) throw new Error(`The shared Temporal dev server did not start: ${await response.text()}`);
  return (await response.json()) as SharedTemporal;
}

/**
 * A connection to the shared server with a namespace of its own (100 ms), so that task ids of different tests
 * cannot meet. The caller closes it.
 */
export async function testTemporal(): Promise<TemporalHandle> {
  const shared = await connectTemporal({ address: (await sharedTemporal()).address });
  const namespace = `test-${randomUUID()}`;
  await shared.connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: DAY as never },
  });
  const handle = {
    ...shared,
    namespace,
    client: new Client({ connection: shared.connection, namespace }),
  };
  await prepareNamespace(handle);
  return handle;
}
