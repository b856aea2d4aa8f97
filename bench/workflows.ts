import { proxyActivities } from '@temporalio/workflow';

export * from '../workflows/index';

const { noOp } = proxyActivities<{ noOp(input: unknown): Promise<null> }>({
  scheduleToCloseTimeout: '1 minute',
});

/** What the interpreter is compared with: the same number of no-op activities, one after the other. */
export async function bareChain(steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await noOp({ step });
}
